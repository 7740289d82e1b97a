#include <wring/runtime/detail/sim_kernel.hpp>
#include <wring/runtime/detail/sim_stream.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cstring>

// How a simulated stream socket is named, listens and connects.

namespace wring::detail {

namespace {
constexpr unsigned synTries = 6;  // net.ipv4.tcp_syn_retries
}

int SimStream::bind(const void* address, std::size_t bytes) noexcept {
    auto wanted = SimAddress::from(address, bytes);
    if (!wanted || wanted->family != address_.family) return -EINVAL;
    if (state_ != State::fresh || address_.port != 0) return -EINVAL;
    int outcome = kernel().bindPort(*this, *wanted);
    if (outcome == 0) address_ = *wanted;
    return outcome;
}

int SimStream::listen(int backlog) noexcept {
    if (state_ != State::fresh && state_ != State::listening) return -EINVAL;
    if (isLocal() && address_.host.empty()) return -EINVAL;
    if (!isLocal() && address_.port == 0) {
        int outcome = kernel().bindPort(*this, address_);
        if (outcome < 0) return outcome;
    }
    state_ = State::listening;
    backlogMax_ = static_cast<std::size_t>(std::max(backlog, 0)) + 1;
    return 0;
}

int SimStream::accept(Ref<SimObject>& accepted) noexcept {
    if (state_ != State::listening) return -EINVAL;
    if (backlog_.empty()) return -EAGAIN;
    accepted = std::move(backlog_.front());
    backlog_.pop_front();
    return 0;
}

void SimStream::abandonBacklog() {
    for (Ref<SimStream>& each : std::exchange(backlog_, {})) {
        each->isClosed_ = true;
        each->resetPeer();
    }
}

int SimStream::connect(const void* address, std::size_t bytes) noexcept {
    switch (state_) {
        case State::connecting:
            return -EALREADY;
        case State::connected:
            return -EISCONN;
        case State::listening:
            return isLocal() ? -EINVAL : -EISCONN;
        case State::failed:  // may be tried again
        case State::fresh:
            break;
    }
    auto to = SimAddress::from(address, bytes);
    if (!to) return -EINVAL;
    if (to->family != address_.family) return -EAFNOSUPPORT;
    if (isLocal()) return unixConnect(*to);
    if (to->isAny()) {
        bool isFour = to->family == AF_INET;
        to->host = isFour ? std::string("\x7f\0\0\1", 4) : std::string(15, '\0') + '\1';
    }
    if (address_.port == 0) {
        int outcome = kernel().bindPort(*this, address_);
        if (outcome < 0) return outcome;
    }
    if (address_.isAny()) address_.host = to->isLoopback() ? to->host : kernel().addressFor(*to);
    state_ = State::connecting;
    error_ = 0;
    peerAddress_ = *to;
    sendSyn(*to, 0);
    return -EINPROGRESS;
}

int SimStream::connectOutcome() noexcept {
    switch (state_) {
        case State::connecting:
            return -EINPROGRESS;
        case State::connected:
            return 0;
        default:
            return error_ ? -std::exchange(error_, 0) : -ECONNABORTED;
    }
}

void SimStream::meet(SimStream& other) {
    for (SimStream* each : {this, &other}) {
        each->address_.host = each->kernel().addressFor(each->address_);
        each->kernel().bindPort(*each, each->address_);
        each->chooseBuffers();
    }
    peerAddress_ = other.address_;
    other.peerAddress_ = address_;
    join(other);
}

int SimStream::unixConnect(const SimAddress& to) {
    SimStream* listener = kernel().listenerAt(to);
    bool isMissing = to.isFile() && ::access(to.host.c_str(), F_OK) != 0;
    if (!listener) return isMissing ? -ENOENT : -ECONNREFUSED;
    if (listener->backlog_.size() >= listener->backlogMax_) return -EAGAIN;
    auto child = makeRef<SimStream>(kernel(), AF_UNIX);
    child->address_ = peerAddress_ = to;
    child->join(*this);
    listener->backlog_.push_back(child);
    listener->changed();
    return 0;
}

void SimStream::sendSyn(const SimAddress& to, unsigned tries) {
    SimWorld& world = kernel().world();
    Ref<SimStream> self(this);
    auto fail = [&](int error, Duration later) {
        world.in(later, [self, error] { self->connectFailed(error); });
    };
    if (!kernel().hostOf(to)) return fail(EHOSTUNREACH, std::chrono::seconds(3));
    if (world.faults().strikes(Fault::connectUnreachable)) {
        return fail(world.choices().choose(2) ? ENETUNREACH : EHOSTUNREACH, Duration::zero());
    }
    if (world.faults().strikes(Fault::connectBlackHole)) {
        return fail(ETIMEDOUT, std::chrono::seconds(127));
    }
    trySyn(to, tries);
}

void SimStream::trySyn(const SimAddress& to, unsigned tries) {
    SimWorld& world = kernel().world();
    SimKernel* host = kernel().hostOf(to);
    Ref<SimStream> self(this);
    if (isClosed_ || state_ != State::connecting) return;
    if (!host) return retrySyn(to, tries);
    Duration there = world.travelTime(kernel(), *host);
    bool isLost = world.passableAt(kernel(), *host) > world.now() ||
                  world.passableAt(*host, kernel()) > world.now() ||
                  world.faults().strikes(Fault::droppedSyn);
    if (isLost) return retrySyn(to, tries);
    world.in(there, [self, to, tries] {
        SimKernel* target = self->kernel().hostOf(to);
        SimStream* listener = target ? target->listenerAt(to) : nullptr;
        SimWorld& here = self->kernel().world();
        if (self->isClosed_) return;
        if (!listener || here.faults().strikes(Fault::connectRefused)) {
            Duration back = target ? here.travelTime(*target, self->kernel()) : Duration::zero();
            here.in(back, [self] { self->connectFailed(ECONNREFUSED); });
        } else {
            listener->synArrived(*self, to, tries);
        }
    });
}

void SimStream::retrySyn(const SimAddress& to, unsigned tries) {
    Duration delay = std::chrono::seconds(1LL << tries);
    Ref<SimStream> self(this);
    SimWorld& world = kernel().world();
    if (tries == synTries) {
        world.in(delay, [self] { self->connectFailed(ETIMEDOUT); });
    } else {
        world.in(delay, [self, to, tries] { self->trySyn(to, tries + 1); });
    }
}

// At the listening socket.
void SimStream::synArrived(SimStream& client, const SimAddress& to, unsigned tries) {
    SimWorld& world = kernel().world();
    bool isFull = backlog_.size() >= backlogMax_ || world.faults().strikes(Fault::fullBacklog);
    if (isFull) return client.retrySyn(to, tries);
    auto child = makeRef<SimStream>(kernel(), to.family);
    child->address_ = to;
    child->peerAddress_ = client.address_;
    child->state_ = State::connected;
    child->peer_ = &client;
    client.peer_ = child.get();
    child->route_ = &client.kernel();
    client.route_ = &kernel();
    child->chooseBuffers();
    client.chooseBuffers();
    Duration back = world.travelTime(kernel(), client.kernel());
    client.lastDue_ = after(world.now(), back);  // nothing overtakes the answer
    world.at(client.lastDue_, [self = Ref<SimStream>(&client)] { self->established(); });
    backlog_.push_back(std::move(child));
    changed();
}

void SimStream::established() {
    if (isClosed_) return resetPeer();
    if (state_ != State::connecting) return;
    state_ = State::connected;
    changed();
}

void SimStream::connectFailed(int error) {
    if (state_ != State::connecting || isClosed_) return;
    state_ = State::failed;
    error_ = error;
    changed();
}

int SimStream::name(void* into, std::size_t& bytes) const noexcept {
    address_.copyTo(into, bytes);
    return 0;
}

int SimStream::peerName(void* into, std::size_t& bytes) const noexcept {
    if (state_ != State::connected || (isOver() && !isLocal())) return -ENOTCONN;
    SimAddress unnamed;
    unnamed.family = AF_UNIX;
    (isLocal() && peerAddress_.family == 0 ? unnamed : peerAddress_).copyTo(into, bytes);
    return 0;
}

int SimStream::setOption(int level, int option, const void* value, std::size_t bytes) noexcept {
    if (option < 0) return -ENOPROTOOPT;
    if (level == SOL_SOCKET && option == SO_LINGER && bytes >= sizeof(linger)) {
        linger given{};
        std::memcpy(&given, value, sizeof given);
        lingersNot_ = given.l_onoff != 0 && given.l_linger == 0;
        return 0;
    }
    if (level != SOL_SOCKET && isLocal()) return -EOPNOTSUPP;
    if (bytes < sizeof(int)) return -EINVAL;
    int number = 0;
    std::memcpy(&number, value, sizeof number);
    if (level == SOL_SOCKET && (option == SO_SNDBUF || option == SO_RCVBUF)) {
        number *= 2;  // as told when asked for
        (option == SO_SNDBUF ? sendRoom_ : receiveRoom_) = static_cast<std::size_t>(number);
    }
    options_[{level, option}] = number;
    return 0;
}

int SimStream::getOption(int level, int option, void* value, std::size_t& bytes) noexcept {
    if (option < 0) return -ENOPROTOOPT;
    if (level != SOL_SOCKET && isLocal()) return -EOPNOTSUPP;
    if (bytes < sizeof(int)) return -EINVAL;
    int number = 0;
    if (level == SOL_SOCKET && option == SO_ERROR) {
        number = std::exchange(error_, 0);
    } else if (level == SOL_SOCKET && option == SO_ACCEPTCONN) {
        number = state_ == State::listening;
    } else if (level == SOL_SOCKET && option == SO_TYPE) {
        number = SOCK_STREAM;
    } else if (auto found = options_.find({level, option}); found != options_.end()) {
        number = found->second;
    }
    std::memcpy(value, &number, sizeof number);
    bytes = sizeof number;
    return 0;
}

}  // namespace wring::detail
