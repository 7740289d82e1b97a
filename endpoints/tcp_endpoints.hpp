#pragma once

#include <wring/endpoints/interfaces.hpp>
#include <wring/endpoints/listening_port.hpp>

#include <optional>
#include <string>

namespace wring {

/// Listens on a TCP port, of IPv4 or IPv6 as the address says.
///
/// Source    Twisted: TCP4ServerEndpoint, TCP6ServerEndpoint.
class WRING_API TCPServerEndpoint final : public IStreamServerEndpoint {
 public:
    TCPServerEndpoint(Reactor& reactor, ListenOptions options);
    Deferred<Ref<IListeningPort>> listen(Ref<IFactory> factory) override;

 private:
    Reactor& reactor_;
    ListenOptions options_;
};

/// Where and how to connect. Set by name on an object.
class WRING_API ConnectOptions {
 public:
    ConnectOptions(std::string hostText, std::uint16_t portNumber)
        : host(std::move(hostText)), port(portNumber) {}

    std::string host;                           ///< a literal address or a name
    std::uint16_t port;                         ///< 1 .. 65535
    Duration timeout = std::chrono::seconds(30);  ///< over resolution and connect together
    std::optional<Address> bindAddress;         ///< the local end, if it matters
};

/// Connects over TCP: a name is resolved to IPv4 addresses, of which the first is tried.
///
/// Source    Twisted: TCP4ClientEndpoint.
class WRING_API TCPClientEndpoint final : public IStreamClientEndpoint {
 public:
    TCPClientEndpoint(Reactor& reactor, ConnectOptions options);
    Deferred<Ref<IProtocol>> connect(Ref<IFactory> factory) override;
    Deferred<Stream> connectStream() override;

 private:
    Task<Socket> socket() const;
    static Task<Socket> attempt(Reactor& reactor, ConnectOptions options);

    Reactor& reactor_;
    ConnectOptions options_;
};

}  // namespace wring
