#include <wring/deferred/functions.hpp>

#include <wring/runtime/log.hpp>

namespace wring {

Failure logError(Failure failure) {
    log(LogLevel::error, failure.className() + ": " + failure.getErrorMessage());
    return failure;
}

}  // namespace wring
