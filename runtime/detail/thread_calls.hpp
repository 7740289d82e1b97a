#pragma once

#include <wring/runtime/unique_function.hpp>

#include <atomic>

namespace wring::detail {

/// Calls handed over from other threads: a stack without locks, taken whole by its owner, which
/// turns it round. So calls of one thread keep their order, and only the push that finds it empty
/// has to wake the owner.
class ThreadCalls {
 public:
    ThreadCalls() = default;
    ThreadCalls(const ThreadCalls&) = delete;
    ThreadCalls& operator=(const ThreadCalls&) = delete;
    ~ThreadCalls();

    enum class Pushed : unsigned char { first, more, refused };

    /// Any thread. Refused once close() has returned.
    Pushed push(UniqueFunction<void()> call);

    /// The owner: runs exactly what was there when it began; gives how many. What a call throws is
    /// logged.
    unsigned run() noexcept;

    /// Whether there is something to run.
    bool isEmpty() const noexcept { return head_.load(std::memory_order_acquire) == nullptr; }

    /// The owner: runs what is left and refuses what comes later, losing nothing in between.
    void close() noexcept;
    /// The owner: accepts calls again.
    void open() noexcept;

 private:
    struct Node {
        UniqueFunction<void()> call;
        Node* next;
    };
    static Node* closedMark() noexcept;
    unsigned runAll(Node* newest) noexcept;

    std::atomic<Node*> head_{nullptr};
};

}  // namespace wring::detail
