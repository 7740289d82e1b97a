#include <wring/runtime/detail/sim_datagram.hpp>

#include <wring/runtime/detail/sim_kernel.hpp>

#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>
#include <algorithm>
#include <cstring>

namespace wring::detail {

SimDatagram::SimDatagram(SimKernel& kernel, int family) : SimObject(kernel) {
    address_.family = family;
    if (family == AF_INET) address_.host.assign(4, '\0');
    if (family == AF_INET6) address_.host.assign(16, '\0');
}

unsigned SimDatagram::readiness() const noexcept {
    unsigned ready = queue_.empty() ? 0 : POLLIN;
    SimDatagram* receiver =
        isLocal() && isConnected() ? kernel().datagramAt(peer_, address_) : nullptr;
    if (!receiver || receiver->queue_.size() < queuedMax) ready |= POLLOUT;
    return error_ ? ready | POLLIN | POLLERR : ready;
}

void SimDatagram::closed() noexcept {
    isClosed_ = true;
    kernel().unbindPort(*this);
    queue_.clear();
    if (isLocal()) kernel().allChanged();
}

int SimDatagram::bind(const void* address, std::size_t bytes) noexcept {
    auto wanted = SimAddress::from(address, bytes);
    if (!wanted || wanted->family != address_.family) return -EINVAL;
    if (address_.port != 0 || (isLocal() && !address_.host.empty())) return -EINVAL;
    int outcome = kernel().bindPort(*this, *wanted);
    if (outcome == 0) address_ = *wanted;
    return outcome;
}

// To a port that the kernel picks, unless it is bound already.
int SimDatagram::bindAny() {
    if (isLocal() || address_.port != 0) return 0;
    return kernel().bindPort(*this, address_);
}

int SimDatagram::connect(const void* address, std::size_t bytes) noexcept {
    auto to = SimAddress::from(address, bytes);
    if (!to || to->family != address_.family) return -EINVAL;
    if (isLocal() && !kernel().datagramAt(*to, address_)) {
        return kernel().isPathTaken(*to) || to->host.empty() || to->host[0] == 0 ? -ECONNREFUSED
                                                                                 : -ENOENT;
    }
    if (int outcome = bindAny(); outcome < 0) return outcome;
    peer_ = *to;
    return 0;
}

int SimDatagram::name(void* into, std::size_t& bytes) const noexcept {
    SimAddress shown = address_;
    if (isConnected() && shown.isAny()) {
        shown.host = peer_.isLoopback() ? peer_.host : kernel().addressFor(peer_);
    }
    shown.copyTo(into, bytes);
    return 0;
}

int SimDatagram::peerName(void* into, std::size_t& bytes) const noexcept {
    if (!isConnected()) return -ENOTCONN;
    peer_.copyTo(into, bytes);
    return 0;
}

int SimDatagram::setOption(int level, int option, const void* value, std::size_t bytes) noexcept {
    bool splits = level == IPPROTO_UDP && (option == UDP_GRO || option == UDP_SEGMENT);
    if (option < 0 || splits) return -ENOPROTOOPT;
    if (level != SOL_SOCKET && isLocal()) return -EOPNOTSUPP;
    if (bytes < sizeof(int)) return -EINVAL;
    int number = 0;
    std::memcpy(&number, value, sizeof number);
    if (level == SOL_SOCKET && option == SO_RCVBUF) room_ = static_cast<std::size_t>(number *= 2);
    options_[{level, option}] = number;
    return 0;
}

int SimDatagram::getOption(int level, int option, void* value, std::size_t& bytes) noexcept {
    if (option < 0) return -ENOPROTOOPT;
    if (level != SOL_SOCKET && isLocal()) return -EOPNOTSUPP;
    if (bytes < sizeof(int)) return -EINVAL;
    int number = 0;
    auto found = options_.find({level, option});
    if (level == SOL_SOCKET && option == SO_ERROR) {
        number = std::exchange(error_, 0);
    } else if (level == SOL_SOCKET && option == SO_TYPE) {
        number = SOCK_DGRAM;
    } else if (found != options_.end()) {
        number = found->second;
    }
    std::memcpy(value, &number, sizeof number);
    bytes = sizeof number;
    return 0;
}

int SimDatagram::sendMessage(const ::msghdr& message) noexcept {
    if (error_) return -std::exchange(error_, 0);
    if (!message.msg_name && !isConnected()) return isLocal() ? -ENOTCONN : -EDESTADDRREQ;
    auto to = message.msg_name ? SimAddress::from(message.msg_name, message.msg_namelen) : peer_;
    if (!to) return -EINVAL;
    if (to->family != address_.family) return -EAFNOSUPPORT;
    std::string bytes;
    for (std::size_t i = 0; i < message.msg_iovlen; ++i) {
        const ::iovec& part = message.msg_iov[i];
        bytes.append(static_cast<const char*>(part.iov_base), part.iov_len);
        if (bytes.size() > bytesMax) return -EMSGSIZE;
    }
    auto size = static_cast<int>(bytes.size());
    if (isLocal()) return sendLocally(*to, std::move(bytes));
    if (to->isAny()) {
        to->host =
            to->family == AF_INET ? std::string("\x7f\0\0\1", 4) : std::string(15, '\0') + '\1';
    }
    if (int outcome = bindAny(); outcome < 0) return outcome;
    transmit(*to, bytes);
    return size;
}

int SimDatagram::send(BytesView from) noexcept {
    ::iovec part{const_cast<std::byte*>(from.data()), from.size()};
    ::msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    return sendMessage(message);
}

int SimDatagram::sendLocally(const SimAddress& to, std::string bytes) {
    SimDatagram* receiver = kernel().datagramAt(to, address_);
    if (!receiver) {
        bool isFile = !to.host.empty() && to.host[0] != 0;
        return isFile && !isConnected() && !kernel().isPathTaken(to) ? -ENOENT : -ECONNREFUSED;
    }
    if (receiver->queue_.size() >= queuedMax) return -EAGAIN;
    auto size = static_cast<int>(bytes.size());
    receiver->arrived({address_, std::move(bytes)});
    return size;
}

void SimDatagram::transmit(const SimAddress& to, const std::string& bytes) {
    Faults& faults = kernel().world().faults();
    SimKernel* host = kernel().hostOf(to);
    if (!host || faults.strikes(Fault::lostDatagram)) return;
    travel(*host, to, bytes);
    if (faults.strikes(Fault::doubledDatagram)) travel(*host, to, bytes);
}

void SimDatagram::travel(SimKernel& host, const SimAddress& to, std::string bytes) {
    SimWorld& world = kernel().world();
    Time due = std::max(lastDue_, after(world.now(), world.travelTime(kernel(), host)));
    if (world.faults().strikes(Fault::overtakenDatagram)) {
        due += std::chrono::microseconds(1 + world.choices().magnitude(50'000));
    } else {
        lastDue_ = due;
    }
    SimAddress from = address_;
    if (from.isAny()) from.host = to.isLoopback() ? to.host : kernel().addressFor(to);
    world.at(due, [self = Ref<SimDatagram>(this), host = &host, from, to,
                   bytes = std::move(bytes)]() mutable {
        SimWorld& now = host->world();
        if (now.passableAt(self->kernel(), *host) > now.now()) return;
        SimDatagram* receiver = host->datagramAt(to, from);
        if (!receiver) return self->refuse(*host, to);
        receiver->arrived({from, std::move(bytes)});
    });
}

// Told to a sender that is connected only, as it could not tell which one was refused.
void SimDatagram::refuse(SimKernel& by, const SimAddress& where) {
    if (isClosed_ || !(peer_ == where)) return;
    SimWorld& world = kernel().world();
    world.in(world.travelTime(by, kernel()), [self = Ref<SimDatagram>(this)] {
        if (self->isClosed_) return;
        self->error_ = ECONNREFUSED;
        self->changed();
    });
}

void SimDatagram::arrived(Packet packet) {
    kernel().world().note(kernel(), "~datagram", fd(), static_cast<int>(packet.bytes.size()));
    std::size_t size = packet.bytes.size() + 1;  // one without bytes takes room as well
    if (!isLocal() && queuedBytes_ + size > room_) {
        ++dropped_;
        return;
    }
    packet.dropped = dropped_;
    queuedBytes_ += size;
    queue_.push_back(std::move(packet));
    changed();
}

int SimDatagram::receiveMessage(::msghdr& message) noexcept {
    if (error_) return -std::exchange(error_, 0);
    if (queue_.empty()) return -EAGAIN;
    Packet packet = std::move(queue_.front());
    queue_.pop_front();
    queuedBytes_ -= packet.bytes.size() + 1;
    if (isLocal()) kernel().allChanged();  // there is room for who waits for it
    std::size_t taken = 0;
    for (std::size_t i = 0; i < message.msg_iovlen; ++i) {
        const ::iovec& part = message.msg_iov[i];
        std::size_t count = std::min(part.iov_len, packet.bytes.size() - taken);
        if (count > 0) std::memcpy(part.iov_base, packet.bytes.data() + taken, count);
        taken += count;
    }
    message.msg_flags = taken < packet.bytes.size() ? MSG_TRUNC : 0;
    std::size_t nameBytes = message.msg_name ? message.msg_namelen : 0;
    bool isNamed = !isLocal() || !packet.from.host.empty();
    if (isNamed && nameBytes > 0) packet.from.copyTo(message.msg_name, nameBytes);
    message.msg_namelen = isNamed ? static_cast<socklen_t>(nameBytes) : 0;
    writeDrops(message, packet.dropped);
    return static_cast<int>(taken);
}

void SimDatagram::writeDrops(::msghdr& message, std::uint32_t dropped) const noexcept {
    auto asked = options_.find({SOL_SOCKET, SO_RXQ_OVFL});
    bool isAsked = asked != options_.end() && asked->second != 0;
    bool isRoom = message.msg_controllen >= CMSG_SPACE(sizeof dropped);
    if (!isAsked || !isRoom || dropped == 0) {
        message.msg_controllen = 0;
        return;
    }
    ::cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SO_RXQ_OVFL;
    header->cmsg_len = CMSG_LEN(sizeof dropped);
    std::memcpy(CMSG_DATA(header), &dropped, sizeof dropped);
    message.msg_controllen = CMSG_SPACE(sizeof dropped);
}

int SimDatagram::receive(std::span<std::byte> into) noexcept {
    ::iovec part{into.data(), into.size()};
    ::msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    return receiveMessage(message);
}

}  // namespace wring::detail
