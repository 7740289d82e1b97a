#pragma once

#include <wring/net/unix_transport.hpp>

#include <cstddef>
#include <memory>

struct msghdr;

namespace wring {
class IProtocol;
struct Completion;
}  // namespace wring

namespace wring::detail {

class TransportConnection;

/// The descriptors of one UNIX connection with a protocol: those that are to be sent, and those
/// that came with each chunk of bytes that is not delivered yet.
class DescriptorQueues final : public IUNIXTransport {
 public:
    /// `receiver` is who gets the descriptors; null for a protocol that does not want any.
    DescriptorQueues(TransportConnection& owner, IFileDescriptorReceiver* receiver);
    DescriptorQueues(const DescriptorQueues&) = delete;
    DescriptorQueues& operator=(const DescriptorQueues&) = delete;
    ~DescriptorQueues() override;

    /// Who of a protocol, or of what a policy hides behind it, takes descriptors; may be null.
    static IFileDescriptorReceiver* receiverOf(IProtocol& protocol);

    void sendFileDescriptor(int fd) override;
    std::size_t queued() const noexcept;
    /// More wait than a producer should go on for.
    bool isFull() const noexcept { return queued() > queuedMax; }
    /// The next one, with that byte; sent() when the kernel has it.
    ::msghdr& message(const std::byte& byte) noexcept;
    bool isSending() const noexcept { return isSending_; }
    void sent() noexcept;

    bool isReceiving() const noexcept { return incoming_ != nullptr; }
    /// What the next receive is to fill.
    ::msghdr& room() noexcept;
    /// Takes what that has brought: the bytes into the completion, the descriptors in here. Any
    /// that were lost make it a failure.
    void take(Completion& completion) noexcept;
    /// Gives the receiver those that came with the chunk that is to be delivered next, until that
    /// ends the connection. What the receiver throws is thrown on.
    void deliver();
    void forgetReceived() noexcept;
    void forgetAll() noexcept;

 private:
    struct Outgoing;
    struct Incoming;
    static constexpr std::size_t queuedMax = 64;

    TransportConnection& owner_;
    IFileDescriptorReceiver* receiver_;
    std::unique_ptr<Outgoing> outgoing_;  // once there was something to send
    std::unique_ptr<Incoming> incoming_;  // if somebody takes what comes
    bool isSending_ = false;
};

}  // namespace wring::detail
