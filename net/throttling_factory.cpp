#include <wring/net/throttling_factory.hpp>

#include <wring/deferred/sleep.hpp>
#include <wring/runtime/assert.hpp>
#include <wring/runtime/log.hpp>

namespace wring {

/// The producer that a transport sees in place of the real one, to hold that back.
class ThrottlingFactory::Gate final : public IProducer {
 public:
    bool isTaken() const noexcept { return producer_ != nullptr; }
    void take(IProducer& producer, bool streaming) noexcept {
        producer_ = &producer;
        isStreaming_ = streaming;
        isPaused_ = isOwed_ = false;
    }
    void leave() noexcept { producer_ = nullptr; }

    void pauseProducing() override {
        isPaused_ = true;
        isOwed_ = false;
        if (producer_) producer_->pauseProducing();
    }
    void resumeProducing() override {
        isPaused_ = false;
        if (isHeldBack_) {
            isOwed_ = true;
        } else if (producer_) {
            producer_->resumeProducing();
        }
    }
    void stopProducing() override {
        if (IProducer* producer = std::exchange(producer_, nullptr)) producer->stopProducing();
    }

    void holdBack(bool on) {
        isHeldBack_ = on;
        if (!producer_) return;
        if (on) return pauseIfMayWrite();
        if (std::exchange(isOwed_, false)) producer_->resumeProducing();
    }
    void pauseIfMayWrite() {
        if (!isHeldBack_ || !producer_ || !isStreaming_ || isPaused_) return;
        isOwed_ = true;
        producer_->pauseProducing();
    }

 private:
    IProducer* producer_ = nullptr;
    bool isStreaming_ = false;
    bool isPaused_ = false;    // by the transport
    bool isHeldBack_ = false;  // by the factory
    bool isOwed_ = false;      // it may go on when it is not held back any more
};

/// A connection that counts its bytes.
class ThrottlingFactory::Throttled final : public ProtocolWrapper {
 public:
    Throttled(ThrottlingFactory& factory, Ref<IProtocol> wrapped)
        : ProtocolWrapper(factory, std::move(wrapped)), owner_(factory) {}

    void makeConnection(Ref<ITransport> made) override {
        areReadsHeldBack_ = owner_.reads_.isHeldBack;
        gate_.holdBack(owner_.writes_.isHeldBack);
        if (areReadsHeldBack_) made->pauseProducing();
        ProtocolWrapper::makeConnection(std::move(made));
    }
    void dataReceived(BytesView data) override {
        owner_.reads_.bytes += data.size();
        ProtocolWrapper::dataReceived(data);
    }
    using ProtocolWrapper::write;
    void write(BytesView bytes) override {
        owner_.writes_.bytes += bytes.size();
        ProtocolWrapper::write(bytes);
    }
    void writeSequence(std::span<const BytesView> parts) override {
        for (BytesView part : parts) owner_.writes_.bytes += part.size();
        ProtocolWrapper::writeSequence(parts);
    }
    void pauseProducing() override {
        isPaused_ = true;
        ProtocolWrapper::pauseProducing();
    }
    void resumeProducing() override {
        isPaused_ = false;
        if (!areReadsHeldBack_) ProtocolWrapper::resumeProducing();
    }
    // A second producer is refused by the transport, which has the gate already.
    void registerProducer(IProducer& producer, bool streaming) override {
        if (!gate_.isTaken()) gate_.take(producer, streaming);
        ProtocolWrapper::registerProducer(gate_, streaming);
        gate_.pauseIfMayWrite();
    }
    void unregisterProducer() override {
        gate_.leave();
        ProtocolWrapper::unregisterProducer();
    }

    void holdBackReads(bool on) {
        areReadsHeldBack_ = on;
        if (!connected() || disconnecting() || isPaused_) return;
        if (on) {
            transport().pauseProducing();
        } else {
            transport().resumeProducing();
        }
    }
    void holdBackWrites(bool on) { gate_.holdBack(on); }

