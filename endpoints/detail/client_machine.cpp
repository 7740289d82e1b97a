#include <wring/endpoints/detail/client_machine.hpp>

#include <wring/deferred/sleep.hpp>
#include <wring/runtime/log.hpp>

#include <algorithm>
#include <utility>

namespace wring::detail {

ClientMachine::ClientMachine(Ref<IStreamClientEndpoint> endpoint, Ref<IFactory> factory,
                             RetryPolicy policy)
    : endpoint_(std::move(endpoint)), factory_(std::move(factory)), policy_(std::move(policy)) {}

// The service has stopped it. Nobody waits, unless an endpoint has forgotten its attempt.
ClientMachine::~ClientMachine() {
    for (Waiter& each : std::exchange(waiters_, {})) {
        if (!each.told.called()) each.told.errback(Failure::of<CancelledError>());
    }
}

void ClientMachine::start() {
    if (state_ == State::disconnecting) state_ = State::restarting;
    if (state_ != State::idle && state_ != State::stopped) return;
    time_ = wantedTime_ ? wantedTime_ : &currentTime();
    failures_ = 0;
    connect();
}

void ClientMachine::connect() {
    Ref<ClientMachine> self(this);
    state_ = State::connecting;
    auto attempt = makeRef<ClientAttempt>(self, factory_);
    attempt_ = attempt.get();
    attempt->begin(*endpoint_);
}

Deferred<> ClientMachine::stop() {
    switch (state_) {
        case State::waiting:
            stopWaiting();
            [[fallthrough]];
        case State::idle:
        case State::stopped:
            finish();
            return succeed();
        case State::disconnecting:
        case State::restarting:
            state_ = State::disconnecting;
            return stopping_.add();
        case State::connecting:
        case State::connected:
            break;
    }
    return disconnect();
}

Deferred<> ClientMachine::disconnect() {
    Ref<ClientMachine> self(this);
    Deferred<> done = stopping_.add();
    state_ = State::disconnecting;
    if (Ref<ClientAttempt> attempt{attempt_}) {
        attempt->end();
    } else {
        finish();  // stopped by who was told of the stop before: there is no attempt yet
    }
    return done;
}

void ClientMachine::finish() {
    Ref<ClientMachine> self(this);
    state_ = State::stopped;
    tell(Failure::of<CancelledError>());
    stopping_.tell();
}

Deferred<Ref<IProtocol>> ClientMachine::whenConnected(std::optional<unsigned> failAfterFailures) {
    if (state_ == State::connected) return succeed(attempt_->protocol());
    if (state_ == State::stopped) return fail<Ref<IProtocol>>(Failure::of<CancelledError>());
    Deferred<Ref<IProtocol>> waiting([this](Deferred<Ref<IProtocol>>& self) { leave(self); });
    waiters_.emplace_back(waiting, failAfterFailures);
    return waiting;
}

void ClientMachine::leave(const Deferred<Ref<IProtocol>>& waiter) noexcept {
    std::erase_if(waiters_, [&](const Waiter& each) { return each.told == waiter; });
}

// Whom this calls may do anything: those who come meanwhile wait for what comes next.
void ClientMachine::tell(const Result<Ref<IProtocol>>& result) {
    Ref<ClientMachine> self(this);
    std::vector<Waiter> told = std::exchange(waiters_, {});
    for (Waiter& each : told) {
        if (!each.told.called()) each.told.callback(result);
    }
}

void ClientMachine::countFailure(const Failure& reason) {
    std::vector<Deferred<Ref<IProtocol>>> enough;
    for (Waiter& each : waiters_) {
        if (!each.failuresLeft) continue;
        if (*each.failuresLeft <= 1) {
            enough.push_back(each.told);
        } else {
            --*each.failuresLeft;
        }
    }
    for (const auto& each : enough) leave(each);
    for (auto& each : enough) {
        if (!each.called()) each.errback(reason);
    }
}

Deferred<> ClientMachine::prepare(Ref<IProtocol> protocol) {
    return prepare_ ? prepare_(std::move(protocol)) : succeed();
}

void ClientMachine::connected(ClientAttempt& attempt) {
    state_ = State::connected;
    failures_ = 0;
    tell(attempt.protocol());
}

void ClientMachine::ended(ClientAttempt& attempt, const Failure& reason) {
    if (attempt_ != &attempt) return;
    Ref<ClientMachine> self(this);
    attempt_ = nullptr;
    switch (state_) {
        case State::disconnecting:
            return finish();
        case State::restarting:
            state_ = State::connecting;
            failures_ = 0;
            stopping_.tell();
            // Nobody who was told has stopped it, or started it anew.
            if (state_ == State::connecting && !attempt_) connect();
            return;
        default:
            waitToRetry();
            countFailure(reason);
    }
}

void ClientMachine::waitToRetry() {
    ++failures_;
    state_ = State::waiting;
    // Cancelled by the stop, without which this is not destroyed.
    retry_ = time_->callLater(delay(), [this] { connect(); });
}

// The time may have dropped the call: a reactor that has stopped.
void ClientMachine::stopWaiting() {
    if (auto retry = std::move(retry_); retry->active()) retry->cancel();
}

Duration ClientMachine::delay() noexcept try {
    return std::max(policy_(failures_), Duration::zero());
} catch (...) {
    log(LogLevel::error, "client service: the retry policy threw, it waits for a minute: " +
                             Failure::current().getErrorMessage());
    return std::chrono::minutes(1);
}

}  // namespace wring::detail
