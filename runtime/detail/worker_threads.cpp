#include <wring/runtime/detail/worker_threads.hpp>

#include <wring/runtime/assert.hpp>
#include <wring/runtime/failure.hpp>
#include <wring/runtime/log.hpp>

#include <pthread.h>
#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <utility>

namespace wring::detail {

namespace {

constexpr Duration idleLimitMax = std::chrono::hours(24);

/// While it lives the thread takes no signals, nor do threads that it makes: signals are the
/// reactor's business.
class SignalsBlocked {
 public:
    SignalsBlocked() noexcept {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;
    ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
    sigset_t before_;
};

void requireOrder(unsigned minThreads, unsigned maxThreads) {
    if (minThreads > maxThreads) {
        throw std::invalid_argument("thread pool: minimum is greater than maximum");
    }
}

}  // namespace

WorkerThreads::WorkerThreads(unsigned minThreads, unsigned maxThreads, std::string name)
    : name_(std::move(name)), min_(minThreads), max_(maxThreads) {
    requireOrder(minThreads, maxThreads);
}

void WorkerThreads::start() {
    std::lock_guard lock(mutex_);
    WRING_ASSERT(state_ != State::stopping || threads_.empty(),
                 "a ThreadPool was started while its stop waits for threads");
    state_ = State::started;
    spawnMissing();
}

bool WorkerThreads::add(UniqueFunction<void()> work) {
    Threads left;  // joined after the lock is released
    {
        std::lock_guard lock(mutex_);
        if (state_ == State::stopping) return false;
        waiting_.push_back(std::move(work));
        try {
            if (state_ == State::started) spawnMissing();
        } catch (...) {
            if (threads_.empty()) {  // nobody would ever come for it
                waiting_.pop_back();
                throw;
            }
        }
        left.swap(leaving_);
    }
    wake_.notify_one();
    for (std::thread& each : left) each.join();
    return true;
}

void WorkerThreads::adjust(unsigned minThreads, unsigned maxThreads) {
    requireOrder(minThreads, maxThreads);
    std::lock_guard lock(mutex_);
    min_ = minThreads;
    max_ = maxThreads;
    if (state_ == State::started) spawnMissing();
    wake_.notify_all();
}

void WorkerThreads::setIdleLimit(Duration limit) {
    std::lock_guard lock(mutex_);
    idleLimit_ = std::clamp(limit, Duration::zero(), idleLimitMax);
    wake_.notify_all();
}

unsigned WorkerThreads::minThreads() const {
    std::lock_guard lock(mutex_);
    return min_;
}

unsigned WorkerThreads::maxThreads() const {
    std::lock_guard lock(mutex_);
    return max_;
}

ThreadPoolStats WorkerThreads::stats() const {
    std::lock_guard lock(mutex_);
    ThreadPoolStats stats;
    stats.threads = threads_.size();
    stats.busy = busy_;
    stats.waiting = waiting_.size();
    stats.done = done_;
    return stats;
}

void WorkerThreads::spawnMissing() {
    while (threads_.size() < max_ && (threads_.size() < min_ || waiting_.size() > idle())) spawn();
}

// The new thread waits for the lock, so that it finds itself in the list.
void WorkerThreads::spawn() {
    auto self = threads_.emplace(threads_.end());
    try {
        SignalsBlocked blocked;
        *self = std::thread([shared = shared_from_this(), self] { shared->run(self); });
    } catch (...) {
        threads_.erase(self);
        throw;
    }
    if (!name_.empty()) ::pthread_setname_np(self->native_handle(), name_.substr(0, 15).c_str());
}

void WorkerThreads::run(Threads::iterator self) noexcept {
    std::unique_lock lock(mutex_);
    while (waitForWork(lock)) runFirst(lock);
    leaving_.splice(leaving_.end(), threads_, self);
    if (!threads_.empty()) return;
    if (state_ == State::stopping && whenStopped_) whenStopped_();
    ended_.notify_all();
}

bool WorkerThreads::waitForWork(std::unique_lock<std::mutex>& lock) {
    for (;;) {
        if (threads_.size() > max_) return false;
        if (!waiting_.empty()) return true;
        if (state_ == State::stopping) return false;
        if (threads_.size() <= min_) {
            wake_.wait(lock);
        } else if (wake_.wait_for(lock, idleLimit_) == std::cv_status::timeout &&
                   waiting_.empty() && threads_.size() > min_) {
            return false;
        }
    }
}

// What the work holds is released in the thread that did it, before it counts as done.
void WorkerThreads::runFirst(std::unique_lock<std::mutex>& lock) noexcept {
    {
        UniqueFunction<void()> work = std::move(waiting_.front());
        waiting_.pop_front();
        ++busy_;
        lock.unlock();
        try {
            work();
        } catch (...) {
            log(LogLevel::error,
                "while handling a call in a thread: " + Failure::current().getErrorMessage());
        }
    }
    lock.lock();
    --busy_;
    ++done_;
}

void WorkerThreads::beginStop(UniqueFunction<void()> whenStopped) {
    std::deque<UniqueFunction<void()>> dropped;
    std::lock_guard lock(mutex_);
    if (state_ == State::stopping) return;
    state_ = State::stopping;
    whenStopped_ = std::move(whenStopped);
    if (threads_.empty()) dropped.swap(waiting_);  // never started, or without any thread
    wake_.notify_all();
}

bool WorkerThreads::isStopped() const {
    std::lock_guard lock(mutex_);
    return state_ == State::stopping && threads_.empty();
}

void WorkerThreads::join() {
    Threads left;
    std::deque<UniqueFunction<void()>> dropped;
    {
        std::unique_lock lock(mutex_);
        for (const std::thread& each : threads_) {
            WRING_ASSERT(each.get_id() != std::this_thread::get_id(),
                         "a ThreadPool was stopped in one of its own threads");
        }
        ended_.wait(lock, [this] { return threads_.empty() || isAbandoned_; });
        if (isAbandoned_) return;
        left.swap(leaving_);
        dropped.swap(waiting_);
    }
    for (std::thread& each : left) each.join();
}

void WorkerThreads::abandon() noexcept {
    UniqueFunction<void()> last;
    std::deque<UniqueFunction<void()>> dropped;
    std::lock_guard lock(mutex_);
    state_ = State::stopping;
    last = std::move(whenStopped_);
    dropped.swap(waiting_);
    if (std::exchange(isAbandoned_, true)) return;
    for (std::thread& each : threads_) each.detach();
    for (std::thread& each : leaving_) each.detach();
    leaving_.clear();
}

}  // namespace wring::detail
