#pragma once

#include <wring/runtime/reactor.hpp>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace wring::testing {

/// A door that threads wait at until the test opens it.
class Gate {
 public:
    void open() {
        std::lock_guard lock(mutex_);
        isOpen_ = true;
        opened_.notify_all();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        opened_.wait(lock, [this] { return isOpen_; });
    }

 private:
    std::mutex mutex_;
    std::condition_variable opened_;
    bool isOpen_ = false;
};

/// Waits, without sleeping, until `condition()` holds; something else is on its way to make it so.
template <class Condition>
void until(Condition condition) {
    while (!condition()) std::this_thread::yield();
}

/// A reactor that runs in a thread of its own until it is stopped, at the latest by the destructor.
class ThreadedReactor {
 public:
    explicit ThreadedReactor(const ReactorOptions& options) : reactor_(options) {
        thread_ = std::thread([this] {
            id_ = std::this_thread::get_id();
            reactor_.callWhenRunning([this] { started_.open(); });
            reactor_.run(false);
        });
        started_.wait();
    }
    ~ThreadedReactor() { stop(); }

    /// Stops it and waits until it has ended.
    void stop() {
        if (!thread_.joinable()) return;
        requestStop();
        thread_.join();
    }
    void requestStop() {
        reactor_.callFromThread([this] { reactor_.requestStop(); });
    }
    Reactor& operator*() { return reactor_; }
    Reactor* operator->() { return &reactor_; }
    std::thread::id id() const { return id_; }

 private:
    Reactor reactor_;
    Gate started_;
    std::thread::id id_;
    std::thread thread_;
};

}  // namespace wring::testing
