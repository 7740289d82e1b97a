#include <wring/net/detail/udp_port.hpp>

#include <wring/runtime/log.hpp>
#include <wring/runtime/reactor.hpp>

#include <net/if.h>
#include <netinet/in.h>
#include <cerrno>
#include <cstring>

namespace wring::detail {

namespace {

constexpr int datagramsAtOnce = 64;   // that are there already, before others get their turn
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

UdpPort::UdpPort(Reactor& reactor, std::uint16_t port, const UdpOptions& options,
                 Ref<DatagramProtocol> protocol)
    : ReactorResource(reactor),
      Timer(&UdpPort::onDue),
      receive_(*this),
      end_(std::make_unique<UdpEnd>(reactor, port, options)),
      protocol_(std::move(protocol)),
      host_(end_->host()) {}

UdpPort::~UdpPort() = default;

void UdpPort::begin() {
    self_ = Ref<UdpPort>(this);
    try {
        protocol_->doStart(self_);
    } catch (...) {
        Failure failure = Failure::current();
        beginClose();
        failure.raise();
    }
    arm();
}

void UdpPort::arm() noexcept {
    if (isClosing_ || !end_ || receive_.inFlight()) return;
    end_->prepare(receive_);
    reactor().driver().submit(receive_);
}

void UdpPort::onReceived(Operation& operation, Completion& completion) noexcept {
    UdpPort& self = static_cast<Receive&>(operation).owner;
    Ref<UdpPort> alive(&self);
    if (self.isClosing_) return self.finishClose();
    self.takeAll(completion.result);
    if (!self.isArmed()) self.arm();
}

void UdpPort::onDue(Timer& timer) noexcept {
    auto& self = static_cast<UdpPort&>(timer);
    Ref<UdpPort> alive(&self);
    if (self.isClosing_) return self.finishClose();
    if (std::exchange(self.wasRefused_, false)) self.failed(ECONNREFUSED);
    self.arm();
}

// What came with it is taken as well: a receive for each would be a turn for each.
void UdpPort::takeAll(int result) noexcept {
    for (int i = 0; i < datagramsAtOnce && !isClosing_; ++i) {
        take(result);
        if (isClosing_ || isArmed()) return;
        result = end_->receiveNow();
        if (result == -EAGAIN) return;
    }
}

void UdpPort::take(int result) noexcept {
    if (result < 0) return failed(-result);
    failuresInRow_ = 0;
    end_->note(result);
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

void UdpPort::failed(int error) noexcept {
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

UdpEnd& UdpPort::openEnd() const {
    if (!end_ || isClosing_) throw UsageError(0, "datagrams", "the port has been closed");
    return *end_;
}

void UdpPort::writeTo(BytesView data, const Address* to) {
    if (!end_ || isClosing_) return;
    end_->check(to);
    int result = end_->sendNow(data, to);
    if (result == -ECONNREFUSED) {  // of an earlier datagram: this one has not gone out
        wasRefused_ = true;
        reactor().arm(*this, reactor().now());
        result = end_->sendNow(data, to);
    }
    if (result == 0 || result == -ECONNREFUSED) return;
    if (result == -EAGAIN || result == -ENOBUFS) return end_->noteUnsent();
    datagramFailure(-result, "sendmsg").raise();
}

void UdpPort::setBroadcastAllowed(bool allowed) {
    openEnd().setNumber(SOL_SOCKET, SO_BROADCAST, allowed, "setBroadcastAllowed");
}
bool UdpPort::getBroadcastAllowed() const {
    return openEnd().getNumber(SOL_SOCKET, SO_BROADCAST) != 0;
}

void UdpPort::changeGroup(const Address& group, const Address& interface, bool joins) {
    UdpEnd& end = openEnd();
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

void UdpPort::joinGroup(const Address& group, const Address& interface) {
    changeGroup(group, interface, true);
}
void UdpPort::leaveGroup(const Address& group, const Address& interface) {
    changeGroup(group, interface, false);
}

void UdpPort::setTTL(unsigned ttl) {
    UdpEnd& end = openEnd();
    end.setNumber(end.isIPv6() ? IPPROTO_IPV6 : IPPROTO_IP,
                  end.isIPv6() ? IPV6_MULTICAST_HOPS : IP_MULTICAST_TTL, static_cast<int>(ttl),
                  "setTTL");
}
unsigned UdpPort::getTTL() const {
    UdpEnd& end = openEnd();
    return static_cast<unsigned>(
        end.getNumber(end.isIPv6() ? IPPROTO_IPV6 : IPPROTO_IP,
                      end.isIPv6() ? IPV6_MULTICAST_HOPS : IP_MULTICAST_TTL));
}

void UdpPort::setLoopbackMode(bool on) {
    UdpEnd& end = openEnd();
    end.setNumber(end.isIPv6() ? IPPROTO_IPV6 : IPPROTO_IP,
                  end.isIPv6() ? IPV6_MULTICAST_LOOP : IP_MULTICAST_LOOP, on, "setLoopbackMode");
}
bool UdpPort::getLoopbackMode() const {
    UdpEnd& end = openEnd();
    return end.getNumber(end.isIPv6() ? IPPROTO_IPV6 : IPPROTO_IP,
                         end.isIPv6() ? IPV6_MULTICAST_LOOP : IP_MULTICAST_LOOP) != 0;
}

void UdpPort::setOutgoingInterface(const Address& interface) {
    UdpEnd& end = openEnd();
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

void UdpPort::connect(const Address& peer) {
    UdpEnd& end = openEnd();
    end.connect(peer);
    peer_ = end.peer();
    host_ = end.host();
}

UdpStats UdpPort::stats() const noexcept { return end_ ? end_->stats() : stats_; }

Deferred<> UdpPort::stopListening() {
    if (!end_) return succeed();
    Deferred<> ended;
    stopping_.push_back(ended);
    beginClose();
    return ended;
}

// Closed in a later turn even where it could be done at once: who asks may be in a callback.
void UdpPort::beginClose() noexcept {
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

void UdpPort::finishClose() noexcept {
    Ref<UdpPort> self = std::move(self_);
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
    auto opened = makeRef<detail::UdpPort>(reactor, port, options, std::move(protocol));
    opened->begin();
    return opened;
}

}  // namespace wring
