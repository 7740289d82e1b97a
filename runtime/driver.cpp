#include <wring/runtime/driver.hpp>

#include <wring/runtime/detail/kernel_driver.hpp>
#include <wring/runtime/error.hpp>
#include <wring/runtime/log.hpp>

#include <cstdlib>
#include <sstream>

namespace wring {

namespace {

[[noreturn]] void fail(const detail::DriverUnavailable& why) {
    throw DriverError(why.code, "create the driver", why.cause + "; " + why.cure);
}

std::vector<std::string> splitAtCommas(const char* text) {
    std::vector<std::string> parts;
    std::istringstream stream(text ? text : "");
    for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
    return parts;
}

}  // namespace

DriverKind driverKindFromString(const std::string& name) {
    if (name == "auto") return DriverKind::automatic;
    if (name == "uring") return DriverKind::uring;
    if (name == "epoll") return DriverKind::epoll;
    throw DriverError(0, "choose the driver",
                      "unknown reactor '" + name + "' (known: auto, uring, epoll)");
}

DriverOptions::DriverOptions() : disabled(splitAtCommas(std::getenv("WRING_DISABLE"))) {
    const char* chosen = std::getenv("WRING_REACTOR");
    kind = chosen && *chosen ? driverKindFromString(chosen) : DriverKind::automatic;
}
DriverOptions::DriverOptions(const DriverOptions&) = default;
DriverOptions& DriverOptions::operator=(const DriverOptions&) = default;
DriverOptions::~DriverOptions() = default;

void Driver::noteWoken() noexcept {
    std::int64_t present = now().time_since_epoch().count();
    __atomic_store_n(&wokenAt_, present, __ATOMIC_RELAXED);
}

std::unique_ptr<Driver> Driver::create(const DriverOptions& options) {
    if (options.bufferBytes == 0 || options.buffersInitial == 0 || options.buffersMax > 32768 ||
        options.buffersInitial > 32768) {
        throw DriverError(0, "create the driver",
                          "bufferBytes and buffersInitial must be at least 1, buffersInitial and "
                          "buffersMax at most 32768");
    }
    if (options.source) return options.source->makeDriver(options);
    try {
        if (options.kind == DriverKind::epoll) return detail::makeEpollDriver(options);
        return detail::makeUringDriver(options);
    } catch (const detail::DriverUnavailable& why) {
        if (options.kind != DriverKind::automatic || !why.isDenied) fail(why);
        log(LogLevel::warning, "driver: io_uring is not available (" + why.cause +
                                   "), falling back to epoll; " + why.cure);
    }
    try {
        return detail::makeEpollDriver(options);
    } catch (const detail::DriverUnavailable& why) {
        fail(why);
    }
}

}  // namespace wring
