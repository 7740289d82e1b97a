#include <wring/runtime/assert.hpp>
#include <wring/runtime/detail/inline_sends.hpp>
#include <wring/runtime/detail/message_layout.hpp>
#include <wring/runtime/detail/sim_driver.hpp>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

// What the verbs of the simulated driver do, and what it does at once.

namespace wring::detail {

namespace {

bool isSending(Verb verb) noexcept { return verb == Verb::send || verb == Verb::write; }

bool isReceiving(Verb verb) noexcept { return verb == Verb::recv || verb == Verb::read; }

// Moves part after part until one is not moved whole. Gives the sum, or what the first one failed
// with.
template <class Move>
int moveParts(const ::msghdr& message, Move move) {
    int total = 0;
    for (std::size_t i = 0; i < message.msg_iovlen; ++i) {
        const iovec& part = message.msg_iov[i];
        int moved = move(std::span(static_cast<std::byte*>(part.iov_base), part.iov_len));
        if (moved <= 0) return total > 0 ? total : moved;
        total += moved;
        if (static_cast<std::size_t>(moved) < part.iov_len) break;
    }
    return total;
}

}  // namespace

// Enough of it to notice a change, and that the memory is still there.
std::uint64_t SimulatedDriver::digestOf(const Operation& operation) const noexcept {
    if (!isSending(operation.verb_) && operation.verb_ != Verb::connect) return 0;
    BytesView bytes = operation.bytes();
    std::uint64_t digest = bytes.size();
    std::size_t step = bytes.size() < 256 ? 1 : bytes.size() / 128;
    for (std::size_t i = 0; i < bytes.size(); i += step) {
        digest = digest * 31 + static_cast<std::uint64_t>(bytes[i]);
    }
    return digest;
}

void SimulatedDriver::scribble(const Operation& operation, std::size_t from) noexcept {
    if (!isReceiving(operation.verb_) || from >= operation.length_) return;
    std::memset(static_cast<std::byte*>(const_cast<void*>(operation.data_)) + from, 0xdb,
                static_cast<std::size_t>(operation.length_) - from);
}

void SimulatedDriver::begin(Operation& operation) {
    int fd = operation.fd_;
    switch (operation.verb_) {
        case Verb::nop:
            return endLater(operation, 0);
        case Verb::close:
            return endLater(operation, closeNow(fd));
        default:
            break;
    }
    if (!kernel_.object(fd)) {
        if (world_.isStrict) {
            world_.violate(std::string(verbName(operation.verb_)) + " on a closed descriptor");
        }
        return endLater(operation, -EBADF);
    }
    if (operation.verb_ == Verb::shutdown) {
        return endLater(operation, shutdownNow(fd, static_cast<int>(operation.extra_)));
    }
    waitOn(operation);
}

void SimulatedDriver::progress() {
    // What becomes ready meanwhile gets its turn in the next round.
    for (unsigned round = 0; round < 4 && !ready_.empty(); ++round) {
        for (int fd : std::exchange(ready_, {})) {
            descriptor(fd).isQueued = false;
            progress(fd);
        }
        world_.runDue();
    }
}

void SimulatedDriver::progress(int fd) {
    for (std::size_t side : {0, 1}) {
        while (Operation* next = descriptor(fd).waiting[side].front()) {
            if (next->picksBuffers()) {
                receiveMulti(*next);
                if (descriptor(fd).waiting[side].front() == next) break;
                continue;
            }
            if (next->verb_ == Verb::acceptMulti && acceptMulti(*next)) continue;
            std::string received;
            int outcome = attempt(*next, received);
            if (outcome == -EAGAIN && strikes(Fault::unaskedCancel)) outcome = -ECANCELED;
            if (outcome == -EAGAIN) break;
            descriptor(fd).waiting[side].remove(*next);
            endLater(*next, outcome, std::move(received));
        }
    }
    Descriptor& known = descriptor(fd);
    known.polls.forEach([&](Operation& poll) {
        int outcome = tryPoll(poll);
        if (outcome == -EAGAIN) return;
        descriptor(fd).polls.remove(poll);
        endLater(poll, outcome);
    });
}

int SimulatedDriver::attempt(Operation& operation, std::string& received) {
    SimObject* object = kernel_.object(operation.fd_);
    if (!object) return -EBADF;
    switch (operation.verb_) {
        case Verb::accept:
        case Verb::acceptMulti:
            return tryAccept(operation.fd_);
        case Verb::connect: {
            bool hasBegun = std::exchange(operation.extra_, 1) != 0;
            int outcome = hasBegun ? object->connectOutcome()
                                   : object->connect(operation.data_, operation.length_);
            return outcome == -EINPROGRESS ? -EAGAIN : outcome;
        }
        case Verb::recv:
        case Verb::read:
            return tryReceive(operation, received);
        case Verb::send:
            return trySend(*object, operation.bytes());
        case Verb::write: {
            // A file takes all, a socket or a pipe what fits.
            return object->write(operation.bytes(), operation.extra_);
        }
        case Verb::sendmsg:
        case Verb::recvmsg:
            return tryMessage(operation);
        default:
            return -EINVAL;
    }
}

int SimulatedDriver::tryReceive(Operation& operation, std::string& received) {
    SimObject& object = *kernel_.object(operation.fd_);
    bool isReady = (object.readiness() & (POLLIN | POLLHUP | POLLERR)) != 0;
    if (isReady && strikes(Fault::receiveNoMemory)) {
        return world_.choices().choose(2) ? -ENOBUFS : -ENOMEM;
    }
    auto most = static_cast<std::size_t>(operation.length_);
    if (most > 1 && strikes(Fault::shortReceive)) {
        most -= world_.choices().choose(static_cast<std::uint32_t>(most));
    }
    received.resize(std::min<std::size_t>(most, 1 << 20));
    std::span<std::byte> room(reinterpret_cast<std::byte*>(received.data()), received.size());
    int outcome =
        operation.verb_ == Verb::recv ? object.receive(room) : object.read(room, operation.extra_);
    received.resize(outcome > 0 ? static_cast<std::size_t>(outcome) : 0);
    return outcome;
}

int SimulatedDriver::trySend(SimObject& socket, BytesView bytes) {
    if (strikes(Fault::sendNoMemory)) return world_.choices().choose(2) ? -ENOBUFS : -ENOMEM;
    if (strikes(Fault::fullSend)) {
        noteRoomSoon(socket.fd());
        return -EAGAIN;
    }
    if (bytes.size() > 1 && strikes(Fault::shortSend)) {
        bytes = bytes.first(bytes.size() -
                            world_.choices().choose(static_cast<std::uint32_t>(bytes.size())));
    }
    return socket.send(bytes);
}

void SimulatedDriver::noteRoomSoon(int fd) {
    world_.in(upTo(5), [kernel = &kernel_, fd] { kernel->objectChanged(fd); });
}

// -EOPNOTSUPP of a socket that does not keep messages apart.
int SimulatedDriver::trySendMessage(SimObject& socket, const ::msghdr& message) {
    if (!socket.keepsMessages()) {
        return moveParts(message, [&](std::span<std::byte> part) { return trySend(socket, part); });
    }
    if (strikes(Fault::sendNoMemory)) return world_.choices().choose(2) ? -ENOBUFS : -ENOMEM;
    if (strikes(Fault::fullSend)) {
        noteRoomSoon(socket.fd());
        return -EAGAIN;
    }
    return socket.sendMessage(message);
}

int SimulatedDriver::tryReceiveMessage(SimObject& socket, ::msghdr& message) {
    if (!socket.keepsMessages()) return -EOPNOTSUPP;
    bool isReady = (socket.readiness() & POLLIN) != 0;
    if (isReady && strikes(Fault::receiveNoMemory)) return -ENOMEM;
    return socket.receiveMessage(message);
}

int SimulatedDriver::tryMessage(Operation& operation) {
    SimObject& object = *kernel_.object(operation.fd_);
    auto& message = *static_cast<msghdr*>(const_cast<void*>(operation.data_));
    if (operation.verb_ == Verb::sendmsg) return trySendMessage(object, message);
    if (object.keepsMessages()) return tryReceiveMessage(object, message);
    message.msg_controllen = message.msg_namelen = 0;
    message.msg_flags = 0;
    return moveParts(message, [&](std::span<std::byte> part) { return object.receive(part); });
}

int SimulatedDriver::tryAccept(int fd) {
    if ((kernel_.object(fd)->readiness() & POLLIN) != 0) {
        auto oneOf = [this](int likely, int other) {
            return world_.choices().choose(2) ? -other : -likely;
        };
        if (strikes(Fault::acceptNoDescriptor)) return oneOf(EMFILE, ENFILE);
        if (strikes(Fault::acceptNoMemory)) return oneOf(ENOBUFS, ENOMEM);
        if (strikes(Fault::acceptAborted)) {
            int lost = kernel_.accept(fd);
            if (lost >= 0) {
                linger immediately{1, 0};
                setOption(lost, SOL_SOCKET, SO_LINGER, &immediately, sizeof immediately);
                kernel_.close(lost);
            }
            return oneOf(ECONNABORTED, EPROTO);
        }
    }
    return kernel_.accept(fd);
}

int SimulatedDriver::tryPoll(const Operation& operation) const noexcept {
    SimObject* object = kernel_.object(operation.fd_);
    if (!object) return -EBADF;
    unsigned asked = static_cast<unsigned>(operation.extra_) | POLLERR | POLLHUP;
    unsigned ready = object->readiness() & asked;
    return ready == 0 ? -EAGAIN : static_cast<int>(ready);
}

// One completion of an acceptMulti; false when it ends or has to wait.
bool SimulatedDriver::acceptMulti(Operation& operation) {
    int outcome = tryAccept(operation.fd_);
    if (outcome == -EAGAIN) {
        if (!strikes(Fault::unaskedCancel)) return false;
        outcome = -ECANCELED;
    }
    if (outcome == -EMFILE || outcome == -ENFILE || outcome == -ENOBUFS || outcome == -ENOMEM) {
        noteShortage(operation.fd_);
    }
    Completion completion;
    completion.result = outcome;
    completion.more = outcome >= 0;
    if (completion.more) {
        addNews(operation, std::move(completion));
        if (!strikes(Fault::endedMultishot)) return true;
        descriptor(operation.fd_).waiting[0].remove(operation);
        operation.state_ = Operation::State::queued;
        starting_.pushBack(operation);
        return true;
    }
    descriptor(operation.fd_).waiting[0].remove(operation);
    endLater(operation, outcome);
    return true;
}

// Accepting that fails shall not go on at once, but when a descriptor was closed.
void SimulatedDriver::noteShortage(int fd) {
    constexpr unsigned failuresASecond = 21;
    Shortage& seen = descriptor(fd).shortage;
    if (world_.now() - seen.since >= std::chrono::seconds(1)) {
        seen = {world_.now(), kernel_.closes(), 0};
    }
    if (++seen.failures <= failuresASecond + kernel_.closes() - seen.closesBefore) return;
    world_.violate("accepting that fails was tried again more than 20 times in a second");
}

int SimulatedDriver::receiveInto(Operation& operation, std::span<std::byte> buffer) {
    SimObject* object = kernel_.object(operation.fd_);
    if (operation.verb_ == Verb::recvMulti) {
        if (strikes(Fault::shortReceive)) {
            auto most = static_cast<std::uint32_t>(buffer.size());
            buffer = buffer.first(most - world_.choices().choose(most));
        }
        return object->receive(buffer);
    }
    auto receive = [](void* socket, ::msghdr& message) noexcept {
        return static_cast<SimObject*>(socket)->receiveMessage(message);
    };
    return receiveMessageInto(buffer, *operation.message(), receive, object);
}

// One completion of a recvMulti or recvmsgMulti. Afterwards it does not wait any more, or has
// nothing to take.
void SimulatedDriver::receiveMulti(Operation& operation) {
    int fd = operation.fd_;
    SimObject* object = kernel_.object(fd);
    auto take = [&] { descriptor(fd).waiting[0].remove(operation); };
    if ((object->readiness() & (POLLIN | POLLHUP | POLLERR)) == 0) {
        if (!strikes(Fault::unaskedCancel)) return;
        take();
        return endLater(operation, -ECANCELED);
    }
    if (freeBuffers_.empty() || strikes(Fault::noReceiveBuffer)) {
        take();
        if (freeBuffers_.empty() && growOrStarve(operation, *pool_)) return waitOn(operation);
        if (!freeBuffers_.empty()) {
            ++stats_.starvations;
            pool_->starved.pushBack(operation);
        }
        operation.state_ = Operation::State::starved;
        return;
    }
    if (strikes(Fault::receiveNoMemory)) {
        take();
        return endLater(operation, -ENOMEM);
    }
    std::uint32_t buffer = freeBuffers_.back();
    int outcome = receiveInto(operation, {pool_->at(buffer), pool_->bufferBytes()});
    if (outcome == -EAGAIN) return;
    if (outcome <= 0) {
        take();
        return endLater(operation, outcome);
    }
    freeBuffers_.pop_back();
    Completion completion;
    completion.result = outcome;
    completion.more = true;
    completion.bytes = pool_->lend(buffer, static_cast<std::uint32_t>(outcome));
    addNews(operation, std::move(completion));
    take();
    if (strikes(Fault::endedMultishot)) {
        operation.state_ = Operation::State::queued;
        starting_.pushBack(operation);
    } else {
        waitOn(operation);  // at the end: others of this descriptor get their turn
    }
}

int SimulatedDriver::sendNow(Operation& send, Bytes& owner) noexcept {
    if (!features_.inlineSend) {
        SimObject* object = kernel_.object(send.fd_);
        if (!object) return -EBADF;
        int taken = trySend(*object, send.bytes());
        world_.runDue();
        if (taken >= 0 && static_cast<std::size_t>(taken) == send.bytes().size()) {
            ++stats_.submitted;
        }
        return taken;
    }
    if (owner.empty()) return -EAGAIN;
    auto size = static_cast<int>(send.bytes().size());
    // What is sent may be a part of what the owner holds.
    bool isWhole =
        owner.view().data() == send.bytes().data() && owner.view().size() == send.bytes().size();
    silent_.push_back({&send, isWhole ? std::move(owner) : Bytes::copyOf(send.bytes())});
    enter(send);
    slots_[send.slot_].isGiven = false;
    send.state_ = Operation::State::unconfirmed;
    wakeIfParked();
    return size;
}

bool SimulatedDriver::sendMore(Operation& send, BytesView bytes) noexcept {
    if (silent_.empty() || silent_.back().operation != &send || send.cancelRequested_) return false;
    Bytes& kept = silent_.back().bytes;
    if (kept.size() + bytes.size() > InlineSends::joinedBytesMax) return false;
    kept = Bytes::copyOf(std::string(kept.text()).append(asText(bytes)));
    return true;
}

// Hands the silent sends over. Those that the kernel took are heard of no more, but that takes
// until the end of a wait.
void SimulatedDriver::sendSilent() {
    for (Silent& each : std::exchange(silent_, {})) {
        SimObject* object = kernel_.object(each.operation->fd_);
        int outcome = object ? trySend(*object, each.bytes.view()) : -EBADF;
        world_.note(kernel_, "sent", each.operation->fd_, outcome);
        bool isAll = outcome == static_cast<int>(each.bytes.size());
        if (isAll) {
            unheard_.push_back(std::move(each));
            continue;
        }
        Operation& operation = *each.operation;
        Completion completion;
        completion.result = outcome;
        completion.bytes = std::move(each.bytes);
        addNews(operation, std::move(completion));
    }
}

void SimulatedDriver::confirmSilent() {
    if (unheard_.empty() || strikes(Fault::completionOverflow)) return;
    for (Silent& each : std::exchange(unheard_, {})) {
        Operation& operation = *each.operation;
        if (operation.cancelRequested_) {
            Completion completion;
            completion.result = static_cast<int>(each.bytes.size());
            completion.bytes = std::move(each.bytes);
            tellOne({&operation, std::move(completion), {}, {}});
        } else {
            leave(operation);
            operation.state_ = Operation::State::idle;
        }
    }
}

int SimulatedDriver::openSocket(int family, int type, int protocol) noexcept {
    return kernel_.socket(family, type, protocol);
}

int SimulatedDriver::bind(int fd, const void* address, std::size_t bytes) noexcept {
    return kernel_.bind(fd, address, bytes);
}

int SimulatedDriver::listen(int fd, int backlog) noexcept { return kernel_.listen(fd, backlog); }

int SimulatedDriver::connectNow(int fd, const void* address, std::size_t bytes) noexcept {
    return kernel_.connect(fd, address, bytes);
}

int SimulatedDriver::sendMessageNow(int fd, const ::msghdr& message) noexcept {
    SimObject* object = kernel_.object(fd);
    if (!object) return -EBADF;
    int outcome = trySendMessage(*object, message);
    world_.runDue();
    return outcome;
}

int SimulatedDriver::receiveMessageNow(int fd, ::msghdr& message) noexcept {
    SimObject* object = kernel_.object(fd);
    return object ? tryReceiveMessage(*object, message) : -EBADF;
}

int SimulatedDriver::getSocketName(int fd, void* address, std::size_t& bytes) noexcept {
    SimObject* object = kernel_.object(fd);
    return object ? object->name(address, bytes) : -EBADF;
}

int SimulatedDriver::getPeerName(int fd, void* address, std::size_t& bytes) noexcept {
    SimObject* object = kernel_.object(fd);
    return object ? object->peerName(address, bytes) : -EBADF;
}

int SimulatedDriver::setOption(int fd, int level, int option, const void* value,
                               std::size_t bytes) noexcept {
    SimObject* object = kernel_.object(fd);
    return object ? object->setOption(level, option, value, bytes) : -EBADF;
}

int SimulatedDriver::getOption(int fd, int level, int option, void* value,
                               std::size_t& bytes) noexcept {
    SimObject* object = kernel_.object(fd);
    return object ? object->getOption(level, option, value, bytes) : -EBADF;
}

int SimulatedDriver::shutdownNow(int fd, int how) noexcept {
    world_.note(kernel_, "shutdown", fd, how);
    return kernel_.shutdown(fd, how);
}

int SimulatedDriver::closeNow(int fd) noexcept {
    if (kernel_.object(fd)) {
        Descriptor& known = descriptor(fd);
        bool isInUse =
            !known.waiting[0].empty() || !known.waiting[1].empty() || !known.polls.empty();
        starting_.forEach([&](Operation& each) { isInUse = isInUse || each.fd_ == fd; });
        WRING_ASSERT(!isInUse, "a descriptor was closed while an operation waited on it");
        ++closed_;
    }
    world_.note(kernel_, "close", fd, 0);
    return kernel_.close(fd);
}

}  // namespace wring::detail
