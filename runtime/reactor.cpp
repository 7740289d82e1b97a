#include <wring/runtime/reactor.hpp>

#include <wring/runtime/assert.hpp>
#include <wring/runtime/detail/delayed_call.hpp>
#include <wring/runtime/detail/embedding.hpp>
#include <wring/runtime/detail/reactor_door.hpp>
#include <wring/runtime/detail/reactor_threads.hpp>
#include <wring/runtime/detail/signals.hpp>
#include <wring/runtime/detail/task_dump.hpp>
#include <wring/runtime/detail/thread_calls.hpp>
#include <wring/runtime/failure.hpp>
#include <wring/runtime/log.hpp>

#include <algorithm>
#include <csignal>
#include <cstring>

namespace wring {

namespace {
thread_local Reactor* currentReactor = nullptr;
}

struct Reactor::Internals {
    explicit Internals(Reactor& reactor)
        : threads(reactor), door(std::make_shared<detail::ReactorDoor>(reactor)) {}

    detail::ThreadCalls calls;
    detail::Signals signals;
    std::unique_ptr<detail::Embedding> embedding;
    detail::ReactorThreads threads;
    std::shared_ptr<detail::ReactorDoor> door;
    std::vector<std::pair<const void*, std::shared_ptr<void>>> attachments;
};

/// While it lives the reactor is this thread's.
class Reactor::Entered {
 public:
    explicit Entered(Reactor& reactor) : reactor_(reactor), before_(currentReactor) {
        if (reactor.isInside_) throw ReactorAlreadyRunning();
        reactor.isInside_ = true;
        currentReactor = &reactor;
    }
    Entered(const Entered&) = delete;
    Entered& operator=(const Entered&) = delete;
    ~Entered() {
        reactor_.isInside_ = false;
        currentReactor = before_;
    }

