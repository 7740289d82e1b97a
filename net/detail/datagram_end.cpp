#include <wring/net/detail/datagram_end.hpp>

#include <wring/net/socket.hpp>
#include <wring/runtime/detail/buffer_pool.hpp>
#include <wring/runtime/detail/message_layout.hpp>
#include <wring/runtime/reactor.hpp>

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/uio.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace wring::detail {

namespace {

constexpr std::size_t packetBytesMax = 65536;
constexpr std::size_t togetherMax = 64;          // datagrams that one call hands over …
constexpr std::size_t togetherBytesMax = 65000;  // … and their bytes

Address addressOf(const std::string& interface, std::uint16_t port) {
    if (interface.empty()) return Address::any4(port);
    if (auto address = Address::parse(interface, port)) return *address;
    throw InvalidAddressError(0, "listenUDP", "'" + interface + "' is not an IPv4 or IPv6 address");
}

Address addressOf(const std::string& path) {
    if (auto address = Address::fromPath(path)) return *address;
    bool isLong = path.size() > Address::pathBytesMax;
    throw CannotListenError({}, path, isLong ? ENAMETOOLONG : EINVAL);
}

// How many from the front are of one size, but for the last of them, which may be shorter.
std::size_t equalOnes(std::span<const BytesView> datagrams) noexcept {
    const std::size_t size = datagrams.front().size();
    std::size_t count = 1;
    std::size_t bytes = size;
    while (size > 0 && count < std::min(datagrams.size(), togetherMax)) {
        const std::size_t next = datagrams[count].size();
        if (next == 0 || next > size || bytes + next > togetherBytesMax) break;
        ++count;
        bytes += next;
        if (next < size) break;
    }
    return count;
}

// What a kernel or an interface says that cannot split what it is given.
bool cannotSplit(int error) noexcept {
    return error == EIO || error == EOPNOTSUPP || error == ENOPROTOOPT;
}

}  // namespace

Failure datagramFailure(int code, const char* operation) noexcept {
    switch (code) {
        case EMSGSIZE:
            return Failure::of<MessageLengthError>(code, operation);
        case ECONNREFUSED:
            return Failure::of<ConnectionRefusedError>(code, operation);
        case ECANCELED:
            return Failure::of<CancelledError>(code, operation);
        default:
            return Failure::of<Error>(code, operation);
    }
}

DatagramEnd::DatagramEnd(Reactor& reactor, std::size_t bytesMax) noexcept
    : reactor_(reactor), bytesMax_(std::clamp(bytesMax, std::size_t{1}, packetBytesMax)) {}

DatagramEnd::~DatagramEnd() {
    if (fd_ >= 0) reactor_.closeDescriptor(fd_);
}

std::unique_ptr<DatagramEnd> DatagramEnd::openUdp(Reactor& reactor, std::uint16_t port,
                                                  const UdpOptions& options) {
    Address address = addressOf(options.interface, port);
    std::unique_ptr<DatagramEnd> end(new DatagramEnd(reactor, options.maxPacketSize));
    end->openIP(address, options);
    end->host_ = hostOf(reactor, end->fd_);
    return end;
}

std::unique_ptr<DatagramEnd> DatagramEnd::openUnix(Reactor& reactor, const std::string& path,
                                                   const UNIXDatagramOptions& options) {
    std::unique_ptr<DatagramEnd> end(new DatagramEnd(reactor, options.maxPacketSize));
    int result = end->openSocket(AF_UNIX);
    try {
        if (result >= 0 && !path.empty()) {
            result = end->file_.bind(reactor.driver(), end->fd_, addressOf(path),
                                     SocketFile::absolute(path), options.mode);
        }
    } catch (const std::system_error& error) {
        result = -error.code().value();
    }
    if (result < 0) throw CannotListenError({}, path, -result);
    end->makeRoom(false);
    end->host_ = hostOf(reactor, end->fd_);
    return end;
}

int DatagramEnd::openSocket(int family) noexcept {
    Driver& driver = reactor_.driver();
    fd_ = driver.openSocket(family, SOCK_DGRAM, 0);
    const int yes = 1;
    if (fd_ >= 0) setOption(SOL_SOCKET, SO_RXQ_OVFL, &yes, sizeof yes);  // else drops do not count
    return fd_;
}

void DatagramEnd::openIP(const Address& address, const UdpOptions& options) {
    const int yes = 1;
    int result = openSocket(address.sockaddrData()->sa_family);
    if (result >= 0 && address.family() == AddressFamily::ipv6) {
        result = setOption(IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
    }
    if (result >= 0) result = bindShared(address, options.listenMultiple);
    if (result < 0) {
        throw CannotListenError(options.interface, std::to_string(address.port()), -result);
    }
    bool isSplit = options.offload && setOption(IPPROTO_UDP, UDP_GRO, &yes, sizeof yes) == 0;
    const int none = 0;
    sendsTogether_ =
        options.offload && setOption(IPPROTO_UDP, UDP_SEGMENT, &none, sizeof none) == 0;
    makeRoom(isSplit);
}

int DatagramEnd::bindShared(const Address& address, bool isShared) noexcept {
    const int yes = 1;
    int result = 0;
    if (isShared) {
        result = setOption(SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (result >= 0) result = setOption(SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
    }
    if (result < 0) return result;
    return reactor_.driver().bind(fd_, address.sockaddrData(), address.sockaddrSize());
}

// Of what is put together nothing may be cut off: that would be whole datagrams.
void DatagramEnd::makeRoom(bool isSplit) {
    roomBytes_ = isSplit ? packetBytesMax : bytesMax_;
    room_ = std::make_unique<std::byte[]>(roomBytes_);
}

void DatagramEnd::connect(const Address& peer) {
    if (isConnected()) throw UsageError(0, "connect", "the socket is connected already");
    if (peer.family() != host_.family()) {
        throw InvalidAddressError(0, "connect", "'" + peer.format() + "' is of another family");
    }
    int result = reactor_.driver().connectNow(fd_, peer.sockaddrData(), peer.sockaddrSize());
    if (result < 0) connectFailure(-result).raise();
    peer_ = peer;
    host_ = hostOf(reactor_, fd_);
}

void DatagramEnd::resetMessage() noexcept {
    part_ = {room_.get(), roomBytes_};
    message_ = {};
    message_.msg_name = &name_;
    message_.msg_namelen = sizeof name_;
    message_.msg_iov = &part_;
    message_.msg_iovlen = 1;
    message_.msg_control = control_.data();
    message_.msg_controllen = control_.size();
}

void DatagramEnd::prepare(Operation& receive) noexcept {
    resetMessage();
    receive.prepareRecvmsg(fd_, message_);
}

int DatagramEnd::receiveNow() noexcept {
    resetMessage();
    return reactor_.driver().receiveMessageNow(fd_, message_);
}

void DatagramEnd::note(int bytes) noexcept {
    std::size_t size = std::min(static_cast<std::size_t>(bytes), roomBytes_);
    auto nameSize = std::min<std::size_t>(message_.msg_namelen, sizeof name_);
    auto controlSize = std::min<std::size_t>(message_.msg_controllen, control_.size());
    bool isCut = (message_.msg_flags & MSG_TRUNC) != 0;
    noteParts(std::as_bytes(std::span(&name_, 1)).first(nameSize),
              BytesView(control_).first(controlSize), {room_.get(), size}, isCut);
}

void DatagramEnd::noteParts(BytesView name, BytesView control, BytesView data,
                            bool isCut) noexcept {
    DatagramNotes notes = readNotes(control);
    if (notes.dropped) stats_.dropped = unsent_ + *notes.dropped;
    sender_ = Address::fromSockaddr(name.data(), name.size());
    split_ = DatagramSplit(data, notes.segmentBytes, bytesMax_, isCut);
}

bool DatagramEnd::fitsBuffers() const noexcept {
    ::msghdr rooms{};
    rooms.msg_namelen = sizeof name_;
    rooms.msg_controllen = control_.size();
    return messageOverhead(rooms) + roomBytes_ <= reactor_.driver().buffers().messageBytes();
}

void DatagramEnd::prepareMulti(Operation& receive) noexcept {
    message_ = {};
    message_.msg_namelen = sizeof name_;
    message_.msg_controllen = control_.size();
    receive.prepareRecvmsgMulti(fd_, message_);
}

bool DatagramEnd::noteMessage(Bytes message) noexcept {
    held_ = std::move(message);
    auto view = MessageView::read(held_.view(), message_.msg_namelen, message_.msg_controllen);
    if (view) noteParts(view->name, view->control, view->payload, view->isCut);
    return view.has_value();
}

bool DatagramEnd::next() noexcept {
    if (!split_.next()) return false;
    ++stats_.received;
    if (split_.isTruncated()) ++stats_.truncated;
    return true;
}

void DatagramEnd::check(const Address* to) const {
    if (!to) {
        if (isConnected()) return;
        throw UsageError(0, "write", "the socket is not connected: say where to send it");
    }
    if (isConnected() && *to != peer_) {
        throw UsageError(0, "write", "the socket is connected to " + peer_.format());
    }
    if (to->family() == host_.family()) return;
    const char* kind = isUnix() ? "a UNIX" : isIPv6() ? "an IPv6" : "an IPv4";
    throw InvalidAddressError(0, "write",
                              std::string(kind) + " port cannot write to '" + to->format() + "'");
}

int DatagramEnd::sendNow(BytesView data, const Address* to) noexcept {
    std::span<const BytesView> one(&data, 1);
    return sendSomeNow(one, to);
}

int DatagramEnd::sendSomeNow(std::span<const BytesView>& datagrams, const Address* to) noexcept {
    std::size_t count = sendsTogether_ ? equalOnes(datagrams) : 1;
    int result = send(datagrams.first(count), to);
    if (result < 0 && count > 1) {
        // Each for itself tells whether it was the being together, and else which one it was.
        if (cannotSplit(-result)) sendsTogether_ = false;
        result = send(datagrams.first(count = 1), to);
    }
    if (result < 0) return result;
    stats_.sent += count;
    datagrams = datagrams.subspan(count);
    return 0;
}

int DatagramEnd::send(std::span<const BytesView> datagrams, const Address* to) noexcept {
    std::array<::iovec, togetherMax> parts;
    for (std::size_t i = 0; i < datagrams.size(); ++i) {
        parts[i] = {const_cast<std::byte*>(datagrams[i].data()), datagrams[i].size()};
    }
    ::msghdr message{};
    if (to && !isConnected()) {
        message.msg_name = const_cast<::sockaddr*>(to->sockaddrData());
        message.msg_namelen = to->sockaddrSize();
    }
    message.msg_iov = parts.data();
    message.msg_iovlen = datagrams.size();
    alignas(::cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(std::uint16_t))> control{};
    if (datagrams.size() > 1) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        ::cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = IPPROTO_UDP;
        header->cmsg_type = UDP_SEGMENT;
        header->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
        auto size = static_cast<std::uint16_t>(datagrams.front().size());
        std::memcpy(CMSG_DATA(header), &size, sizeof size);
    }
    int result = reactor_.driver().sendMessageNow(fd_, message);
    // What a UNIX socket says from the second datagram on to a peer that has gone.
    return result == -ENOTCONN && isUnix() ? -ECONNREFUSED : std::min(result, 0);
}

void DatagramEnd::noteUnsent(std::size_t count) noexcept {
    unsent_ += count;
    stats_.dropped += count;
}

int DatagramEnd::setOption(int level, int option, const void* value, std::size_t bytes) noexcept {
    return reactor_.driver().setOption(fd_, level, option, value, bytes);
}

void DatagramEnd::setNumber(int level, int option, int value, const char* what) {
    int result = setOption(level, option, &value, sizeof value);
    if (result < 0) throw Error(-result, what);
}

int DatagramEnd::getNumber(int level, int option) const noexcept {
    int value = 0;
    std::size_t bytes = sizeof value;
    reactor_.driver().getOption(fd_, level, option, &value, bytes);
    return value;
}

}  // namespace wring::detail
