#pragma once

#include <wring/endpoints/reactor_ssl.hpp>
#include <wring/endpoints/reactor_tcp.hpp>
#include <wring/endpoints/reactor_unix.hpp>
#include <wring/endpoints/service.hpp>
#include <wring/net/listen_udp.hpp>
#include <wring/net/unix_datagram.hpp>

#include <utility>

namespace wring {

namespace detail {

/// What every service of this kind is: it opens something and, by what that gives, closes it.
class WRING_API OpeningService : public Service {
 public:
    using Close = UniqueFunction<Deferred<>()>;
    using Open = UniqueFunction<Close()>;

    OpeningService(Open open, bool isPort);
    ~OpeningService() override;
    void privilegedStartService() override;
    void startService() override;
    Deferred<> stopService() override;

 private:
    void openUnlessOpen();

    Open open_;
    Close close_;
    bool isPort_;
};

/// How `port` is closed, and a connector.
template <class Port>
OpeningService::Close closing(Ref<Port> port) {
    return [port = std::move(port)] { return port->stopListening(); };
}
WRING_API OpeningService::Close closing(Ref<IConnector> connector);

struct ListenTCP {
    static constexpr bool isPort = true;
    static auto open(auto&&... args) { return listenTCP(args...); }
};
struct ListenSSL {
    static constexpr bool isPort = true;
    static auto open(auto&&... args) { return listenSSL(args...); }
};
struct ListenUNIX {
    static constexpr bool isPort = true;
    static auto open(auto&&... args) { return listenUNIX(args...); }
};
struct ListenUDP {
    static constexpr bool isPort = true;
    static auto open(auto&&... args) { return listenUDP(args...); }
};
struct ListenUNIXDatagram {
    static constexpr bool isPort = true;
    static auto open(auto&&... args) { return listenUNIXDatagram(args...); }
};
struct ConnectTCP {
    static constexpr bool isPort = false;
    static auto open(auto&&... args) { return connectTCP(args...); }
};
struct ConnectSSL {
    static constexpr bool isPort = false;
    static auto open(auto&&... args) { return connectSSL(args...); }
};
struct ConnectUNIX {
    static constexpr bool isPort = false;
    static auto open(auto&&... args) { return connectUNIX(args...); }
};
struct ConnectUNIXDatagram {
    static constexpr bool isPort = false;
    static auto open(auto&&... args) { return connectUNIXDatagram(args...); }
};

}  // namespace detail

/// Calls one of the reactor's functions with always the same arguments: a port listens from the
/// privileged start on, or else from startService(), a connector connects in startService(). A stop
/// ends that: fires when the port or the datagram socket has stopped, at once for a connector,
/// which disconnects; what was accepted goes on. It may be started again.
///
/// Errors    a start throws what the function does.
/// Lifetime  destroyed, it closes what it has opened.
/// Source    Twisted: application.internet.
template <class Function>
class ReactorService final : public detail::OpeningService {
 public:
    /// For `function(reactor, args…)`.
    template <class... Args>
    explicit ReactorService(Reactor& reactor, Args... args)
        : OpeningService(
              [&reactor, ... args = std::move(args)] {
                  return detail::closing(Function::open(reactor, args...));
              },
              Function::isPort) {}
};

/// Those of the functions of these names: listenTCP() and so on.
using TCPServer = ReactorService<detail::ListenTCP>;
using SSLServer = ReactorService<detail::ListenSSL>;
using UNIXServer = ReactorService<detail::ListenUNIX>;
using UDPServer = ReactorService<detail::ListenUDP>;
using UNIXDatagramServer = ReactorService<detail::ListenUNIXDatagram>;
/// For a protocol whose startProtocol() joins groups: any UDP socket can. Its options say whether
/// others may share the port.
using MulticastServer = UDPServer;
/// connectTCP() and so on. A ClientService keeps a connection alive.
using TCPClient = ReactorService<detail::ConnectTCP>;
using SSLClient = ReactorService<detail::ConnectSSL>;
using UNIXClient = ReactorService<detail::ConnectUNIX>;
using UNIXDatagramClient = ReactorService<detail::ConnectUNIXDatagram>;

}  // namespace wring
