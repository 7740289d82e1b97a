#include <wring/net/timeout_factory.hpp>

#include <wring/deferred/sleep.hpp>
#include <wring/net/timeout_mixin.hpp>

namespace wring {

/// A connection, and how long nothing has happened on it.
class TimeoutFactory::Timed final : public ProtocolWrapper, public TimeoutMixin {
 public:
    Timed(TimeoutFactory& factory, Ref<IProtocol> wrapped, IReactorTime& time)
        : ProtocolWrapper(factory, std::move(wrapped)), TimeoutMixin(time), owner_(factory) {}

    void makeConnection(Ref<ITransport> transport) override {
        setTimeout(owner_.timeoutPeriod_);
        ProtocolWrapper::makeConnection(std::move(transport));
    }
    void dataReceived(BytesView data) override {
        resetTimeout();
        ProtocolWrapper::dataReceived(data);
    }
    void connectionLost(const Failure& reason) override {
        setTimeout({});
        ProtocolWrapper::connectionLost(reason);
    }
    using ProtocolWrapper::write;
    void write(BytesView bytes) override {
        resetTimeout();
        ProtocolWrapper::write(bytes);
    }
    void writeSequence(std::span<const BytesView> parts) override {
        resetTimeout();
        ProtocolWrapper::writeSequence(parts);
    }
    void timeoutConnection() override { owner_.timeoutConnection(*this); }

 private:
    TimeoutFactory& owner_;  // the wrapper keeps it
};

TimeoutFactory::TimeoutFactory(Ref<IFactory> wrapped, Duration timeoutPeriod, IReactorTime* time)
    : WrappingFactory(std::move(wrapped)), timeoutPeriod_(timeoutPeriod), time_(time) {}

Ref<ProtocolWrapper> TimeoutFactory::wrap(Ref<IProtocol> protocol) {
    IReactorTime& time = time_ ? *time_ : detail::currentTime();
    return makeRef<Timed>(*this, std::move(protocol), time);
}

}  // namespace wring
