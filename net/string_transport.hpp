#pragma once

#include <wring/net/errors.hpp>
#include <wring/net/protocol.hpp>
#include <wring/net/transport.hpp>
#include <wring/runtime/assert.hpp>

#include <string>
#include <utility>

namespace wring::testing {

/// A transport that writes down what it is asked for and does nothing: for tests of protocols
/// without a connection. Hand it to makeConnection(), call dataReceived() and connectionLost().
///
/// Source    Twisted: StringTransport, StringTransportWithDisconnection.
class StringTransport : public ITransport {
 public:
    /// Whether the protocol wants to receive.
    enum class ProducerState { producing, paused };

    StringTransport() = default;
    /// One that has a reactor, borrowed, for protocols that ask for it.
    explicit StringTransport(Reactor& reactor) noexcept : reactor_(&reactor) {}
    /// One with addresses of its own, and perhaps a reactor.
    StringTransport(Address host, Address peer, Reactor* reactor = nullptr) noexcept
        : host_(std::move(host)), peer_(std::move(peer)), reactor_(reactor) {}

    /// The two ends of one that was given no others: 10.0.0.1:12345 and 192.168.1.1:54321.
    static Address usualHost() noexcept { return *Address::parse("10.0.0.1", 12345); }
    static Address usualPeer() noexcept { return *Address::parse("192.168.1.1", 54321); }

    /// What was written, since clear() or the beginning.
    const std::string& value() const noexcept { return written_; }
    /// Forgets what was written.
    void clear() { written_.clear(); }
    /// How many writes there were, a sequence counting as one.
    int writes() const noexcept { return writes_; }
    /// The producer that is registered, or null.
    IProducer* producer() const noexcept { return producer_; }
    /// Whether the producer was registered as a push producer.
    bool streaming() const noexcept { return isStreaming_; }
    /// What pauseProducing() and resumeProducing() have made of it.
    ProducerState producerState() const noexcept { return state_; }
    /// Whether abortConnection() was called.
    bool isAborted() const noexcept { return isAborted_; }
    /// Whether loseWriteConnection() was called.
    bool isWriteLost() const noexcept { return isWriteLost_; }
    /// As if the connection were gone: before the protocol's connectionLost().
    void disconnect() noexcept { isConnected_ = false; }

    using ITransport::write;
    void write(BytesView bytes) override {
        ++writes_;
        written_ += asText(bytes);
    }
    void writeSequence(std::span<const BytesView> parts) override {
        ++writes_;
        for (BytesView part : parts) written_ += asText(part);
    }
    void loseConnection() override { isDisconnecting_ = true; }
    void abortConnection() override {
        isAborted_ = true;
        loseConnection();
    }
    void loseWriteConnection() override { isWriteLost_ = true; }
    void registerProducer(IProducer& producer, bool streaming) override {
        if (producer_) throw UsageError(0, "registerProducer", "Cannot register two producers");
        producer_ = &producer;
        isStreaming_ = streaming;
    }
    void unregisterProducer() override {
        if (!producer_) throw UsageError(0, "unregisterProducer", "no producer is registered");
        producer_ = nullptr;
    }
    void pauseProducing() override { setState(ProducerState::paused); }
    void resumeProducing() override { setState(ProducerState::producing); }
    Address getPeer() const override { return peer_; }
    Address getHost() const override { return host_; }
    void setTcpNoDelay(bool on) override { isNoDelay_ = on; }
    bool getTcpNoDelay() const override { return isNoDelay_; }
    void setTcpKeepAlive(bool on) override { isKeepAlive_ = on; }
    bool getTcpKeepAlive() const override { return isKeepAlive_; }
    std::size_t queuedBytes() const override { return 0; }
    bool connected() const override { return isConnected_; }
    bool disconnecting() const override { return isDisconnecting_; }
    Reactor& reactor() const override {
        WRING_ASSERT(reactor_, "a StringTransport has no reactor");
        return *reactor_;
    }

 private:
    void setState(ProducerState state) {
        if (isDisconnecting_) throw UsageError(0, "producer", "the transport is disconnecting");
        state_ = state;
    }

    std::string written_;
    Address host_ = usualHost();
    Address peer_ = usualPeer();
    IProducer* producer_ = nullptr;
    Reactor* reactor_ = nullptr;
    ProducerState state_ = ProducerState::producing;
    int writes_ = 0;
    bool isStreaming_ = false;
    bool isConnected_ = true;
    bool isDisconnecting_ = false;
    bool isAborted_ = false;
    bool isWriteLost_ = false;
    bool isNoDelay_ = false;
    bool isKeepAlive_ = false;
};

}  // namespace wring::testing