 private:
    ThrottlingFactory& owner_;  // the wrapper keeps it
    Gate gate_;
    bool isPaused_ = false;  // by the protocol
    bool areReadsHeldBack_ = false;
};

ThrottlingFactory::ThrottlingFactory(Ref<IFactory> wrapped, ThrottleOptions options)
    : WrappingFactory(std::move(wrapped)), options_(options) {
    WRING_ASSERT(options.readLimit != 0u && options.writeLimit != 0u,
                 "a limit of a ThrottlingFactory is at least 1 byte a second");
    reads_.limit = options.readLimit;
    reads_.tell = &ThrottlingFactory::tellReaders;
    writes_.limit = options.writeLimit;
    writes_.tell = &ThrottlingFactory::tellWriters;
}

ThrottlingFactory::~ThrottlingFactory() {
    stop(reads_);
    stop(writes_);
}

Ref<IProtocol> ThrottlingFactory::buildProtocol(const Address& address) {
    if (connectionCount() >= options_.maxConnectionCount) {
        log(LogLevel::info, "throttling: Max connection count reached!");
        return nullptr;
    }
    Ref<IProtocol> protocol = WrappingFactory::buildProtocol(address);
    if (!protocol || connectionCount() > 1) return protocol;
    for (Direction* each : {&reads_, &writes_}) {
        if (each->limit) check(*each);
    }
    return protocol;
}

Ref<ProtocolWrapper> ThrottlingFactory::wrap(Ref<IProtocol> protocol) {
    return makeRef<Throttled>(*this, std::move(protocol));
}

void ThrottlingFactory::forgotten(ProtocolWrapper&) {
    if (connectionCount()) return;
    stop(reads_);
    stop(writes_);
}

void ThrottlingFactory::stop(Direction& direction) {
    for (Ref<IDelayedCall>* call : {&direction.check, &direction.release}) {
        if (*call && (*call)->active()) (*call)->cancel();
        *call = nullptr;
    }
    direction.bytes = 0;
    direction.isHeldBack = false;
}

IReactorTime& ThrottlingFactory::time() const {
    return options_.time ? *options_.time : detail::currentTime();
}

// Looks at the second that is over and begins the next one. The calls are stopped by the last
// connection, which keeps this.
void ThrottlingFactory::check(Direction& direction) {
    std::size_t limit = *direction.limit;
    std::size_t bytes = std::exchange(direction.bytes, 0);
    direction.check =
        time().callLater(std::chrono::seconds(1), [this, &direction] { check(direction); });
    if (bytes <= limit) return;
    std::chrono::duration<double> length(static_cast<double>(bytes) / static_cast<double>(limit) -
                                         1.0);
    release(direction, toDelay(length));
    holdBack(direction, true);
}

// What is held back for longer already stays so.
void ThrottlingFactory::release(Direction& direction, Duration delay) {
    if (direction.release && direction.release->active()) {
        if (direction.release->getTime() >= after(time().now(), delay)) return;
        direction.release->cancel();
    }
    direction.release = time().callLater(delay, [this, &direction] { holdBack(direction, false); });
}

void ThrottlingFactory::holdBack(Direction& direction, bool holdBack) {
    if (std::exchange(direction.isHeldBack, holdBack) == holdBack) return;
    (this->*direction.tell)(holdBack);
}

void ThrottlingFactory::tellReaders(bool holdBack) {
    for (ProtocolWrapper* each : protocols()) {
        static_cast<Throttled*>(each)->holdBackReads(holdBack);
    }
}

// What a producer does when it is told may end connections.
void ThrottlingFactory::tellWriters(bool holdBack) {
    Ref<ThrottlingFactory> alive(this);
    std::vector<Ref<ProtocolWrapper>> all;
    for (ProtocolWrapper* each : protocols()) all.emplace_back(each);
    for (const Ref<ProtocolWrapper>& each : all) {
        static_cast<Throttled&>(*each).holdBackWrites(holdBack);
    }
}

}  // namespace wring
