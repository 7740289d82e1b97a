#pragma once

#include <wring/endpoints/interfaces.hpp>
#include <wring/net/connector.hpp>

#include <optional>

namespace wring {

namespace detail {

/// Makes a connector for a factory, which has begun to connect.
using ConnectBy = UniqueFunction<Ref<IConnector>(Ref<ClientFactory>)>;

/// Connects `protocol` by the connector that `connect` makes.
WRING_API Deferred<Ref<IProtocol>> connectInstance(Reactor& reactor, Ref<IProtocol> protocol,
                                                   ConnectBy connect);

/// The functions of the reactor with what does not vary.
WRING_API ConnectBy byTCP(Reactor& reactor, std::string host, std::uint16_t port, Duration timeout,
                          std::optional<Address> bindAddress);
WRING_API ConnectBy byUNIX(Reactor& reactor, std::string path, Duration timeout, bool checkPID);
WRING_API ConnectBy bySSL(Reactor& reactor, std::string host, std::uint16_t port,
                          Ref<TLSContext> context, Duration timeout,
                          std::optional<Address> bindAddress);

}  // namespace detail

/// Connects a P of its own each time, without a factory to be written.
///
/// The protocol is given in the turn after its connectionMade(), so that data may have come before.
/// Errors    what the connector's attempt fails with.
/// Cancel    fails with CancelledError and disconnects, until the protocol is given.
/// Source    Twisted: protocol.ClientCreator. An endpoint and connectProtocol() do the same, and
///           give the protocol at once.
template <std::derived_from<IProtocol> P>
class ClientCreator {
 public:
    /// Its protocols are P(args…).
    template <class... Args>
    explicit ClientCreator(Reactor& reactor, Args... args)
        : reactor_(reactor), make_([... args = std::move(args)] { return makeRef<P>(args...); }) {}

    /// As the functions of these names.
    Deferred<Ref<P>> connectTCP(std::string host, std::uint16_t port,
                                Duration timeout = std::chrono::seconds(30),
                                std::optional<Address> bindAddress = {}) {
        return connect(detail::byTCP(reactor_, std::move(host), port, timeout, bindAddress));
    }
    Deferred<Ref<P>> connectUNIX(std::string path, Duration timeout = std::chrono::seconds(30),
                                 bool checkPID = false) {
        return connect(detail::byUNIX(reactor_, std::move(path), timeout, checkPID));
    }
    Deferred<Ref<P>> connectSSL(std::string host, std::uint16_t port, Ref<TLSContext> context,
                                Duration timeout = std::chrono::seconds(30),
                                std::optional<Address> bindAddress = {}) {
        return connect(detail::bySSL(reactor_, std::move(host), port, std::move(context), timeout,
                                     bindAddress));
    }

 private:
    Deferred<Ref<P>> connect(detail::ConnectBy by) {
        Ref<P> protocol = make_();
        return detail::connectInstance(reactor_, protocol, std::move(by))
            .addCallback([protocol](const Ref<IProtocol>&) { return protocol; });
    }

    Reactor& reactor_;
    UniqueFunction<Ref<P>()> make_;
};

}  // namespace wring
