#include <wring/endpoints/detail/unix_parsers.hpp>

#include <wring/endpoints/arguments.hpp>
#include <wring/endpoints/detail/backlog.hpp>
#include <wring/endpoints/detail/excerpt.hpp>
#include <wring/endpoints/detail/unix_source.hpp>
#include <wring/endpoints/registry.hpp>
#include <wring/endpoints/unix_endpoints.hpp>
#include <wring/net/address.hpp>

#include <limits>

namespace wring::detail {

namespace {

// A path, or a NUL and the name of an abstract socket.
std::string pathFrom(const Arguments& arguments, std::string_view name) {
    std::string path = arguments.text(name);
    if (!isAbstract(path)) path = arguments.path(name);
    std::size_t bytes = path.size() - (isAbstract(path) ? 1 : 0);
    if (bytes > Address::pathBytesMax) {
        arguments.reject(name, "too long (" + std::to_string(bytes) + " > " +
                                   std::to_string(Address::pathBytesMax) + " bytes)");
    }
    if (bytes == 0) arguments.reject(name, "is empty");
    return path;
}

// Twisted's way to say yes: any whole number but 0.
bool lockFrom(const Arguments& arguments, std::string_view name, const std::string& path,
              bool otherwise) {
    constexpr std::int64_t most = std::numeric_limits<int>::max();
    bool wanted = arguments.integer(name, 0, most, otherwise) != 0;
    if (!isAbstract(path)) return wanted;
    if (wanted && arguments.has(name)) {
        arguments.reject(name, "cannot be had for an abstract name");
    }
    return false;
}

/// "unix:address:mode:backlog:lockfile".
class UnixServerParser final : public IStreamServerEndpointStringParser {
 public:
    std::string prefix() const override { return "unix"; }
    Ref<IStreamServerEndpoint> parseStreamServer(Reactor& reactor,
                                                 const Description& description) override {
        Arguments arguments(description, {"address", "mode", "backlog", "lockfile"});
        UNIXListenOptions options(pathFrom(arguments, "address"));
        options.mode = arguments.mode("mode", options.mode);
        options.backlog = backlogFrom(arguments);
        options.wantPID = lockFrom(arguments, "lockfile", options.path, true);
        return makeRef<UNIXServerEndpoint>(reactor, std::move(options));
    }
};

/// "unix:path:timeout=:lockfile="; older texts say checkPID for the last.
class UnixClientParser final : public IStreamClientEndpointStringParser {
 public:
    std::string prefix() const override { return "unix"; }
    Ref<IStreamClientEndpoint> parseStreamClient(Reactor& reactor,
                                                 const Description& description) override {
        Arguments arguments(description, {"path"}, {"timeout", "lockfile", "checkPID"});
        UNIXConnectOptions options(pathFrom(arguments, "path"));
        options.timeout = arguments.seconds("timeout", options.timeout);
        const char* check = arguments.has("checkPID") ? "checkPID" : "lockfile";
        if (arguments.has("checkPID") && arguments.has("lockfile")) {
            arguments.reject("checkPID", "and lockfile are two names for one argument");
        }
        options.checkPID = lockFrom(arguments, check, options.path, false);
        return makeRef<UNIXClientEndpoint>(reactor, std::move(options));
    }
};

}  // namespace

void addUnixParsers(EndpointRegistry& registry) {
    registry.add(std::make_unique<UnixServerParser>());
    registry.add(std::make_unique<UnixClientParser>());
}

}  // namespace wring::detail
