#pragma once

#include <wring/runtime/error.hpp>
#include <wring/runtime/ref.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace wring {

/// A connector was told to stop connecting and was not. Twisted: error.NotConnectingError.
WRING_DECLARE_ERROR(NotConnectingError, UsageError);

/// Where a connection shall go, as it was asked for: a host, by name or number, and a port; or a
/// path, and no port.
class WRING_API Destination {
 public:
    explicit Destination(std::string host, std::uint16_t port = 0)
        : host_(std::move(host)), port_(port) {}

    /// The host, or the path.
    const std::string& host() const noexcept { return host_; }
    /// The port, 0 for a path.
    std::uint16_t port() const noexcept { return port_; }
    /// "example.com:80", or the path.
    std::string format() const;
    /// Compares both as they were given.
    bool operator==(const Destination&) const = default;

 private:
    std::string host_;
    std::uint16_t port_;
};

/// One connection of a client, which can be made again and again. Its ClientFactory is told of
/// each step.
///
/// connect(): the factory's doStart(), if it is not started, and startedConnecting(). Then either
/// clientConnectionFailed(); or buildProtocol(), the life of the protocol, clientConnectionLost().
/// At the end of both doStop(), unless the factory has called connect() meanwhile.
/// Lifetime  keeps its factory; is kept while it is connecting or connected. Who wants to connect
///           again keeps it, but not in the factory itself: neither would ever go.
/// Source    Twisted: IConnector.
class WRING_API IConnector : public RefCounted {
 public:
    /// Where it stands.
    enum class State : std::uint8_t { disconnected, connecting, connected };

    IConnector() noexcept;
    ~IConnector() override;

    /// Begins an attempt, of which nothing but startedConnecting() happens before this returns.
    /// Throws UsageError unless disconnected, and what the two calls of the factory throw; then it
    /// is disconnected.
    virtual void connect() = 0;
    /// Gives the attempt up; clientConnectionFailed(), with UserError, has been called when this
    /// returns. Throws NotConnectingError.
    virtual void stopConnecting() = 0;
    /// Stops connecting, or loses the connection in order, whichever applies.
    virtual void disconnect() = 0;
    /// Twisted: the attribute `state`.
    virtual State state() const noexcept = 0;
    /// As it was given.
    virtual const Destination& getDestination() const noexcept = 0;

 private:
    friend class ConnectorWatch;
    struct Link;
    Ref<Link> link_;
};

/// Refers to a connector without keeping it.
class WRING_API ConnectorWatch {
 public:
    ConnectorWatch() noexcept;
    explicit ConnectorWatch(IConnector& connector);
    ConnectorWatch(const ConnectorWatch&) noexcept;
    ConnectorWatch& operator=(const ConnectorWatch&) noexcept;
    ~ConnectorWatch();

    /// The connector; null if there is none, or none any more.
    IConnector* get() const noexcept;

 private:
    Ref<IConnector::Link> link_;
};

}  // namespace wring
