#include <wring/runtime/detail/sim_stream.hpp>

#include <wring/runtime/detail/sim_kernel.hpp>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

// Buffers, segments, ends and resets; how a connection comes about is in sim_connect.cpp.

namespace wring::detail {

SimStream::SimStream(SimKernel& kernel, int family) : SimObject(kernel) {
    address_.family = family;
    if (family == AF_INET) address_.host.assign(4, '\0');
    if (family == AF_INET6) address_.host.assign(16, '\0');
}

SimStream::~SimStream() {
    if (peer_) peer_->peer_ = nullptr;
}

void SimStream::chooseBuffers() {
    SimWorld& world = kernel().world();
    if (world.faults().strikes(Fault::smallSendBuffer)) {
        sendRoom_ = 1 + world.choices().magnitude(8192);
    }
    if (world.faults().strikes(Fault::smallReceiveBuffer)) {
        receiveRoom_ = 1 + world.choices().magnitude(8192);
    }
}

void SimStream::join(SimStream& other) noexcept {
    peer_ = &other;
    other.peer_ = this;
    route_ = &other.kernel();
    other.route_ = &kernel();
    state_ = other.state_ = State::connected;
}

unsigned SimStream::readiness() const noexcept {
    if (state_ == State::listening) return backlog_.empty() ? 0 : POLLIN;
    if (state_ == State::connecting) return 0;
    if (state_ != State::connected) return POLLOUT | POLLHUP | (error_ ? POLLERR : 0);
    unsigned ready = 0;
    bool isAtEnd = hasEnd_ || isReset_ || isReceiveShut_;
    if (!arrived_.empty() || isAtEnd || error_) ready |= POLLIN;
    if (isAtEnd) ready |= POLLRDHUP;
    if (sendSpace() > 0 || isSendShut_ || isReset_ || error_) ready |= POLLOUT;
    if (isReset_ || ((hasEnd_ || isReceiveShut_) && isSendShut_)) ready |= POLLHUP;
    return error_ ? ready | POLLERR : ready;
}

std::size_t SimStream::sendSpace() const noexcept {
    std::size_t used = outgoing_.size() + (peer_ ? peer_->wireBytes_ : 0);
    if (isLocal() && peer_) used += peer_->arrived_.size();  // its until it is received
    return used < sendRoom_ ? sendRoom_ - used : 0;
}

int SimStream::receive(std::span<std::byte> into) noexcept {
    if (state_ == State::connecting) return -EAGAIN;
    if (state_ != State::connected) {
        if (error_) return -std::exchange(error_, 0);
        return isLocal() ? -EINVAL : -ENOTCONN;
    }
    if (!arrived_.empty()) {
        auto count = static_cast<int>(arrived_.take(into));
        if (peer_) {
            peer_->pump();
            if (isLocal() && peer_) peer_->changed();
        }
        return count;
    }
    if (hasEnd_ && !isLocal()) return 0;  // whatever came after the end
    if (error_) return -std::exchange(error_, 0);
    return hasEnd_ || isReset_ || isReceiveShut_ ? 0 : -EAGAIN;
}

int SimStream::send(BytesView from) noexcept {
    if (isLocal() && state_ != State::connected) return -ENOTCONN;
    if (error_ && !isLocal()) return -std::exchange(error_, 0);
    if (state_ != State::connected) return state_ == State::connecting ? -EAGAIN : -EPIPE;
    if (isSendShut_ || isReset_ || (isLocal() && !peer_)) return -EPIPE;
    std::size_t count = std::min(from.size(), sendSpace());
    if (count == 0) return from.empty() ? 0 : -EAGAIN;
    outgoing_.append(asText(from.first(count)));
    pump();
    return static_cast<int>(count);
}

int SimStream::read(std::span<std::byte> into, std::int64_t offset) noexcept {
    return offset > 0 ? -ESPIPE : receive(into);
}

int SimStream::write(BytesView from, std::int64_t offset) noexcept {
    return offset > 0 ? -ESPIPE : send(from);
}

// Gives to the wire what the other end has room for.
void SimStream::pump() {
    if (state_ != State::connected || isReset_) return;
    Ref<SimStream> self(this);
    if (!peer_) return peerIsGone();
    SimWorld& world = kernel().world();
    while (!outgoing_.empty()) {
        std::size_t waiting = peer_->arrived_.size() + peer_->wireBytes_;
        std::size_t window = peer_->receiveRoom_ > waiting ? peer_->receiveRoom_ - waiting : 0;
        std::size_t count = std::min(outgoing_.size(), peer_->isClosed_ ? std::size_t{1} : window);
        if (count == 0) return;
        if (world.faults().strikes(Fault::smallSegments)) {
            count -= world.choices().choose(static_cast<std::uint32_t>(count));
        }
        transmit(Kind::data, outgoing_.take(count));
        if (world.faults().strikes(Fault::reset)) return breakConnection();
        if (!peer_) return;
    }
    if (isSendShut_ && !std::exchange(isEndSent_, true)) transmit(Kind::end, {});
    letGoIfDone();
}

void SimStream::transmit(Kind kind, std::string bytes) {
    SimWorld& world = kernel().world();
    Time due = after(world.now(), world.travelTime(kernel(), peer_->kernel()));
    peer_->receiveSegment({due, kind, std::move(bytes), kernel().number()});
}

void SimStream::receiveSegment(Segment segment) {
    segment.due = lastDue_ = std::max(lastDue_, segment.due);
    wireBytes_ += segment.bytes.size();
    Time due = segment.due;
    wire_.push_back(std::move(segment));
    kernel().world().at(due, [self = Ref<SimStream>(this)] { self->deliverDue(); });
}

void SimStream::healed() noexcept {
    sendRoom_ = std::max(sendRoom_, sendRoomUsual);
    receiveRoom_ = std::max(receiveRoom_, receiveRoomUsual);
    kernel().world().in(Duration::zero(), [self = Ref<SimStream>(this)] {
        self->deliverDue();
        if (self->peer_) self->peer_->pump();
        self->changed();
    });
}

void SimStream::deliverDue() {
    SimWorld& world = kernel().world();
    while (!wire_.empty() && wire_.front().due <= world.now()) {
        Time clearAt = route_ ? world.passableAt(*route_, kernel()) : world.now();
        if (clearAt > world.now()) {
            world.at(clearAt, [self = Ref<SimStream>(this)] { self->deliverDue(); });
            return;
        }
        Segment segment = std::move(wire_.front());
        wire_.pop_front();
        wireBytes_ -= segment.bytes.size();
        constexpr const char* names[] = {"~data", "~end", "~reset"};
        world.note(kernel(), names[static_cast<std::size_t>(segment.kind)], fd(),
                   static_cast<std::int64_t>(segment.bytes.size()));
        arrived(segment);
    }
}

void SimStream::arrived(Segment& segment) {
    if (segment.kind == Kind::reset) return resetArrived();
    if (isReset_) return;
    if (isClosed_) {
        if (segment.kind == Kind::data) return resetPeer();
        hasEnd_ = true;
        return letGoIfDone();
    }
    if (segment.kind == Kind::data) {
        arrived_.append(segment.bytes);
        if (peer_) {
            peer_->changed();  // there is room in its buffer
            peer_->pump();
        }
    } else {
        hasEnd_ = true;
    }
    changed();
}

void SimStream::resetArrived() {
    if (isReset_) return;
    bool wasOver = isOver();
    isReset_ = true;
    if (!wasOver) error_ = hasEnd_ && !isSendShut_ ? EPIPE : ECONNRESET;
    outgoing_.clear();
    if (peer_) {
        peer_->peer_ = nullptr;
        peer_ = nullptr;
    }
    changed();
    letGoIfDone();
}

// Tells the other end that this one wants nothing any more, and forgets what was to be sent.
void SimStream::resetPeer() {
    outgoing_.clear();
    isReset_ = isSendShut_ = isEndSent_ = true;
    if (SimStream* peer = std::exchange(peer_, nullptr)) {
        peer->peer_ = nullptr;
        SimWorld& world = kernel().world();
        Time due = after(world.now(), world.travelTime(kernel(), peer->kernel()));
        peer->receiveSegment({due, Kind::reset, {}, kernel().number()});
    }
    letGoIfDone();
}

// What was sent meets nobody: the answer is a reset.
void SimStream::peerIsGone() {
    if (outgoing_.empty()) {
        isEndSent_ = isEndSent_ || isSendShut_;
        return letGoIfDone();
    }
    outgoing_.clear();
    SimWorld& world = kernel().world();
    const SimKernel& there = route_ ? *route_ : kernel();
    Duration there_and_back = world.travelTime(kernel(), there) + world.travelTime(there, kernel());
    receiveSegment({after(world.now(), there_and_back), Kind::reset, {}, kernel().number()});
}

void SimStream::breakConnection() {
    Ref<SimStream> self(this);
    if (peer_ && !isReset_) {
        Ref<SimStream> other(peer_);
        SimWorld& world = kernel().world();
        SimStream* there = peer_;
        Time due = after(world.now(), world.travelTime(kernel(), there->kernel()));
        there->peer_ = peer_ = nullptr;
        there->receiveSegment({due, Kind::reset, {}, kernel().number()});
        receiveSegment({due, Kind::reset, {}, there->kernel().number()});
    }
}

void SimStream::closed() noexcept {
    Ref<SimStream> self(this);
    isClosed_ = true;
    kernel().unbindPort(*this);
    if (state_ == State::listening) return abandonBacklog();
    if (state_ != State::connected || isReset_) return;
    if (isLocal()) {
        bool isLoss = !arrived_.empty();
        if (SimStream* peer = peer_) {
            pump();
            peer_ = peer->peer_ = nullptr;
            peer->hasEnd_ = peer->isSendShut_ = true;
            if (isLoss) peer->error_ = ECONNRESET;
            for (Segment& each : peer->wire_) peer->arrived_.append(each.bytes);
            peer->arrived_.append(outgoing_.take(outgoing_.size()));  // nothing is lost on the way
            peer->wire_.clear();
            peer->wireBytes_ = 0;
            peer->changed();
        }
        return;
    }
    if (lingersNot_ || !arrived_.empty()) return resetPeer();
    isSendShut_ = true;
    if (!isEndSent_ && !isKept_) {
        isKept_ = true;
        kernel().world().keep(*this);
    }
    pump();
    letGoIfDone();
}

// Nobody has a descriptor of it and all that it had to say was said.
void SimStream::letGoIfDone() noexcept {
    if (!isKept_ || !(isReset_ || isEndSent_)) return;
    isKept_ = false;
    kernel().world().letGo(*this);
}

int SimStream::shutdown(int how) noexcept {
    if (how < SHUT_RD || how > SHUT_RDWR) return -EINVAL;
    if (state_ == State::listening) {
        if (how == SHUT_WR) return 0;
        state_ = State::fresh;
        abandonBacklog();
        changed();
        return 0;
    }
    if (state_ == State::connecting) {
        connectFailed(ECONNRESET);
        return 0;
    }
    if (state_ != State::connected) return isLocal() ? 0 : -ENOTCONN;
    if (isOver()) return isLocal() ? 0 : -ENOTCONN;
    if (how != SHUT_WR) {
        isReceiveShut_ = true;
        if (isLocal() && peer_) {
            peer_->isSendShut_ = true;
            peer_->changed();
        }
    }
    if (how != SHUT_RD) {
        isSendShut_ = true;
        pump();
    }
    changed();
    return 0;
}

}  // namespace wring::detail
