#pragma once

#include <wring/net/transport.hpp>

#include <optional>
#include <string_view>

namespace wring {

/// A child process as its protocol sees it: the pipes to it by the child's numbers of them, and the
/// process itself.
///
/// Thread    its reactor's. No member blocks, and none calls the protocol before it returns, but
/// for
///           what a producer does.
/// Source    Twisted: IProcessTransport.
class WRING_API IProcessTransport : public RefCounted, public IConsumer {
 public:
    /// Queues a copy for the child's input, 0; ignored where there is none, or not any more.
    void write(BytesView bytes) override = 0;
    void write(std::string_view text) { write(asBytes(text)); }
    /// Queues the parts in order.
    virtual void writeSequence(std::span<const BytesView> parts) = 0;
    /// Queues a copy for that descriptor of the child; ignored if it is none that is written to.
    virtual void writeToChild(int childFD, BytesView bytes) = 0;
    void writeToChild(int childFD, std::string_view text) { writeToChild(childFD, asBytes(text)); }
    /// Closes the pipe of that descriptor: when everything queued for it is written, or at once if
    /// it is one that is read. Ignored for descriptors without a pipe.
    virtual void closeChildFD(int childFD) = 0;
    void closeStdin() { closeChildFD(0); }
    void closeStdout() { closeChildFD(1); }
    void closeStderr() { closeChildFD(2); }
    /// Closes 0, 2 and 1. The process may go on.
    virtual void loseConnection() = 0;
    /// Sends a signal, by number or as "HUP", "STOP", "INT", "KILL", "TERM" and the like. Throws
    /// ProcessExitedAlready, UsageError for names that are unknown, Error for what the kernel says.
    virtual void signalProcess(int number) = 0;
    void signalProcess(std::string_view name);
    /// The process id; none once it is known to have ended, as the number may be somebody else's.
    virtual std::optional<int> pid() const noexcept = 0;
    /// Stops and restarts childDataReceived() of all pipes; the child feels it when they are full.
    virtual void pauseProducing() = 0;
    virtual void resumeProducing() = 0;
    /// Bytes that wait for the child to take them.
    virtual std::size_t queuedBytes() const = 0;
    /// Where everything happens.
    virtual Reactor& reactor() const = 0;
};

}  // namespace wring
