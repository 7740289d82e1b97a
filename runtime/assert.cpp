#include <wring/runtime/assert.hpp>

#include <cstdio>
#include <cstdlib>

namespace wring::detail {

void assertionFailed(const char* condition, const char* message, const char* file,
                     int line) noexcept {
    std::fprintf(stderr, "wring: %s (%s) at %s:%d\n", message, condition, file, line);
    std::abort();
}

}  // namespace wring::detail
