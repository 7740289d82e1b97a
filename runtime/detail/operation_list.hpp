#pragma once

#include <wring/runtime/operation.hpp>

namespace wring::detail {

/// Operations in a row, linked through themselves: adding and removing allocates nothing.
class OperationList {
 public:
    OperationList() noexcept = default;
    OperationList(const OperationList&) = delete;
    OperationList& operator=(const OperationList&) = delete;
    OperationList(OperationList&& other) noexcept : head_(other.head_), tail_(other.tail_) {
        other.head_ = other.tail_ = nullptr;
    }

    bool empty() const noexcept { return head_ == nullptr; }
    Operation* front() const noexcept { return head_; }

    void pushBack(Operation& operation) noexcept {
        operation.next_ = nullptr;
        operation.previous_ = tail_;
        operation.inList_ = true;
        (tail_ ? tail_->next_ : head_) = &operation;
        tail_ = &operation;
    }

    void remove(Operation& operation) noexcept {
        (operation.previous_ ? operation.previous_->next_ : head_) = operation.next_;
        (operation.next_ ? operation.next_->previous_ : tail_) = operation.previous_;
        operation.next_ = operation.previous_ = nullptr;
        operation.inList_ = false;
    }

    /// Moves all of `other` behind what is here.
    void append(OperationList& other) noexcept {
        if (other.empty()) return;
        other.head_->previous_ = tail_;
        (tail_ ? tail_->next_ : head_) = other.head_;
        tail_ = other.tail_;
        other.head_ = other.tail_ = nullptr;
    }

    Operation* popFront() noexcept {
        Operation* first = head_;
        if (first) remove(*first);
        return first;
    }

    /// Visits each; the visitor may remove the one it is given.
    template <class Visit>
    void forEach(Visit visit) noexcept {
        for (Operation *each = head_, *next = nullptr; each; each = next) {
            next = each->next_;
            visit(*each);
        }
    }

 private:
    Operation* head_ = nullptr;
    Operation* tail_ = nullptr;
};

}  // namespace wring::detail
