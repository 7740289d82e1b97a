#pragma once

#include <wring/runtime/detail/thread_waiter.hpp>
#include <wring/runtime/unique_function.hpp>

#include <mutex>

namespace wring {
class Reactor;
}

namespace wring::detail {

/// The way into a reactor for threads that may outlive it.
///
/// Thread    call(): any. All else: the reactor's.
class WRING_API ReactorDoor {
 public:
    explicit ReactorDoor(Reactor& reactor) noexcept : reactor_(&reactor) {}
    ReactorDoor(const ReactorDoor&) = delete;
    ReactorDoor& operator=(const ReactorDoor&) = delete;

    /// As Reactor::callFromThread; false also when the reactor is gone. std::bad_alloc possible.
    bool call(UniqueFunction<void()> function);

    bool isOpen() const noexcept { return !isClosed_; }
    bool isStopping() const noexcept { return isStopping_; }
    void add(ThreadWaiter& waiter) noexcept;
    /// No effect when it is not listed.
    void remove(ThreadWaiter& waiter) noexcept;
    /// Tells all who wait that shutdown has begun; each once.
    void stopping() noexcept;
    /// The reactor calls nobody any more, and may go; tells all who wait.
    void close() noexcept;

 private:
    std::mutex mutex_;
    Reactor* reactor_;  // under the mutex; null once closed
    ThreadWaiter* first_ = nullptr;
    ThreadWaiter* last_ = nullptr;
    bool isStopping_ = false;
    bool isClosed_ = false;
};

}  // namespace wring::detail
