#include <wring/net/udp_socket.hpp>

#include <wring/net/detail/udp_end.hpp>
#include <wring/runtime/detail/operation_awaiter.hpp>
#include <wring/runtime/reactor.hpp>

#include <poll.h>
#include <cerrno>
#include <utility>

namespace wring {

UdpSocket::UdpSocket(Reactor& reactor, std::uint16_t port, const UdpOptions& options)
    : end_(new detail::UdpEnd(reactor, port, options)) {}

UdpSocket::UdpSocket(UdpSocket&& other) noexcept : end_(std::exchange(other.end_, nullptr)) {}

UdpSocket& UdpSocket::operator=(UdpSocket&& other) noexcept {
    std::swap(end_, other.end_);
    return *this;
}

UdpSocket::~UdpSocket() { delete end_; }

Task<Datagram> UdpSocket::receiveFrom() {
    detail::UdpEnd& end = *end_;
    detail::OperationAwaiter receiving(end.reactor().driver());
    end.prepare(receiving.operation());
    int result = co_await receiving;
    if (result < 0) co_return detail::datagramFailure(-result, "recvmsg");
    end.note(result);
    Datagram datagram(Bytes::copyOf(end.data()), end.from(), end.isTruncated());
    co_return datagram;
}

Task<> UdpSocket::sendTo(BytesView data, Address to) { return sendWith(end_, data, &to, to); }

Task<> UdpSocket::send(BytesView data) { return sendWith(end_, data, nullptr, Address()); }

Task<> UdpSocket::sendWith(detail::UdpEnd* end, BytesView data, const Address* to, Address copy) {
    if (to) to = &copy;  // the caller's may be gone by now
    end->check(to);
    for (;;) {
        int result = end->sendNow(data, to);
        if (result == 0) co_return;
        if (result != -EAGAIN) detail::datagramFailure(-result, "sendmsg").raise();
        detail::OperationAwaiter room(end->reactor().driver());
        room.operation().preparePoll(end->fd(), POLLOUT);
        int polled = co_await room;
        if (polled < 0) detail::datagramFailure(-polled, "poll").raise();
    }
}

void UdpSocket::connect(const Address& peer) { end_->connect(peer); }
Address UdpSocket::getHost() const noexcept { return end_->host(); }
UdpStats UdpSocket::stats() const noexcept { return end_->stats(); }

}  // namespace wring
