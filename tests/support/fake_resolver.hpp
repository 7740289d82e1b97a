#pragma once

#include <wring/deferred/event.hpp>
#include <wring/net/errors.hpp>
#include <wring/net/name_resolver.hpp>
#include <wring/runtime/outcome.hpp>

#include <sys/socket.h>
#include <optional>

namespace wring::testing {

/// A resolver whose answer the test decides, at once or when `go` is set.
class FakeResolver final : public IHostnameResolver {
 public:
    explicit FakeResolver(std::vector<std::string> literals = {}) : hosts(std::move(literals)) {
        go.set();
    }

    Task<std::vector<Address>> resolveHostName(std::string host, std::uint16_t port,
                                               int family) override {
        asked.push_back(host + (family == AF_INET ? " 4" : family == AF_INET6 ? " 6" : ""));
        auto waited = co_await outcome(go.wait());
        if (!waited) {
            ++cancelled;
            co_return waited.error();
        }
        if (failure) co_return *failure;
        std::vector<Address> found;
        for (const std::string& each : hosts) found.push_back(*Address::parse(each, port));
        co_return found;
    }

    std::vector<std::string> hosts;
    std::optional<Failure> failure;
    Event go;
    std::vector<std::string> asked;
    int cancelled = 0;
};

/// Installs such a resolver and gives it.
inline std::shared_ptr<FakeResolver> fakeNames(Reactor& reactor,
                                               std::vector<std::string> literals = {}) {
    auto resolver = std::make_shared<FakeResolver>(std::move(literals));
    installNameResolver(reactor, resolver);
    return resolver;
}

}  // namespace wring::testing
