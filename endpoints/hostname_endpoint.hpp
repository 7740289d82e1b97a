#pragma once

#include <wring/endpoints/tcp_endpoints.hpp>
#include <wring/net/happy_eyeballs.hpp>

namespace wring {

/// Connects over TCP to the first of a host's addresses, of either family, that answers: see
/// connectFastest(). The time-out is over everything, the look-up of the name included.
///
/// Errors    as any connecting endpoint; InvalidHostnameError for a text that is no name, by
///           connect() and not before. A local address limits the attempts to its own family.
/// Source    RFC 8305. Twisted: HostnameEndpoint, whose attempts have a time-out each.
class WRING_API HostnameEndpoint final : public IStreamClientEndpoint {
 public:
    HostnameEndpoint(Reactor& reactor, ConnectOptions options,
                     Duration attemptDelay = std::chrono::milliseconds(250));
    Deferred<Ref<IProtocol>> connect(Ref<IFactory> factory) override;
    Deferred<Stream> connectStream() override;

 private:
    Task<Socket> socket() const;
    static Task<Socket> attempt(Reactor& reactor, ConnectOptions options, Duration attemptDelay);

    Reactor& reactor_;
    ConnectOptions options_;
    Duration attemptDelay_;
};

}  // namespace wring
