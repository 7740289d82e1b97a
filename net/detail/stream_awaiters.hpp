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
    Bytes await_resume() {
        if (failure_) failure_->raise();
        return std::move(bytes_);
    }
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

/// Waits until the kernel has taken all of something.
class WRING_API Writer : public Wait {
 public:
    bool await_ready() noexcept;
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) noexcept {
        return begin(handle) ? suspend() : refuse();
    }
    void await_resume() const {
        if (failure_) failure_->raise();
    }
    Result<void> takeResult() noexcept {
        if (failure_) return *failure_;
        return {};
    }
    void cancelWait() noexcept override;
    std::string describe() const override;

 protected:
    Writer(StreamConnection& connection, BytesView bytes) noexcept
        : connection_(connection), left_(bytes) {}
    Writer(StreamConnection& connection, Bytes&& bytes) noexcept
        : connection_(connection), left_(bytes.view()), owned_(std::move(bytes)) {}
    virtual ~Writer() = default;  // virtual, as a friend could destroy it
    StreamConnection& connection() const noexcept { return connection_; }

 private:
    friend class StreamConnection;
    /// It is its turn. True when there is nothing to wait for.
    virtual bool start() noexcept = 0;
    bool suspend() noexcept;
    bool refuse() noexcept;

    StreamConnection& connection_;
    BytesView left_;  // empty: there is nothing to write
    Bytes owned_;
    const Failure* failure_ = nullptr;
};

/// Some bytes, lent or owned.
class WRING_API WriteAwaiter final : public Writer {
 public:
    WriteAwaiter(StreamConnection& connection, BytesView bytes) noexcept
        : Writer(connection, bytes) {}
    WriteAwaiter(StreamConnection& connection, Bytes&& bytes) noexcept
        : Writer(connection, std::move(bytes)) {}

 private:
    bool start() noexcept override;
};

}  // namespace wring::detail
