#include <wring/endpoints/detail/backlog.hpp>

#include <wring/endpoints/arguments.hpp>
#include <wring/runtime/log.hpp>

#include <fstream>
#include <limits>

namespace wring::detail {

int backlogFrom(const Arguments& arguments) {
    constexpr std::int64_t backlogDefault = 50;
    constexpr std::int64_t most = std::numeric_limits<int>::max();

    std::int64_t backlog = arguments.integer("backlog", 0, most, backlogDefault);
    std::int64_t allowed = most;
    std::ifstream("/proc/sys/net/core/somaxconn") >> allowed;
    if (allowed > 0 && backlog > allowed) {
        log(LogLevel::warning, "endpoint: backlog " + std::to_string(backlog) +
                                   " is more than net.core.somaxconn, using " +
                                   std::to_string(allowed));
        backlog = allowed;
    }
    return static_cast<int>(backlog);
}

}  // namespace wring::detail
