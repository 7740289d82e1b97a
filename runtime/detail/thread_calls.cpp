#include <wring/runtime/detail/thread_calls.hpp>

#include <wring/runtime/failure.hpp>
#include <wring/runtime/log.hpp>

#include <memory>

namespace wring::detail {

ThreadCalls::Node* ThreadCalls::closedMark() noexcept {
    static Node mark{};
    return &mark;
}

ThreadCalls::~ThreadCalls() {
    Node* left = head_.load(std::memory_order_acquire);
    if (left == closedMark()) return;
    while (left) delete std::exchange(left, left->next);
}

ThreadCalls::Pushed ThreadCalls::push(UniqueFunction<void()> call) {
    auto node = std::make_unique<Node>(Node{std::move(call), nullptr});
    Node* head = head_.load(std::memory_order_relaxed);
    do {
        if (head == closedMark()) return Pushed::refused;
        node->next = head;
    } while (!head_.compare_exchange_weak(head, node.get(), std::memory_order_acq_rel,
                                          std::memory_order_relaxed));
    [[maybe_unused]] Node* ownedByTheStackNow = node.release();
    return head ? Pushed::more : Pushed::first;
}

unsigned ThreadCalls::run() noexcept {
    Node* head = head_.load(std::memory_order_relaxed);
    if (!head || head == closedMark()) return 0;
    return runAll(head_.exchange(nullptr, std::memory_order_acquire));
}

unsigned ThreadCalls::runAll(Node* newest) noexcept {
    Node* oldest = nullptr;
    while (newest) {
        Node* next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    unsigned count = 0;
    for (; oldest; ++count) {
        std::unique_ptr<Node> node(oldest);
        oldest = node->next;
        try {
            node->call();
        } catch (...) {
            log(LogLevel::error,
                "while handling a call from a thread: " + Failure::current().getErrorMessage());
        }
    }
    return count;
}

void ThreadCalls::close() noexcept {
    Node* left = head_.exchange(closedMark(), std::memory_order_acq_rel);
    if (left != closedMark()) runAll(left);
}

void ThreadCalls::open() noexcept {
    Node* expected = closedMark();
    head_.compare_exchange_strong(expected, nullptr, std::memory_order_acq_rel);
}

}  // namespace wring::detail
