#pragma once

#include <wring/net/detail/pipe_writer.hpp>
#include <wring/runtime/file_descriptor.hpp>

#include <map>
#include <memory>
#include <optional>

namespace wring {
class Reactor;
}

namespace wring::detail {

/// What a child writes to one of its descriptors.
struct ChildReader : PipeReader {
    ChildReader(PipeOwner& owner, int fd, int number) noexcept
        : PipeReader(owner, fd), childFD(number) {}
    const int childFD;
    bool isPaused = false;
    bool isClosing = false;
    bool isDelivering = false;  // its bytes are in use: it stays
};

/// What it reads from one of them, and a look at whether it still does.
class ChildWriter : public PipeWriter {
 public:
    ChildWriter(PipeOwner& owner, int fd, int number) noexcept
        : PipeWriter(owner, fd), childFD(number), owner_(owner), hangUp_(*this) {}

    /// Watches for the other end to be closed, which a write would be too late to tell.
    void watch(Driver& driver) noexcept;
    void cancelAll(Driver& driver) noexcept;
    bool hasInFlight() const noexcept { return inFlight() || hangUp_.inFlight(); }

    const int childFD;
    bool isClosing = false;

 private:
    struct HangUp : Operation {
        explicit HangUp(ChildWriter& pipe) noexcept
            : Operation(&ChildWriter::onHangUp), writer(pipe) {}
        ChildWriter& writer;
    };
    static void onHangUp(Operation& operation, Completion& completion) noexcept;

    PipeOwner& owner_;
    HangUp hangUp_;
};

/// The pipes between a child and its parent, by the child's numbers of them.
class ChildPipes {
 public:
    ChildPipes(PipeOwner& owner, std::map<int, FileDescriptor> reads,
               std::map<int, FileDescriptor> writes);
    ~ChildPipes();

    bool empty() const noexcept { return readers_.empty() && writers_.empty(); }
    ChildReader* reader(int childFD) noexcept;
    ChildWriter* writer(int childFD) noexcept;
    /// The first reader with a number above `childFD`, whatever was closed meanwhile.
    ChildReader* readerAfter(int childFD) noexcept;
    std::size_t queuedBytes() const noexcept;
    /// Begins to close all of them; what is queued is lost.
    void drop() noexcept;
    /// Has all of them at work that are open; readers only if `reads`.
    void start(Driver& driver, bool reads) noexcept;
    /// Closes one pipe that is over and on which nothing is in flight any more, and gives its
    /// number. While `isPaused` the end of what a child writes is not looked at.
    std::optional<int> closeOne(Reactor& reactor, bool isPaused) noexcept;

 private:
    std::map<int, std::unique_ptr<ChildReader>> readers_;
    std::map<int, std::unique_ptr<ChildWriter>> writers_;
};

}  // namespace wring::detail
