#include <wring/deferred/detail/blocking_answer.hpp>

#include <wring/runtime/assert.hpp>
#include <wring/runtime/detail/reactor_door.hpp>
#include <wring/runtime/reactor.hpp>

#include <condition_variable>
#include <mutex>
#include <utility>

namespace wring::detail {

struct BlockingAnswerBase::Signal {
    std::mutex mutex;
    std::condition_variable given;
    bool isGiven = false;
};

BlockingAnswerBase::BlockingAnswerBase(Reactor& reactor)
    : door_(reactor.door()), signal_(std::make_unique<Signal>()) {
    WRING_ASSERT(Reactor::current() != &reactor,
                 "blockingCallFromThread in the reactor's own thread would never return");
}

BlockingAnswerBase::~BlockingAnswerBase() = default;

bool BlockingAnswerBase::isStopping() const noexcept { return door_->isStopping(); }

void BlockingAnswerBase::expect() {
    self_ = shared_from_this();
    door_->add(*this);
}

bool BlockingAnswerBase::isExpected() noexcept {
    std::shared_ptr<BlockingAnswerBase> alive = std::exchange(self_, nullptr);
    if (alive) door_->remove(*this);
    return alive != nullptr;
}

void BlockingAnswerBase::waitFor(Reactor& reactor, UniqueFunction<void()> call) {
    if (!reactor.callFromThread(std::move(call))) Failure::of<ReactorStopped>().raise();
    std::unique_lock lock(signal_->mutex);
    signal_->given.wait(lock, [this] { return signal_->isGiven; });
}

void BlockingAnswerBase::wake() noexcept {
    std::lock_guard lock(signal_->mutex);
    signal_->isGiven = true;
    signal_->given.notify_one();
}

}  // namespace wring::detail
