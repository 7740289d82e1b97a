#include <wring/endpoints/memory_port.hpp>

#include <wring/runtime/outcome.hpp>

#include <utility>

namespace wring::testing {

/// The connections that are open. They keep it, not the port, which keeps them.
struct MemoryPort::Open final : RefCounted {
    std::size_t count = 0;
    Event none;
};

MemoryPort::MemoryPort(Address host, Ref<IFactory> factory)
    : host_(std::move(host)), factory_(std::move(factory)), open_(makeRef<Open>()) {
    open_->none.set();
    stopped_.set();
}

MemoryPort::~MemoryPort() = default;

Ref<MemoryConnection> MemoryPort::accept(Address peer, Reactor* reactor) {
    if (!isListening_) throw UsageError(0, "accept", "the port does not listen");
    Ref<MemoryPort> self(this);
    Ref<IProtocol> protocol = factory_->buildProtocol(peer);
    if (!protocol) return nullptr;
    auto connection =
        makeRef<MemoryConnection>(std::move(protocol), host_, std::move(peer), reactor);
    accepted_.push_back(connection);
    ++open_->count;
    open_->none.clear();
    connection->whenLost([open = open_] {
        if (--open->count == 0) open->none.set();
    });
    connection->connect();
    return connection;
}

void MemoryPort::accept(Socket socket) {
    if (!isListening_) throw UsageError(0, "accept", "the port does not listen");
    factory_->connectionAccepted(std::move(socket));
}

void MemoryPort::startListening() {
    if (!stopping_.empty()) {
        throw UsageError(0, "startListening", "the port is being stopped: wait for that first");
    }
    if (isListening_) return;
    factory_->doStart();
    isListening_ = true;
    stopped_.clear();
}

Deferred<> MemoryPort::stopListening() {
    ++stops_;
    bool isStopping = !stopping_.empty();
    if (!isListening_ && !isStopping) return succeed();
    isListening_ = false;
    Deferred<> ended;
    stopping_.push_back(ended);
    if (!isStoppingHeld_ && !isStopping) finishStopping();
    return ended;
}

// Who goes on may listen again or stop once more.
void MemoryPort::finishStopping() {
    if (stopping_.empty()) throw UsageError(0, "finishStopping", "the port is not being stopped");
    Ref<MemoryPort> self(this);
    Result<void> result;
    try {
        factory_->doStop();
    } catch (...) {
        result = Failure::current();
    }
    std::vector<Deferred<>> waiting = std::exchange(stopping_, {});
    stopped_.set();
    for (Deferred<>& each : waiting) {
        if (!each.called()) each.callback(result);
    }
}

Deferred<> MemoryPort::drain(Duration limit) {
    drainLimit_ = limit;
    return drainPort(Ref<MemoryPort>(this));
}

Deferred<> MemoryPort::drainPort(Ref<MemoryPort> port) {
    co_await port->stopListening();
    Ref<Open> open = port->open_;
    auto ended = co_await outcome(open->none.wait());
    if (ended) co_return;
    port->abortConnections();
    ended.value();
}

std::size_t MemoryPort::connections() const { return open_->count; }

void MemoryPort::abortConnections() {
    Ref<MemoryPort> self(this);
    std::vector<Ref<MemoryConnection>> all = accepted_;
    for (auto& each : all) each->lose(Failure::of<ConnectionAborted>());
}

}  // namespace wring::testing
