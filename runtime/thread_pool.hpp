#pragma once

#include <wring/runtime/detail/result_of.hpp>
#include <wring/runtime/error.hpp>
#include <wring/runtime/time.hpp>
#include <wring/runtime/unique_function.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace wring {

namespace detail {
class WorkerThreads;
}

/// Work was given to a thread pool that has been stopped.
WRING_DECLARE_ERROR(ThreadPoolStopped, UsageError);

/// What a pool of threads does at the moment.
struct ThreadPoolStats {
    std::size_t threads = 0;  ///< how many there are …
    std::size_t busy = 0;     ///< … and of these, how many work
    std::size_t waiting = 0;  ///< calls that no thread has begun
    std::uint64_t done = 0;   ///< calls that have ended
};

/// Threads for calls that block. A thread is made when there is more to do than idle ones could
/// take, up to a maximum; one that finds nothing to do ends after a while, down to a minimum.
///
/// Order     calls begin in the order in which they were given. Signals are blocked in the threads.
/// Thread    any, but stop() and the destructor: not in one of its own.
/// Lifetime  destroying it stops it.
/// Source    Twisted: threadpool.ThreadPool.
class WRING_API ThreadPool {
 public:
    /// Throws std::invalid_argument for more threads at least than at most. `name` is what
    /// debuggers show for the threads (15 bytes of it).
    explicit ThreadPool(unsigned minThreads = 5, unsigned maxThreads = 20, std::string name = {});
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;
    ~ThreadPool();

    /// Begins with the work given so far, and makes the minimum of threads. Also after a stop().
    /// Throws std::system_error when there can be no more threads.
    void start();
    /// Takes no more work, does what was given, and waits for that. What was given to a pool that
    /// was never started is dropped. No effect when it was stopped already.
    void stop();
    /// Other limits; surplus threads end when they have nothing in hand. Throws as the constructor.
    void adjustPoolsize(unsigned minThreads, unsigned maxThreads);
    /// How long a thread above the minimum waits for work before it ends; ten seconds unless told.
    void setIdleLimit(Duration limit);
    /// The limits.
    unsigned minThreads() const;
    unsigned maxThreads() const;
    /// What goes on.
    ThreadPoolStats stats() const;

    /// Calls `function(args…)` in one of the threads. What it returns is dropped, what it throws is
    /// logged. False when the pool was stopped: then it is not called.
    ///
    /// Errors    std::system_error when there is no thread and none can be made.
    template <class F, class... Args>
    bool callInThread(F function, Args... args) {
        return add([function = std::move(function), ... args = std::move(args)]() mutable {
            detail::call(function, std::move(args)...);
        });
    }

    /// The same; then calls `onResult(result)` in the same thread, with the Result of the call.
    template <class OnResult, class F, class... Args>
    bool callInThreadWithCallback(OnResult onResult, F function, Args... args) {
        return add([onResult = std::move(onResult), function = std::move(function),
                    ... args = std::move(args)]() mutable {
            onResult(detail::resultOf(function, std::move(args)...));
        });
    }

    /// For the library: the threads themselves.
    detail::WorkerThreads& threads() noexcept { return *threads_; }

 private:
    bool add(UniqueFunction<void()> work);

    std::shared_ptr<detail::WorkerThreads> threads_;
};

}  // namespace wring
