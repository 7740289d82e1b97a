#include <wring/endpoints/memory_attempt.hpp>

#include <utility>

namespace wring::testing {

/// What the canceller needs: it may outlive the attempt, which keeps the Deferred.
struct MemoryAttempt::State final : RefCounted {
    enum class Stage { begun, over, cancelled };
    Ref<IFactory> factory;
    std::string destination;
    Stage stage = Stage::begun;
};

MemoryAttempt::MemoryAttempt(Address host, Address peer, Ref<IFactory> factory)
    : host_(std::move(host)), peer_(std::move(peer)), state_(makeRef<State>()) {
    state_->factory = std::move(factory);
    state_->destination = peer_.format();
}

MemoryAttempt::~MemoryAttempt() = default;

const Ref<IFactory>& MemoryAttempt::factory() const noexcept { return state_->factory; }
bool MemoryAttempt::isPending() const noexcept { return state_->stage == State::Stage::begun; }
bool MemoryAttempt::isCancelled() const noexcept {
    return state_->stage == State::Stage::cancelled;
}

// A cancel from within makeConnection() comes too late, as with a real endpoint.
template <class T>
Deferred<T> MemoryAttempt::deferred() const {
    Deferred<T> made;
    auto cancel = [state = state_](detail::DeferredBase& deferred) {
        if (state->stage != State::Stage::begun) return;
        state->stage = State::Stage::cancelled;
        if (state->factory) state->factory->doStop();
        deferred.fail(ConnectingCancelledError(0, "connect", state->destination));
    };
    made.state()->setCanceller(std::move(cancel), true);
    return made;
}

void MemoryAttempt::begin(bool wantsStream) {
    if (wantsStream) {
        stream_ = deferred<Stream>();
    } else {
        protocol_ = deferred<Ref<IProtocol>>();
    }
}

void MemoryAttempt::end(bool isOfThatKind) {
    if (!isPending()) throw UsageError(0, "attempt", "it is over already");
    if (!isOfThatKind)
        throw UsageError(0, "attempt", "connect() and connectStream() want different things");
    state_->stage = State::Stage::over;
}

Ref<MemoryConnection> MemoryAttempt::succeed(Reactor* reactor) {
    Ref<MemoryAttempt> self(this);
    end(protocol_.has_value());
    Deferred<Ref<IProtocol>> waiting = *protocol_;
    protocol_.reset();
    Ref<IFactory> factory = state_->factory;
    Ref<MemoryConnection> connection;
    try {
        if (Ref<IProtocol> protocol = factory->buildProtocol(peer_)) {
            connection = makeRef<MemoryConnection>(std::move(protocol), host_, peer_, reactor);
        }
    } catch (...) {
        factory->doStop();
        waiting.errback(Failure::current());
        return nullptr;
    }
    if (!connection) {
        factory->doStop();
        waiting.errback(Failure::of<NoProtocol>());
        return nullptr;
    }
    // The factory is in use until the connection is lost.
    connection->whenLost([factory] { factory->doStop(); });
    try {
        connection->connect();
    } catch (...) {
        waiting.errback(Failure::current());
        return nullptr;
    }
    waiting.callback(connection->protocol());
    return connection;
}

void MemoryAttempt::succeed(Stream stream) {
    end(stream_.has_value());
    Deferred<Stream> waiting = *stream_;
    stream_.reset();
    waiting.callback(std::move(stream));
}

void MemoryAttempt::fail(Failure failure) {
    end(true);
    Ref<MemoryAttempt> self(this);
    if (state_->factory) state_->factory->doStop();
    if (protocol_) protocol_->errback(std::move(failure));
    if (stream_) stream_->errback(std::move(failure));
    protocol_.reset();
    stream_.reset();
}

}  // namespace wring::testing
