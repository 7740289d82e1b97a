#pragma once

#include <wring/net/wrapping_factory.hpp>
#include <wring/tests/support/streams.hpp>
#include <wring/tests/support/string_transport.hpp>

#include <string>
#include <string_view>

namespace wring::testing {

/// A connection to a transport that records, served by what `factory` builds: Recorders of `kept`.
/// Lost at the latest by the destructor.
class WrappedConnection {
 public:
    WrappedConnection(IFactory& factory, Record& kept, const char* host = "192.168.1.1")
        : protocol_(factory.buildProtocol(*Address::parse(host, 1000))) {
        if (!protocol_) return;
        transport_ = makeRef<StringTransport>();
        protocol_->makeConnection(transport_);
        inner_ = Ref<Recorder>(kept.protocol);
    }
    WrappedConnection(const WrappedConnection&) = delete;
    WrappedConnection& operator=(const WrappedConnection&) = delete;
    ~WrappedConnection() { lose(); }

    /// Whether the factory served it.
    explicit operator bool() const noexcept { return static_cast<bool>(protocol_); }
    void receive(std::string_view text) { protocol_->dataReceived(asBytes(text)); }
    void lose(const Failure& reason = Failure::of<ConnectionDone>()) {
        Ref<IProtocol> protocol = std::move(protocol_);
        if (!protocol) return;
        transport_->disconnect();
        protocol->connectionLost(reason);
        protocol->lost().set();
    }

    StringTransport& outside() const noexcept { return *transport_; }
    /// The wrapped protocol, and what it takes for its transport.
    Recorder& inner() const noexcept { return *inner_; }
    ITransport& inside() const noexcept { return inner_->transport(); }
    const Ref<IProtocol>& protocol() const noexcept { return protocol_; }

 private:
    Ref<IProtocol> protocol_;
    Ref<StringTransport> transport_;
    Ref<Recorder> inner_;
};

/// Counts what a transport asks of it.
struct CountingProducer final : IProducer {
    void pauseProducing() override { ++paused; }
    void resumeProducing() override { ++resumed; }
    void stopProducing() override { ++stopped; }
    int paused = 0;
    int resumed = 0;
    int stopped = 0;
};

}  // namespace wring::testing
