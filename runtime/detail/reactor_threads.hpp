#pragma once

#include <memory>
#include <string>

namespace wring {
class Reactor;
class ThreadPool;
}  // namespace wring

namespace wring::detail {

/// The thread pool of a reactor, from the first wish for it to the end of shutdown.
///
/// Thread    the reactor's.
class ReactorThreads {
 public:
    explicit ReactorThreads(Reactor& reactor) noexcept;
    ReactorThreads(const ReactorThreads&) = delete;
    ReactorThreads& operator=(const ReactorThreads&) = delete;
    ~ReactorThreads();

    /// The pool. One that is asked for when shutdown is on its way (`isLate`) takes no work.
    ThreadPool& pool(bool isLate);
    /// No more work from now on; the reactor is woken when the last thread has ended.
    void beginStop();
    /// Whether no thread runs and none will.
    bool haveStopped() const noexcept;
    /// Waits for the last steps of threads that have stopped; leaves the others behind.
    void end() noexcept;
    /// ", nor did N threads", if there are any.
    std::string describe() const;

 private:
    Reactor& reactor_;
    std::unique_ptr<ThreadPool> pool_;
};

}  // namespace wring::detail
