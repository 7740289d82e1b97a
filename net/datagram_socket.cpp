#include <wring/net/datagram_socket.hpp>

#include <wring/deferred/sleep.hpp>
#include <wring/net/detail/datagram_end.hpp>
#include <wring/net/udp_socket.hpp>
#include <wring/net/unix_datagram_socket.hpp>
#include <wring/runtime/detail/operation_awaiter.hpp>
#include <wring/runtime/reactor.hpp>

#include <poll.h>
#include <algorithm>
#include <cerrno>
#include <utility>

namespace wring {

namespace {

using std::chrono::milliseconds;
constexpr Duration restMin = milliseconds(1);
constexpr Duration restMax = milliseconds(50);

// Where the kernel cannot tell of room it would be asked without end.
Task<> waitForRoom(detail::DatagramEnd* end, Duration* rest) {
    if (end->isUnix() && !end->isConnected()) {
        co_await sleepFor(*rest, end->reactor());
        *rest = std::min(*rest * 2, restMax);
        co_return;
    }
    detail::OperationAwaiter room(end->reactor().driver());
    room.operation().preparePoll(end->fd(), POLLOUT);
    int polled = co_await room;
    if (polled < 0) detail::datagramFailure(-polled, "poll").raise();
}

}  // namespace

DatagramSocket::DatagramSocket(std::unique_ptr<detail::DatagramEnd> end) noexcept
    : end_(end.release()) {}

DatagramSocket::DatagramSocket(DatagramSocket&& other) noexcept
    : end_(std::exchange(other.end_, nullptr)) {}

DatagramSocket& DatagramSocket::operator=(DatagramSocket&& other) noexcept {
    std::swap(end_, other.end_);
    return *this;
}

DatagramSocket::~DatagramSocket() { delete end_; }

Task<Datagram> DatagramSocket::receiveFrom() {
    detail::DatagramEnd& end = *end_;
    if (!end.hasMore()) {
        detail::OperationAwaiter receiving(end.reactor().driver());
        end.prepare(receiving.operation());
        int result = co_await receiving;
        if (result < 0) co_return detail::datagramFailure(-result, "recvmsg");
        end.note(result);
    }
    end.next();
    Datagram datagram(Bytes::copyOf(end.data()), end.from(), end.isTruncated());
    co_return datagram;
}

Task<> DatagramSocket::sendTo(BytesView data, Address to) {
    return sendOne(end_, data, true, std::move(to));
}

Task<> DatagramSocket::send(BytesView data) { return sendOne(end_, data, false, {}); }

Task<> DatagramSocket::sendManyTo(std::span<const BytesView> datagrams, Address to) {
    return sendAll(end_, datagrams, true, std::move(to));
}

Task<> DatagramSocket::sendMany(std::span<const BytesView> datagrams) {
    return sendAll(end_, datagrams, false, {});
}

Task<> DatagramSocket::sendOne(detail::DatagramEnd* end, BytesView data, bool hasAddress,
                               Address address) {
    co_await sendAll(end, std::span(&data, 1), hasAddress, std::move(address));
}

Task<> DatagramSocket::sendAll(detail::DatagramEnd* end, std::span<const BytesView> datagrams,
                               bool hasAddress, Address address) {
    const Address* to = hasAddress ? &address : nullptr;
    end->check(to);
    Duration rest = restMin;
    while (!datagrams.empty()) {
        int result = end->sendSomeNow(datagrams, to);
        if (result == -EAGAIN) {
            co_await waitForRoom(end, &rest);
        } else if (result < 0) {
            detail::datagramFailure(-result, "sendmsg").raise();
        }
    }
}

void DatagramSocket::connect(const Address& peer) { end_->connect(peer); }
Address DatagramSocket::getHost() const noexcept { return end_->host(); }
UdpStats DatagramSocket::stats() const noexcept { return end_->stats(); }

UdpSocket::UdpSocket(Reactor& reactor, std::uint16_t port, const UdpOptions& options)
    : DatagramSocket(detail::DatagramEnd::openUdp(reactor, port, options)) {}

UNIXDatagramSocket::UNIXDatagramSocket(Reactor& reactor, const std::string& path,
                                       const UNIXDatagramOptions& options)
    : DatagramSocket(detail::DatagramEnd::openUnix(reactor, path, options)) {}

}  // namespace wring
