#pragma once

#include <wring/runtime/bytes.hpp>
#include <wring/runtime/operation.hpp>

#include <array>

namespace wring {
class Driver;
}

namespace wring::detail {

class PipeReader;
class PipeWriter;

/// Whoever reads and writes pipes, told when something has happened to one: last of all, so that it
/// may be destroyed by that.
class PipeOwner {
 public:
    virtual void pipeRead(PipeReader& pipe) noexcept = 0;
    virtual void pipeWritten(PipeWriter& pipe) noexcept = 0;

 protected:
    ~PipeOwner() = default;
};

/// Whether an operation gave nothing, and nothing is wrong either.
bool mayTryAgain(int result) noexcept;

/// A descriptor that is read in small pieces, of which it holds one at most.
class PipeReader {
 public:
    PipeReader(PipeOwner& owner, int fd) noexcept : owner_(owner), request_(*this), fd_(fd) {}

    int fd() const noexcept { return fd_; }
    /// Reads, unless there is something that was not taken, or the end was met.
    void start(Driver& driver) noexcept;
    void cancel(Driver& driver) noexcept;
    bool inFlight() const noexcept { return request_.inFlight(); }
    /// What was read, good until the next start(); has() no more from then on.
    bool has() const noexcept { return held_ > 0; }
    BytesView take() noexcept;
    /// Nothing more comes, for which error() says why, or 0.
    bool isOver() const noexcept { return isOver_; }
    int error() const noexcept { return error_; }

 private:
    struct Request : Operation {
        explicit Request(PipeReader& pipe) noexcept
            : Operation(&PipeReader::onRead), reader(pipe) {}
        PipeReader& reader;
    };
    static void onRead(Operation& operation, Completion& completion) noexcept;

    PipeOwner& owner_;
    Request request_;
    int fd_;
    int error_ = 0;
    bool isOver_ = false;
    std::size_t held_ = 0;
    std::array<std::byte, 8192> room_;
};

}  // namespace wring::detail
