#include <wring/net/detail/descriptor_queues.hpp>

#include <wring/net/detail/forwarding_protocol.hpp>
#include <wring/net/detail/rights_message.hpp>
#include <wring/net/detail/transport_connection.hpp>
#include <wring/net/protocol_wrapper.hpp>

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <deque>
#include <utility>

namespace wring {

IUNIXTransport* IUNIXTransport::of(ITransport& transport) {
    if (auto* itself = dynamic_cast<IUNIXTransport*>(&transport)) return itself;
    if (auto* policy = dynamic_cast<ProtocolWrapper*>(&transport)) return of(policy->transport());
    auto* connection = dynamic_cast<detail::TransportConnection*>(&transport);
    return connection ? connection->descriptorQueues() : nullptr;
}

}  // namespace wring

namespace wring::detail {

struct DescriptorQueues::Outgoing {
    std::deque<FileDescriptor> waiting;
    RightsMessage message;
};

struct DescriptorQueues::Incoming {
    using Group = std::vector<FileDescriptor>;
    std::array<std::byte, 8192> bytes;
    RightsMessage message;
    std::deque<Group> groups;  // one for each chunk that is not delivered, many of them empty
};

DescriptorQueues::DescriptorQueues(TransportConnection& owner, IFileDescriptorReceiver* receiver)
    : owner_(owner), receiver_(receiver) {
    if (receiver_) incoming_ = std::make_unique<Incoming>();
}

DescriptorQueues::~DescriptorQueues() = default;

IFileDescriptorReceiver* DescriptorQueues::receiverOf(IProtocol& protocol) {
    if (auto* itself = dynamic_cast<IFileDescriptorReceiver*>(&protocol)) return itself;
    auto* policy = dynamic_cast<ForwardingProtocol*>(&protocol);
    return policy ? receiverOf(*policy->inner()) : nullptr;
}

void DescriptorQueues::sendFileDescriptor(int fd) {
    if (owner_.isSecure()) throw UsageError(0, "send a descriptor", "the connection is secured");
    if (!owner_.mayWrite()) return;
    FileDescriptor copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (copy.get() < 0) throw Error(errno, "dup");
    if (!outgoing_) outgoing_ = std::make_unique<Outgoing>();
    outgoing_->waiting.push_back(std::move(copy));
    owner_.descriptorQueued();
}

std::size_t DescriptorQueues::queued() const noexcept {
    return outgoing_ ? outgoing_->waiting.size() : 0;
}

::msghdr& DescriptorQueues::message(const std::byte& byte) noexcept {
    const int fd = outgoing_->waiting.front().get();
    outgoing_->message.setBytes(&byte, 1);
    outgoing_->message.put(std::span(&fd, 1));
    isSending_ = true;
    return outgoing_->message.raw();
}

void DescriptorQueues::sent() noexcept {
    isSending_ = false;
    outgoing_->waiting.pop_front();
}

::msghdr& DescriptorQueues::room() noexcept {
    incoming_->message.setBytes(incoming_->bytes.data(), incoming_->bytes.size());
    incoming_->message.makeRoom();
    return incoming_->message.raw();
}

void DescriptorQueues::take(Completion& completion) noexcept {
    if (completion.result <= 0) return;
    try {
        Incoming::Group group = incoming_->message.take();
        if (incoming_->message.hasLostSome()) {
            completion.result = -EMFILE;
            return;
        }
        auto size = static_cast<std::size_t>(completion.result);
        completion.bytes = Bytes::copyOf(BytesView(incoming_->bytes).first(size));
        incoming_->groups.push_back(std::move(group));
    } catch (...) {
        completion.result = -ENOMEM;
    }
}

void DescriptorQueues::deliver() {
    if (!incoming_ || incoming_->groups.empty()) return;
    Incoming::Group group = std::move(incoming_->groups.front());
    incoming_->groups.pop_front();
    for (FileDescriptor& each : group) {
        if (!owner_.mayReceive()) return;
        receiver_->fileDescriptorReceived(std::move(each));
    }
}

void DescriptorQueues::forgetReceived() noexcept {
    if (incoming_) incoming_->groups.clear();
}

void DescriptorQueues::forgetAll() noexcept {
    forgetReceived();
    if (outgoing_) outgoing_->waiting.clear();
}

}  // namespace wring::detail
