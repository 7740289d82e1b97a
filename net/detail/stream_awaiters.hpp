#pragma once

#include <wring/runtime/bytes.hpp>
#include <wring/runtime/detail/fiber.hpp>
#include <wring/runtime/ref.hpp>
#include <wring/runtime/result.hpp>

#include <optional>

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
        if (failure_) return std::move(*failure_);
        return std::move(bytes_);
    }
    void cancelWait() noexcept override;

 private:
    friend class StreamConnection;
    bool suspend() noexcept;
    bool refuse() noexcept;

    StreamConnection& connection_;
    Bytes bytes_;
    std::optional<Failure> failure_;
};

/// Waits until the kernel has taken all of some bytes.
class WRING_API WriteAwaiter final : public Wait {
 public:
    WriteAwaiter(StreamConnection& connection, BytesView bytes, Bytes owned = {}) noexcept
        : connection_(connection), left_(bytes), owned_(std::move(owned)) {}
    bool await_ready() noexcept;
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) noexcept {
        return begin(handle) ? suspend() : refuse();
    }
    void await_resume() { takeResult().value(); }
    Result<void> takeResult() noexcept {
        if (failure_) return std::move(*failure_);
        return {};
    }
    void cancelWait() noexcept override;

 private:
    friend class StreamConnection;
    bool suspend() noexcept;
    bool refuse() noexcept;

    StreamConnection& connection_;
    BytesView left_;
    Bytes owned_;
    std::optional<Failure> failure_;
};

}  // namespace wring::detail
