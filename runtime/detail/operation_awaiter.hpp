#pragma once

#include <wring/runtime/detail/wait.hpp>
#include <wring/runtime/driver.hpp>

#include <cerrno>

namespace wring::detail {

/// Awaits one operation that its user has prepared, and gives its result or a negative errno;
/// -ECANCELED when it, or the fiber before it began, was cancelled. Lives where it is awaited.
class OperationAwaiter final : public Wait {
 public:
    explicit OperationAwaiter(Driver& driver) noexcept : driver_(driver), request_(*this) {}

    Operation& operation() noexcept { return request_; }

    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) noexcept {
        if (!begin(handle)) {
            result_ = -ECANCELED;
            return false;
        }
        driver_.submit(request_);
        return true;
    }
    int await_resume() const noexcept { return result_; }
    void cancelWait() noexcept override {
        isCancelled_ = true;
        driver_.cancel(request_);
    }
    std::string describe() const override {
        return std::string(verbName(request_.verb())) + " on descriptor " +
               std::to_string(request_.fd());
    }

 private:
    struct Request : Operation {
        explicit Request(OperationAwaiter& awaiter) noexcept
            : Operation(&OperationAwaiter::onCompleted), owner(awaiter) {}
        OperationAwaiter& owner;
    };
    static void onCompleted(Operation& operation, Completion& completion) noexcept {
        OperationAwaiter& self = static_cast<Request&>(operation).owner;
        self.result_ = completion.result;
        // The kernel's own doing must not look like a cancellation, which nobody would handle.
        if (self.result_ == -ECANCELED && !self.isCancelled_) self.result_ = -ECONNABORTED;
        self.resume();
    }

    Driver& driver_;
    Request request_;
    int result_ = 0;
    bool isCancelled_ = false;
};

}  // namespace wring::detail
