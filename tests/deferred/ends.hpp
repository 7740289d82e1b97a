#pragma once

#include <wring/deferred/deferred.hpp>
#include <wring/deferred/errors.hpp>

#include <string>

namespace wring::testing {

/// How a Deferred has ended: "none" if it has not, "value", the name of the failure's class, or the
/// text of a FirstError. Takes the result.
template <class T>
std::string endOf(Deferred<T>& deferred) {
    std::string end = "none";
    deferred.addErrback([&](const Failure& failure) -> Failure {
        end = failure.className();
        if (failure.check<FirstError>()) end = failure.getErrorMessage();
        return failure;
    });
    if (end == "none" && deferred.isReady()) end = "value";
    deferred.addBoth([](auto&&) {});
    return end;
}

}  // namespace wring::testing
