#pragma once

#include <wring/net/detail/pipe_reader.hpp>
#include <wring/net/detail/write_queue.hpp>

namespace wring::detail {

/// A write to a pipe that nobody reads ends the process by default: not from now on.
void ignoreBrokenPipes() noexcept;

/// A descriptor to which a queue is written, with one write at most in flight.
class PipeWriter {
 public:
    PipeWriter(PipeOwner& owner, int fd) noexcept : owner_(owner), request_(*this), fd_(fd) {}

    int fd() const noexcept { return fd_; }
    WriteQueue& queue() noexcept { return queue_; }
    const WriteQueue& queue() const noexcept { return queue_; }
    /// Writes what is queued.
    void start(Driver& driver) noexcept;
    void cancel(Driver& driver) noexcept;
    bool inFlight() const noexcept { return request_.inFlight(); }
    /// Everything is out, and nobody has something to add.
    bool isIdle() const noexcept {
        return queue_.empty() && !inFlight() && !queue_.waitsForProducer();
    }
    /// Nobody takes anything any more, for which error() says why: the queue is empty then.
    bool isOver() const noexcept { return isOver_; }
    int error() const noexcept { return error_; }
    /// Writes nothing more, by the owner's own will.
    void end() noexcept { isOver_ = true; }
    /// What is queued is lost, and the producer told so.
    void drop() noexcept;

 private:
    struct Request : Operation {
        explicit Request(PipeWriter& pipe) noexcept
            : Operation(&PipeWriter::onWritten), writer(pipe) {}
        PipeWriter& writer;
    };
    static void onWritten(Operation& operation, Completion& completion) noexcept;

    PipeOwner& owner_;
    Request request_;
    WriteQueue queue_;
    int fd_;
    int error_ = 0;
    bool isOver_ = false;
};

}  // namespace wring::detail
