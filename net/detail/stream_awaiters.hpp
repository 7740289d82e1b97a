#pragma once

#include <wring/runtime/bytes.hpp>
#include <wring/runtime/detail/wait.hpp>
#include <wring/runtime/ref.hpp>
#include <wring/runtime/result.hpp>

namespace wring::detail {

class StreamConnection;

/// Waits for the next chunk of a stream.
class WRING_API ReadAwaiter final : public Wait {
 public:
    explicit ReadAwaiter(StreamConnection& connection) noexcept : connection_(connection) {}
    bool await_ready() noexcept;
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) noexcept {
        return begin(handle) ? suspend() : refuse();
    }
    Bytes await_resume() { return takeResult().value(); }
    Result<Bytes> takeResult() noexcept {
        if (failure_) return *failure_;
        return std::move(bytes_);
    }
    void cancelWait() noexcept override;
    std::string describe() const override;

 private:
    friend class StreamConnection;
    bool suspend() noexcept;
    bool refuse() noexcept;

    StreamConnection& connection_;
    Bytes bytes_;
    const Failure* failure_ = nullptr;  // the connection's, or the one of all cancellations
};

/// Waits until the kernel has taken all of some bytes.
class WRING_API WriteAwaiter final : public Wait {
 public:
    WriteAwaiter(StreamConnection& connection, BytesView bytes) noexcept
        : connection_(connection), left_(bytes) {}
    WriteAwaiter(StreamConnection& connection, Bytes&& bytes) noexcept
        : connection_(connection), left_(bytes.view()), owned_(std::move(bytes)) {}
    bool await_ready() noexcept;
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) noexcept {
        return begin(handle) ? suspend() : refuse();
    }
    void await_resume() { takeResult().value(); }
    Result<void> takeResult() noexcept {
        if (failure_) return *failure_;
        return {};
    }
    void cancelWait() noexcept override;
    std::string describe() const override;

 private:
    friend class StreamConnection;
    bool suspend() noexcept;
    bool refuse() noexcept;

    StreamConnection& connection_;
    BytesView left_;
    Bytes owned_;
    const Failure* failure_ = nullptr;
};

}  // namespace wring::detail
