#include <wring/endpoints/listen_fds.hpp>

#include <wring/endpoints/detail/excerpt.hpp>
#include <wring/runtime/log.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace wring {

namespace {

constexpr const char* variables[] = {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES",
                                     "LISTEN_PIDFDID"};

// Digits and nothing else.
std::optional<int> readNumber(std::string_view text) noexcept {
    int number = 0;
    const char* end = text.data() + text.size();
    auto [stop, error] = std::from_chars(text.data(), end, number);
    bool isPlain = error == std::errc{} && stop == end && number >= 0 && text.front() != '-';
    return isPlain ? std::optional<int>(number) : std::nullopt;
}

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> parts;
    for (;;) {
        std::size_t colon = text.find(':');
        parts.emplace_back(text.substr(0, colon));
        if (colon == text.npos) return parts;
        text.remove_prefix(colon + 1);
    }
}

ListenFDs none(const std::string& why) {
    log(LogLevel::warning, "inherited descriptors are ignored: " + why);
    return {};
}

bool isOpen(int fd) noexcept { return ::fcntl(fd, F_GETFD) >= 0; }

}  // namespace

ListenFDs ListenFDs::parse(const Environment& environment, int start) {
    if (!environment.pid || environment.pid != std::to_string(::getpid())) return {};
    if (!environment.count) return none("LISTEN_FDS is not set");
    std::optional<int> count = readNumber(environment.count);
    if (!count) return none("LISTEN_FDS is '" + detail::excerpt(environment.count) + "'");

    ListenFDs found;
    for (int fd = start; fd - start < *count; ++fd) {
        if (!isOpen(fd)) return none("descriptor " + std::to_string(fd) + " is not open");
        found.descriptors_.push_back(fd);
    }
    if (!environment.names || *count == 0) return found;
    found.names_ = split(environment.names);
    if (found.names_.size() == found.descriptors_.size()) return found;
    return none("LISTEN_FDNAMES has " + std::to_string(found.names_.size()) +
                " names, LISTEN_FDS says " + std::to_string(*count));
}

ListenFDs ListenFDs::fromEnvironment(int start) {
    Environment environment{::getenv(variables[0]), ::getenv(variables[1]), ::getenv(variables[2])};
    ListenFDs found = parse(environment, start);
    // Those of another process are its own business, and so are their variables.
    bool areOurs = environment.pid && environment.pid == std::to_string(::getpid());
    if (!areOurs) return found;
    for (const char* name : variables) ::unsetenv(name);
    for (int fd : found.descriptors_) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    return found;
}

const ListenFDs& ListenFDs::inherited() {
    static const ListenFDs found = fromEnvironment();
    return found;
}

std::map<std::string, int> ListenFDs::inheritedNamedDescriptors() const {
    std::map<std::string, int> named;
    for (std::size_t i = 0; i < names_.size(); ++i) named[names_[i]] = descriptors_[i];
    return named;
}

}  // namespace wring
