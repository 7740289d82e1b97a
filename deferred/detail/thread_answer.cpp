#include <wring/deferred/detail/thread_answer.hpp>

#include <wring/runtime/assert.hpp>
#include <wring/runtime/detail/reactor_door.hpp>
#include <wring/runtime/log.hpp>
#include <wring/runtime/reactor.hpp>
#include <wring/runtime/thread_pool.hpp>

#include <utility>

namespace wring::detail {

Reactor& reactorForThreads() noexcept {
    Reactor* reactor = Reactor::current();
    WRING_ASSERT(reactor, "deferToThread needs a running reactor");
    return *reactor;
}

ThreadPool& poolOf(Reactor& reactor) { return reactor.getThreadPool(); }

ThreadAnswerBase::ThreadAnswerBase(Reactor& reactor) noexcept : door_(reactor.door()) {}

void ThreadAnswerBase::expect() {
    if (!door_->isOpen()) return giveUp(Failure::of<ReactorStopped>());
    self_ = shared_from_this();
    door_->add(*this);
}

void ThreadAnswerBase::askFor(ThreadPool& pool, UniqueFunction<void()> work) {
    try {
        if (!pool.callInThread(std::move(work))) giveUp(Failure::of<ThreadPoolStopped>());
    } catch (...) {
        giveUp(Failure::current());
    }
}

void ThreadAnswerBase::giveUp(Failure why) noexcept {
    std::shared_ptr<ThreadAnswerBase> alive = std::exchange(self_, nullptr);
    if (alive) door_->remove(*this);
    fail(std::move(why));
}

// When the reactor has stopped nobody waits any more: it has said so itself.
void ThreadAnswerBase::deliver() noexcept {
    try {
        door_->call([answer = shared_from_this()] { answer->arrived(); });
    } catch (...) {
        log(LogLevel::critical, "a thread's result was lost: no memory to hand it over");
    }
}

void ThreadAnswerBase::arrived() noexcept {
    std::shared_ptr<ThreadAnswerBase> alive = std::exchange(self_, nullptr);
    if (!alive) return;
    door_->remove(*this);
    fire();
}

void ThreadAnswerBase::reactorStopped() noexcept {
    std::shared_ptr<ThreadAnswerBase> alive = std::exchange(self_, nullptr);
    fail(Failure::of<ReactorStopped>());
}

}  // namespace wring::detail
