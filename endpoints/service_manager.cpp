#include <wring/endpoints/service_manager.hpp>

#include <wring/endpoints/detail/excerpt.hpp>
#include <wring/runtime/file_descriptor.hpp>
#include <wring/runtime/log.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace wring {

namespace {

constexpr const char* variables[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"};
constexpr std::size_t nameMax = sizeof(sockaddr_un{}.sun_path);

void warn(const std::string& what) { log(LogLevel::warning, "service manager: " + what); }

// A path or, after an @, a name of the abstract namespace; empty if it is neither.
std::string readSocket(const char* text) {
    if (!text || !*text) return {};
    std::string socket = text;
    bool isAbstract = socket[0] == '@';
    if ((isAbstract || socket[0] == '/') && socket.size() > 1 && socket.size() < nameMax) {
        if (isAbstract) socket[0] = '\0';
        return socket;
    }
    warn("NOTIFY_SOCKET is '" + detail::excerpt(text) + "'");
    return {};
}

Duration readInterval(const char* usec, const char* pid) {
    if (!usec || (pid && pid != std::to_string(::getpid()))) return {};
    std::int64_t limit = 0;
    const char* end = usec + std::strlen(usec);
    auto [stop, error] = std::from_chars(usec, end, limit);
    constexpr std::int64_t most = INT64_MAX / 1000;
    if (error == std::errc{} && stop == end && limit > 1 && limit <= most) {
        return std::chrono::microseconds(limit / 2);
    }
    warn("WATCHDOG_USEC is '" + detail::excerpt(usec) + "'");
    return {};
}

/// 0, or the errno.
int sendTo(const std::string& socket, std::string_view text) noexcept {
    FileDescriptor from(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (from.get() < 0) return errno;
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, socket.data(), socket.size());
    auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket.size());
    ssize_t sent = ::sendto(from.get(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                            reinterpret_cast<const sockaddr*>(&to), length);
    return sent < 0 ? errno : 0;
}

}  // namespace

ServiceManager ServiceManager::parse(const Environment& environment) {
    ServiceManager found;
    found.socket_ = readSocket(environment.socket);
    if (!found.exists()) return found;
    found.watchdogInterval_ = readInterval(environment.watchdogUsec, environment.watchdogPid);
    return found;
}

ServiceManager ServiceManager::fromEnvironment() {
    ServiceManager found =
        parse({::getenv(variables[0]), ::getenv(variables[1]), ::getenv(variables[2])});
    for (const char* name : variables) ::unsetenv(name);
    return found;
}

ServiceManager& ServiceManager::inherited() {
    static ServiceManager found = fromEnvironment();
    return found;
}

void ServiceManager::notify(std::string_view state) noexcept {
    if (!exists()) return;
    int error = sendTo(socket_, state);
    if (error == 0 || hasWarned_) return;
    hasWarned_ = true;
    try {
        warn("it cannot be told '" + std::string(state) + "': " + std::strerror(error));
    } catch (...) {
        return;  // no memory for a warning
    }
}

}  // namespace wring
