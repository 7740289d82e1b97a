#pragma once

#include <wring/runtime/thread_pool.hpp>

#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <thread>

namespace wring::detail {

/// The threads of a pool and what waits for one. Shared with the threads themselves, so that those
/// that do not end can be left behind.
///
/// Thread    any; join() not from one of its own.
class WorkerThreads : public std::enable_shared_from_this<WorkerThreads> {
 public:
    WorkerThreads(unsigned minThreads, unsigned maxThreads, std::string name);

    void start();
    bool add(UniqueFunction<void()> work);
    void adjust(unsigned minThreads, unsigned maxThreads);
    void setIdleLimit(Duration limit);
    unsigned minThreads() const;
    unsigned maxThreads() const;
    ThreadPoolStats stats() const;

    /// Takes no more work. When the last thread has ended, `whenStopped` is called in it, which
    /// must not come back here.
    void beginStop(UniqueFunction<void()> whenStopped = nullptr);
    /// Whether there was a stop and no thread runs any more.
    bool isStopped() const;
    /// Waits until no thread runs, and for their very ends.
    void join();
    /// Forgets threads and work: nothing here is called any more.
    void abandon() noexcept;

 private:
    using Threads = std::list<std::thread>;
    enum class State : unsigned char { fresh, started, stopping };

    void spawnMissing();
    void spawn();
    void run(Threads::iterator self) noexcept;
    bool waitForWork(std::unique_lock<std::mutex>& lock);
    void runFirst(std::unique_lock<std::mutex>& lock) noexcept;
    std::size_t idle() const noexcept { return threads_.size() - busy_; }

    mutable std::mutex mutex_;
    std::condition_variable wake_;  // work, or another state or size
    std::condition_variable ended_;
    std::deque<UniqueFunction<void()>> waiting_;
    Threads threads_;
    Threads leaving_;  // run no work any more; to be joined
    UniqueFunction<void()> whenStopped_;
    std::string name_;
    Duration idleLimit_ = std::chrono::seconds(10);
    std::uint64_t done_ = 0;
    std::size_t busy_ = 0;
    unsigned min_;
    unsigned max_;
    State state_ = State::fresh;
    bool isAbandoned_ = false;
};

}  // namespace wring::detail
