#include <wring/net/detail/datagram_port.hpp>

#include <wring/runtime/log.hpp>
#include <wring/runtime/reactor.hpp>

#include <net/if.h>
#include <netinet/in.h>
#include <cerrno>
#include <cstring>

namespace wring::detail {

namespace {

constexpr int receivesAtOnce = 64;  // of what is there already, before others get their turn
constexpr std::size_t bytesAtOnce = 256 * 1024;
constexpr unsigned failuresMax = 16;  // in a row, before receiving takes a rest
constexpr Duration rest = std::chrono::milliseconds(50);

in_addr inAddr(const Address& address) noexcept {
    in_addr raw{};
    if (address.family() == AddressFamily::ipv4) {
        raw = reinterpret_cast<const sockaddr_in*>(address.sockaddrData())->sin_addr;
    }
    return raw;
}

int interfaceIndex(const Address& address) noexcept {
    if (address.family() != AddressFamily::ipv6) return 0;
    return static_cast<int>(
        reinterpret_cast<const sockaddr_in6*>(address.sockaddrData())->sin6_scope_id);
}

}  // namespace

DatagramPort::DatagramPort(Reactor& reactor) noexcept
    : ReactorResource(reactor), Timer(&DatagramPort::onDue), receive_(*this) {}

DatagramPort::~DatagramPort() = default;

Ref<DatagramPort> DatagramPort::open(std::unique_ptr<DatagramEnd> end,
                                     Ref<DatagramProtocol> protocol) {
    auto port = makeRef<DatagramPort>(end->reactor());
    port->begin(std::move(end), std::move(protocol));
    return port;
}

Ref<DatagramPort> DatagramPort::closed(Reactor& reactor) {
    auto port = makeRef<DatagramPort>(reactor);
    port->leaveReactor();
    return port;
}

void DatagramPort::begin(std::unique_ptr<DatagramEnd> end, Ref<DatagramProtocol> protocol) {
    end_ = std::move(end);
    protocol_ = std::move(protocol);
    host_ = end_->host();
    peer_ = end_->peer();
    self_ = Ref<DatagramPort>(this);
    try {
        protocol_->doStart(self_);
    } catch (...) {
        Failure failure = Failure::current();
        beginClose();
        failure.raise();
    }
    arm();
}

void DatagramPort::arm() noexcept {
    if (isClosing_ || !end_ || receive_.inFlight()) return;
    if (end_->fitsBuffers()) {
        end_->prepareMulti(receive_);
    } else {
        end_->prepare(receive_);
    }
    reactor().driver().submit(receive_);
}

void DatagramPort::onReceived(Operation& operation, Completion& completion) noexcept {
    DatagramPort& self = static_cast<Receive&>(operation).owner;
    Ref<DatagramPort> alive(&self);
    if (self.isClosing_) {
        if (!completion.more) self.finishClose();
        return;
    }
    if (operation.verb() == Verb::recvmsgMulti) {
        self.takeMessage(completion);
    } else {
        self.takeAll(completion.result);
    }
    if (!self.isArmed()) self.arm();
}

void DatagramPort::takeMessage(Completion& completion) noexcept {
    if (completion.result < 0) return failed(-completion.result);
    failuresInRow_ = 0;
    if (!end_->noteMessage(std::move(completion.bytes))) return;
    while (!isClosing_ && end_->next()) deliver();
    if (end_) end_->forget();
}

void DatagramPort::onDue(Timer& timer) noexcept {
    auto& self = static_cast<DatagramPort&>(timer);
    Ref<DatagramPort> alive(&self);
    if (self.isClosing_) return self.finishClose();
    if (std::exchange(self.wasRefused_, false)) self.failed(ECONNREFUSED);
    self.arm();
}

// What came with it is taken as well: a receive for each would be a turn for each.
void DatagramPort::takeAll(int result) noexcept {
    std::size_t bytes = 0;
    for (int i = 0; i < receivesAtOnce && bytes < bytesAtOnce && !isClosing_; ++i) {
        bytes += result > 0 ? static_cast<std::size_t>(result) : 0;
        take(result);
        if (isClosing_ || isArmed()) return;
        result = end_->receiveNow();
        if (result == -EAGAIN) return;
    }
    if (!isClosing_) take(result);  // it has been received
}

void DatagramPort::take(int result) noexcept {
    if (result < 0) return failed(-result);
    failuresInRow_ = 0;
    end_->note(result);
    while (!isClosing_ && end_->next()) deliver();
}

void DatagramPort::deliver() noexcept {
    try {
        if (end_->isTruncated()) {
            protocol_->datagramTruncated(end_->data(), end_->from());
        } else {
            protocol_->datagramReceived(end_->data(), end_->from());
        }
    } catch (...) {
        log(LogLevel::error,
            "datagrams: the protocol threw: " + Failure::current().getErrorMessage());
    }
}

void DatagramPort::failed(int error) noexcept {
    if (error == ECONNREFUSED && peer_.sockaddrSize() != 0) {
        try {
            protocol_->connectionRefused();
        } catch (...) {
            log(LogLevel::error,
                "datagrams: the protocol threw: " + Failure::current().getErrorMessage());
        }
    } else if (error != ECONNREFUSED && error != EINTR && ++failuresInRow_ > failuresMax) {
        log(LogLevel::warning,
            std::string("datagrams: receiving pauses: ") + ::strerrordesc_np(error));
        failuresInRow_ = 0;
        try {
            reactor().arm(*this, after(reactor().now(), rest));
        } catch (...) {
            beginClose();
        }
    }
}

DatagramEnd& DatagramPort::openEnd() const {
    if (!end_ || isClosing_) throw UsageError(0, "datagrams", "the port has been closed");
    return *end_;
}

DatagramEnd& DatagramPort::ipEnd() const {
    DatagramEnd& end = openEnd();
    if (end.isUnix()) throw UsageError(0, "datagrams", "a UNIX port knows no such thing");
    return end;
}

void DatagramPort::writeTo(std::span<const BytesView> datagrams, const Address* to) {
    if (!end_ || isClosing_) return;
    end_->check(to);
    while (!datagrams.empty()) {
        int result = writeSome(datagrams, to);
        if (result == -EAGAIN || result == -ENOBUFS) return end_->noteUnsent(datagrams.size());
        if (result < 0) datagramFailure(-result, "sendmsg").raise();
    }
}

int DatagramPort::writeSome(std::span<const BytesView>& datagrams, const Address* to) {
    int result = end_->sendSomeNow(datagrams, to);
    if (result != -ECONNREFUSED) return result;
    bool isConnected = end_->isConnected();
    if (end_->isUnix() && !isConnected) return result;
    // Of an earlier datagram: this one has not gone out. Of a UNIX socket it is of this one.
    wasRefused_ = true;
    reactor().arm(*this, reactor().now());
    result = end_->sendSomeNow(datagrams, to);
    if (result != -ECONNREFUSED) return result;
    datagrams = datagrams.subspan(1);
    return 0;
}

void DatagramPort::setBroadcastAllowed(bool allowed) {
    ipEnd().setNumber(SOL_SOCKET, SO_BROADCAST, allowed, "setBroadcastAllowed");
}
bool DatagramPort::getBroadcastAllowed() const {
    return ipEnd().getNumber(SOL_SOCKET, SO_BROADCAST) != 0;
}

void DatagramPort::changeGroup(const Address& group, const Address& interface, bool joins) {
    DatagramEnd& end = ipEnd();
    int result = 0;
    if (group.family() != host_.family()) {
        result = -EAFNOSUPPORT;
    } else if (end.isIPv6()) {
        ipv6_mreq request{};
        request.ipv6mr_multiaddr =
            reinterpret_cast<const sockaddr_in6*>(group.sockaddrData())->sin6_addr;
        request.ipv6mr_interface = static_cast<unsigned>(interfaceIndex(interface));
        result = end.setOption(IPPROTO_IPV6, joins ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &request,
                               sizeof request);
    } else {
        ip_mreqn request{inAddr(group), inAddr(interface), 0};
        result = end.setOption(IPPROTO_IP, joins ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &request,
                               sizeof request);
    }
    if (result < 0) throw MulticastJoinError(-result, joins ? "join" : "leave", group.host());
}

void DatagramPort::joinGroup(const Address& group, const Address& interface) {
    changeGroup(group, interface, true);
}
void DatagramPort::leaveGroup(const Address& group, const Address& interface) {
    changeGroup(group, interface, false);
}

void DatagramPort::setTTL(unsigned ttl) {
    DatagramEnd& end = ipEnd();
    end.setNumber(end.isIPv6() ? IPPROTO_IPV6 : IPPROTO_IP,
                  end.isIPv6() ? IPV6_MULTICAST_HOPS : IP_MULTICAST_TTL, static_cast<int>(ttl),
                  "setTTL");
}
unsigned DatagramPort::getTTL() const {
    DatagramEnd& end = ipEnd();
    return static_cast<unsigned>(
        end.getNumber(end.isIPv6() ? IPPROTO_IPV6 : IPPROTO_IP,
                      end.isIPv6() ? IPV6_MULTICAST_HOPS : IP_MULTICAST_TTL));
}

void DatagramPort::setLoopbackMode(bool on) {
    DatagramEnd& end = ipEnd();
    end.setNumber(end.isIPv6() ? IPPROTO_IPV6 : IPPROTO_IP,
                  end.isIPv6() ? IPV6_MULTICAST_LOOP : IP_MULTICAST_LOOP, on, "setLoopbackMode");
}
bool DatagramPort::getLoopbackMode() const {
    DatagramEnd& end = ipEnd();
    return end.getNumber(end.isIPv6() ? IPPROTO_IPV6 : IPPROTO_IP,
                         end.isIPv6() ? IPV6_MULTICAST_LOOP : IP_MULTICAST_LOOP) != 0;
}

void DatagramPort::setOutgoingInterface(const Address& interface) {
    DatagramEnd& end = ipEnd();
    if (interface.family() != host_.family()) {
        throw InvalidAddressError(0, "setOutgoingInterface", interface.format());
    }
    if (end.isIPv6()) {
        end.setNumber(IPPROTO_IPV6, IPV6_MULTICAST_IF, interfaceIndex(interface),
                      "setOutgoingInterface");
        return;
    }
    in_addr raw = inAddr(interface);
    int result = end.setOption(IPPROTO_IP, IP_MULTICAST_IF, &raw, sizeof raw);
    if (result < 0) throw Error(-result, "setOutgoingInterface");
}

void DatagramPort::connect(const Address& peer) {
    DatagramEnd& end = openEnd();
    end.connect(peer);
    peer_ = end.peer();
    host_ = end.host();
}

UdpStats DatagramPort::stats() const noexcept { return end_ ? end_->stats() : stats_; }

Deferred<> DatagramPort::stopListening() {
    if (!end_) return succeed();
    Deferred<> ended;
    stopping_.push_back(ended);
    beginClose();
    return ended;
}

// Closed in a later turn even where it could be done at once: who asks may be in a callback.
void DatagramPort::beginClose() noexcept {
    if (isClosing_ || !end_) return;
    isClosing_ = true;
    if (receive_.inFlight()) {
        reactor().driver().cancel(receive_);
        return;
    }
    try {
        reactor().arm(*this, reactor().now());
    } catch (...) {
        finishClose();
    }
}

void DatagramPort::finishClose() noexcept {
    Ref<DatagramPort> self = std::move(self_);
    reactor().disarm(*this);
    stats_ = end_->stats();
    end_.reset();
    leaveReactor();
    Result<void> result;
    try {
        Ref<DatagramProtocol> protocol = std::move(protocol_);
        protocol->doStop();
    } catch (...) {
        result = Failure::current();
    }
    for (Deferred<>& each : std::exchange(stopping_, {})) {
        if (!each.called()) each.callback(result);
    }
}

}  // namespace wring::detail

namespace wring {

UdpOptions::UdpOptions() = default;
UdpOptions::UdpOptions(const UdpOptions&) = default;
UdpOptions& UdpOptions::operator=(const UdpOptions&) = default;
UdpOptions::~UdpOptions() = default;

Ref<IUDPTransport> listenUDP(Reactor& reactor, std::uint16_t port, Ref<DatagramProtocol> protocol,
                             UdpOptions options) {
    return detail::DatagramPort::open(detail::DatagramEnd::openUdp(reactor, port, options),
                                      std::move(protocol));
}

}  // namespace wring
