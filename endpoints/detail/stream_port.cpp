#include <wring/endpoints/detail/stream_port.hpp>

#include <wring/deferred/timeout.hpp>
#include <wring/net/errors.hpp>
#include <wring/runtime/log.hpp>
#include <wring/runtime/reactor.hpp>

#include <utility>

namespace wring {

/// The acceptor of a port, which it keeps alive: an open port needs no handle.
class detail::StreamPort::Listening final : public Acceptor {
 public:
    Listening(Ref<StreamPort> port, int fd)
        : Acceptor(port->reactor_, fd, port->source_->isShared()), port_(std::move(port)) {
        startAccepting();
    }
    void stop() noexcept { beginClose(); }
    using Acceptor::refuse;
    void reactorStopping() noexcept override { beginClose(); }

 private:
    void accepted(Socket socket) noexcept override {
        socket.setGroup(port_->group_);
        port_->factory_->connectionAccepted(std::move(socket));
    }
    void acceptorClosed(int error) noexcept override {
        Ref<StreamPort> port = std::move(port_);
        delete this;
        port->closed(error);
    }

    Ref<StreamPort> port_;
};

namespace detail {

StreamPort::StreamPort(Reactor& reactor, std::unique_ptr<PortSource> source, Ref<IFactory> factory)
    : reactor_(reactor),
      source_(std::move(source)),
      factory_(std::move(factory)),
      group_(makeRef<ConnectionGroup>()) {
    stopped_.set();
}

StreamPort::~StreamPort() = default;

void StreamPort::startListening() {
    if (!stopping_.empty()) {
        throw UsageError(0, "startListening", "the port is being stopped: wait for that first");
    }
    if (listening_) return;
    int fd = source_->open(reactor_);
    host_ = hostOf(reactor_, fd);
    try {
        factory_->doStart();
    } catch (...) {
        abandon(fd);
        throw;
    }
    stopped_.clear();
    listening_ = new Listening(Ref<StreamPort>(this), fd);
}

void StreamPort::abandon(int fd) noexcept {
    reactor_.closeDescriptor(fd);
    source_->closed();
}

Deferred<> StreamPort::stopListening() {
    if (!listening_) return succeed();
    Deferred<> ended;
    stopping_.push_back(ended);
    // Closed in a later turn even where it could be done at once.
    if (stopping_.size() == 1) {
        listening_->refuse();
        reactor_.callLater(Duration::zero(), [port = Ref<StreamPort>(this)] {
            if (port->listening_) port->listening_->stop();
        });
    }
    return ended;
}

void StreamPort::closed(int error) noexcept {
    listening_ = nullptr;
    source_->closed();
    if (error) log(LogLevel::error, "listener: " + host_.format() + " stopped listening");
    std::vector<Deferred<>> waiting = std::exchange(stopping_, {});
    Result<void> result;
    try {
        factory_->doStop();
    } catch (...) {
        result = Failure::current();
    }
    stopped_.set();
    for (Deferred<>& each : waiting) {
        if (!each.called()) each.callback(result);
    }
}

Deferred<> StreamPort::drain(Duration limit) { return drainPort(Ref<StreamPort>(this), limit); }

Deferred<> StreamPort::drainPort(Ref<StreamPort> port, Duration limit) {
    co_await port->stopListening();
    Ref<ConnectionGroup> group = port->group_;
    auto ended = co_await outcome(withTimeout(limit, waitFor(group)));
    if (ended) co_return;
    group->abortAll();
    if (!ended.error().check<TimeoutError>()) ended.value();
    co_await group->idle().wait();
}

Task<> StreamPort::waitFor(Ref<ConnectionGroup> group) { co_await group->idle().wait(); }

Ref<IListeningPort> listenOn(Reactor& reactor, std::unique_ptr<PortSource> source,
                             Ref<IFactory> factory) {
    auto port = makeRef<StreamPort>(reactor, std::move(source), std::move(factory));
    port->startListening();
    return port;
}

Deferred<Ref<IListeningPort>> tryListenOn(Reactor& reactor, std::unique_ptr<PortSource> source,
                                          Ref<IFactory> factory) {
    try {
        return succeed(listenOn(reactor, std::move(source), std::move(factory)));
    } catch (...) {
        return fail<Ref<IListeningPort>>(Failure::current());
    }
}

}  // namespace detail

}  // namespace wring
