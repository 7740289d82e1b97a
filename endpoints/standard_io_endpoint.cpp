#include <wring/endpoints/standard_io_endpoint.hpp>

#include <wring/deferred/timeout.hpp>
#include <wring/net/detail/forwarding_protocol.hpp>
#include <wring/net/standard_io.hpp>

namespace wring {

namespace {

/// The port of the one connection.
class StandardIOPort final : public IListeningPort {
 public:
    explicit StandardIOPort(Ref<IFactory> factory) : factory_(std::move(factory)) {}

    void begin(Reactor& reactor, int input, int output);

    Address getHost() const override { return {}; }
    void startListening() override {
        if (stopped_.isSet()) throw UsageError(0, "startListening", "standard I/O has been used");
    }
    Deferred<> stopListening() override {
        stopped_.set();
        return succeed();
    }
    Deferred<> drain(Duration limit) override {
        return drainPort(Ref<StandardIOPort>(this), limit);
    }
    std::size_t connections() const override { return transport_ ? 1 : 0; }
    Event& stopped() noexcept override { return stopped_; }
    void lost() {
        Ref<StandardIOPort> alive(this);  // who is woken may have the last handle
        transport_ = nullptr;
        factory_->doStop();
        idle_.set();
        stopped_.set();
    }

 private:
    static Task<> awaitEnd(Ref<StandardIOPort> port) { co_await port->idle_.wait(); }
    static Deferred<> drainPort(Ref<StandardIOPort> port, Duration limit) {
        port->stopped_.set();
        auto ended = co_await outcome(withTimeout(limit, awaitEnd(port)));
        if (ended) co_return;
        if (Ref<ITransport> transport = port->transport_) transport->abortConnection();
        if (!ended.error().check<TimeoutError>()) ended.value();
        co_await port->idle_.wait();
    }

    Ref<IFactory> factory_;
    Ref<ITransport> transport_;
    Event stopped_;
    Event idle_;
};

/// Stands before the protocol to tell the port of its end.
class Watched : public detail::ForwardingProtocol {
 public:
    Watched(Ref<IProtocol> inner, Ref<StandardIOPort> port)
        : ForwardingProtocol(std::move(inner)), port_(std::move(port)) {}

 private:
    void afterLost(const Failure&) override { port_->lost(); }
    Ref<StandardIOPort> port_;
};

void StandardIOPort::begin(Reactor& reactor, int input, int output) {
    factory_->doStart();
    Ref<IProtocol> protocol;
    try {
        protocol = factory_->buildProtocol(Address());
        if (!protocol) throw NoProtocol(0, "listen", "standard I/O");
    } catch (...) {
        factory_->doStop();
        throw;
    }
    auto watched = detail::putBefore<Watched>(std::move(protocol), Ref<StandardIOPort>(this));
    transport_ = standardIO(reactor, std::move(watched), input, output);
}

}  // namespace

StandardIOEndpoint::StandardIOEndpoint(Reactor& reactor, int input, int output)
    : reactor_(reactor), input_(input), output_(output) {}

Deferred<Ref<IListeningPort>> StandardIOEndpoint::listen(Ref<IFactory> factory) {
    try {
        auto port = makeRef<StandardIOPort>(std::move(factory));
        port->begin(reactor_, input_, output_);
        return succeed(Ref<IListeningPort>(port));
    } catch (...) {
        return fail<Ref<IListeningPort>>(Failure::current());
    }
}

}  // namespace wring