 private:
    Reactor& reactor_;
    Reactor* before_;
};

ReactorOptions::ReactorOptions() = default;
ReactorOptions::ReactorOptions(const std::string& driverName) {
    driver.kind = driverKindFromString(driverName);
}

Reactor::Reactor(const ReactorOptions& options)
    : options_(options),
      driver_(Driver::create(options.driver)),
      fibers_(driver_->wokenAt()),
      internals_(std::make_unique<Internals>(*this)) {}

Reactor::~Reactor() {
    WRING_ASSERT(!isInside_, "a reactor was destroyed from within");
    {
        Entered here(*this);
        stage_ = Stage::stopped;
        Time limit = after(now(), options_.shutdownLimit);
        internals_->threads.beginStop();
        internals_->door->stopping();
        while (!hasGivenUp_ && now() < limit) {
            internals_->calls.run();
            fibers_.cancelAll();
            tellResourcesToStop();
            if (isDrained()) break;
            endTurn();
            driver_->wait(isDrained() ? Duration::zero() : std::chrono::milliseconds(50));
            runTimers();
        }
        internals_->threads.end();
        internals_->calls.close();
        internals_->door->close();
        cancelDelayedCalls();
    }
    internals_->embedding.reset();
}

// What a call's arguments do when they are released may cancel other calls, or make new ones.
void Reactor::cancelDelayedCalls() noexcept {
    for (auto calls = getDelayedCalls(); !calls.empty(); calls = getDelayedCalls()) {
        for (const Ref<IDelayedCall>& call : calls) {
            if (call->active()) call->cancel();
        }
    }
}

Reactor* Reactor::current() noexcept { return currentReactor; }

void Reactor::run(bool installSignalHandlers) {
    if (isInside_ || stage_ == Stage::starting || stage_ == Stage::started) {
        throw ReactorAlreadyRunning();
    }
    if (stage_ != Stage::fresh) throw ReactorNotRestartable();
    Entered here(*this);
    start(installSignalHandlers);
    while (stage_ != Stage::stopped && !crashed_) {
        try {
            turn(Duration::max());
        } catch (...) {
            log(LogLevel::error,
                "Unexpected error in main loop: " + Failure::current().getErrorMessage());
        }
    }
    internals_->signals.restore();
    if (crashed_) forgetRun();
}

// After a crash the reactor may run again, as if it had not run before.
void Reactor::forgetRun() noexcept {
    events_.forgetPending();
    stage_ = Stage::fresh;
    stopRequested_ = isRunning_ = crashed_ = false;
}

void Reactor::start(bool installSignalHandlers) {
    stage_ = Stage::starting;
    events_.firePhased("startup", [this, installSignalHandlers] {
        stage_ = Stage::started;
        isRunning_ = true;
        if (installSignalHandlers) internals_->signals.install(*driver_);
        events_.add(EventPhase::during, "startup",
                    [this](const Ref<EventBarrier>&) { events_.runAfter("startup"); });
    });
}

void Reactor::stop() {
    bool mayStop = stage_ == Stage::starting || stage_ == Stage::started;
    if (!mayStop || stopRequested_) throw ReactorNotRunning();
    requestStop();
}

void Reactor::requestStop() noexcept {
    if (stage_ != Stage::starting && stage_ != Stage::started) return;
    stopRequested_ = true;
    if (!isInside_) armEmbedded();
}

void Reactor::crash() noexcept {
    if (stage_ == Stage::fresh || stage_ == Stage::stopped) return;
    crashed_ = true;
    isRunning_ = false;
}

void Reactor::iterate(Duration delay) {
    if (isInside_) return turn(delay);
    Entered here(*this);
    turn(delay);
}

int Reactor::fd() {
    if (!internals_->embedding) {
        // First the ring is made to run: it does not tell a poll that began before.
        driver_->flush();
        internals_->embedding = std::make_unique<detail::Embedding>(driver_->fd());
        // The startup is work to be done.
        internals_->embedding->wakeAfter(Duration::zero());
    }
    return internals_->embedding->fd();
}

bool Reactor::runOnce(Duration timeout) {
    if (stage_ == Stage::stopped) return false;
    Entered here(*this);
    if (stage_ == Stage::fresh) start(false);
    turn(timeout);
    endTurn();
    driver_->flush();
    armEmbedded();
    if (!crashed_) return stage_ != Stage::stopped;
    forgetRun();
    return false;
}

void Reactor::armEmbedded() noexcept {
    if (!internals_->embedding) return;
    internals_->embedding->wakeAfter(untilNext(Duration::max()));
}

void Reactor::arm(Timer& timer, Time due) {
    timers_.arm(timer, due);
    if (!isInside_) armEmbedded();
}

void Reactor::disarm(Timer& timer) noexcept { timers_.cancel(timer); }

std::vector<Ref<IDelayedCall>> Reactor::getDelayedCalls() const {
    return detail::delayedCallsOf(timers_);
}

Ref<IDelayedCall> Reactor::schedule(Duration delay, UniqueFunction<void()> function) {
    return detail::DelayedCall::make(*this, delay, std::move(function));
}

bool Reactor::enqueue(UniqueFunction<void()> call) {
    auto pushed = internals_->calls.push(std::move(call));
    if (pushed == detail::ThreadCalls::Pushed::first) driver_->wake();
    return pushed != detail::ThreadCalls::Pushed::refused;
}

ThreadPool& Reactor::getThreadPool() {
    return internals_->threads.pool(stage_ == Stage::draining || stage_ == Stage::stopped);
}

std::shared_ptr<void>& Reactor::attachment(const void* key) {
    for (auto& [owner, kept] : internals_->attachments) {
        if (owner == key) return kept;
    }
    return internals_->attachments.emplace_back(key, nullptr).second;
}

const std::shared_ptr<detail::ReactorDoor>& Reactor::door() const noexcept {
    return internals_->door;
}

void Reactor::turn(Duration limit) {
    ++turns_;
    takeSignal();
    internals_->calls.run();
    runTimers();
    if (stopRequested_ && stage_ == Stage::started) beginShutdown();
    if (stage_ == Stage::draining) drain();
    if (stage_ == Stage::stopped) return;
    endTurn();
    driver_->wait(untilNext(crashed_ ? Duration::zero() : limit));
}

// What is armed while the phase runs belongs to the next turn, after I/O.
void Reactor::runTimers() noexcept {
    if (timers_.empty()) return;
    Time present = now();
    std::uint64_t order = timers_.order();
    for (unsigned i = 0; i < options_.timersPerTurn; ++i) {
        if (!timers_.runFirst(present, order)) return;
    }
}

void Reactor::endTurn() noexcept {
    while (ReactorResource* first = ending_) {
        ending_ = first->nextEnding_;
        (ending_ ? ending_->previousEnding_ : lastEnding_) = nullptr;
        first->isEnding_ = false;
        first->turnEnded();
    }
}

Duration Reactor::untilNext(Duration limit) const noexcept {
    if (!internals_->calls.isEmpty()) return Duration::zero();
    if (stopRequested_ && stage_ == Stage::started) return Duration::zero();
    if (ending_) return Duration::zero();
    Time next = timers_.next();
    if (stage_ == Stage::draining) {
        // The last one may have gone after this turn's look: then nothing is left to wake us.
        if (isDrained()) return Duration::zero();
        next = std::min(next, drainLimit_);
    }
    if (next == never) return limit;
    return std::min(limit, std::max(next - now(), Duration::zero()));
}

void Reactor::takeSignal() {
    int number = internals_->signals.take();
    if (number == 0) return;
    exitSignal_ = number;
    log(LogLevel::info, std::string("received SIG") + ::sigabbrev_np(number) + ", shutting down");
    requestStop();
}

void Reactor::beginShutdown() {
    stage_ = Stage::stopping;
    events_.firePhased("shutdown", [this] {
        isRunning_ = false;
        stage_ = Stage::draining;
        drainLimit_ = after(now(), options_.shutdownLimit);
        tellResourcesToStop();
        fibers_.cancelAll();
        internals_->door->stopping();
    });
}

bool Reactor::isDrained() const noexcept {
    return fibers_.empty() && resourceCount_ == 0 && internals_->threads.haveStopped();
}

// Until everything has ended; new work that appears meanwhile is ended as well.
void Reactor::drain() {
    tellResourcesToStop();
    fibers_.cancelAll();
    if (isDrained()) return finish();
    if (now() < drainLimit_) return;
    log(LogLevel::error, "reactor: " + std::to_string(fibers_.size()) + " tasks and " +
                             std::to_string(resourceCount_) +
                             " connections or ports did not end when told to" +
                             internals_->threads.describe() + "; leaving them\n" + dumpTasks());
    hasGivenUp_ = true;
    finish();
}

std::string Reactor::dumpTasks() const { return detail::dumpTasks(fibers_, now()); }

void Reactor::tellResourcesToStop() noexcept {
    stopCursor_ = resources_;
    while (ReactorResource* each = stopCursor_) {
        stopCursor_ = each->next_;
        if (std::exchange(each->isToldToStop_, true)) continue;
        each->reactorStopping();  // it, or any other, may be gone now; the cursor knows
    }
}

void Reactor::finish() {
    internals_->calls.run();
    internals_->threads.end();
    events_.runAfter("shutdown");
    stage_ = Stage::stopped;  // first: a coroutine that arrives now is to see it
    internals_->calls.close();
    internals_->door->close();
}

void Reactor::closeDescriptor(int fd) noexcept {
    driver_->closeNow(fd);
    if (wantDescriptor_.empty()) return;
    for (ReactorResource* each : std::exchange(wantDescriptor_, {})) each->endOfTurn();
}

void Reactor::awaitDescriptor(ReactorResource& resource) {
    std::erase(wantDescriptor_, &resource);
    wantDescriptor_.push_back(&resource);
}

ReactorResource::ReactorResource(Reactor& reactor) noexcept : reactor_(reactor) {
    next_ = reactor.resources_;
    if (next_) next_->previous_ = this;
    reactor.resources_ = this;
    ++reactor.resourceCount_;
}

ReactorResource::~ReactorResource() { leaveReactor(); }

void ReactorResource::leaveReactor() noexcept {
    if (!std::exchange(isRegistered_, false)) return;
    (previous_ ? previous_->next_ : reactor_.resources_) = next_;
    if (next_) next_->previous_ = previous_;
    if (reactor_.stopCursor_ == this) reactor_.stopCursor_ = next_;
    --reactor_.resourceCount_;
    std::erase(reactor_.wantDescriptor_, this);
    if (!std::exchange(isEnding_, false)) return;
    (previousEnding_ ? previousEnding_->nextEnding_ : reactor_.ending_) = nextEnding_;
    (nextEnding_ ? nextEnding_->previousEnding_ : reactor_.lastEnding_) = previousEnding_;
}

void ReactorResource::endOfTurn() noexcept {
    if (isEnding_ || !isRegistered_) return;
    isEnding_ = true;
    if (!reactor_.isInside_) reactor_.armEmbedded();
    nextEnding_ = nullptr;
    previousEnding_ = reactor_.lastEnding_;
    (reactor_.lastEnding_ ? reactor_.lastEnding_->nextEnding_ : reactor_.ending_) = this;
    reactor_.lastEnding_ = this;
}

}  // namespace wring
