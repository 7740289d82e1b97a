#include <wring/runtime/detail/epoll_driver.hpp>

#include <wring/runtime/assert.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <climits>

namespace wring::detail {

namespace {

constexpr std::uint64_t wakeMark = ~std::uint64_t{0};
constexpr int eventBatch = 64;      // descriptors whose state stays in the first cache meanwhile
constexpr unsigned turnOfOne = 16;  // completions or buffers, before others get their turn

int result(ssize_t value) noexcept { return value < 0 ? -errno : static_cast<int>(value); }

bool wouldBlock(int result) noexcept { return result == -EAGAIN; }

void setNonBlocking(int fd) noexcept {
    int flags = ::fcntl(fd, F_GETFL);
    if (flags >= 0 && !(flags & O_NONBLOCK)) ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

// A write to a pipe or terminal that blocks is sure not to only up to this size.
std::size_t writableAtOnce(int fd, std::size_t length) noexcept {
    struct stat status {};
    int flags = ::fcntl(fd, F_GETFL);
    bool mayBlock = length > PIPE_BUF && flags >= 0 && !(flags & O_NONBLOCK) &&
                    ::fstat(fd, &status) == 0 && !S_ISREG(status.st_mode);
    return mayBlock ? PIPE_BUF : length;
}

bool isUnixSocket(int fd) noexcept {
    int domain = 0;
    socklen_t bytes = sizeof domain;
    return ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &bytes) == 0 && domain == AF_UNIX;
}

std::uint64_t markOf(int fd, std::uint32_t generation) noexcept {
    return std::uint64_t{generation} << 32 | static_cast<std::uint32_t>(fd);
}

}  // namespace

EpollDriver::EpollDriver(const DriverOptions& options)
    : KernelDriver(BufferLayout::joined(options, true), true, O_NONBLOCK),
      epollFd_(::epoll_create1(EPOLL_CLOEXEC)) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = wakeMark;
    if (epollFd_ < 0 || ::epoll_ctl(epollFd_, EPOLL_CTL_ADD, wakeFd_, &event) < 0) {
        int code = errno;
        if (epollFd_ >= 0) ::close(epollFd_);
        throw DriverUnavailable{code, false, "the epoll descriptor could not be made",
                                "raise the limit on open files (ulimit -n)"};
    }
    freeBuffers_.reserve(pool_->limit());
    ready_.reserve(64);
    batch_.reserve(64);
    pool_->attach(*this);
}

EpollDriver::~EpollDriver() {
    // The last resort: nobody is told any more, but nothing is left in flight either.
    auto abandon = [](Operation& each) { each.state_ = Operation::State::idle; };
    for (Descriptor& each : descriptors_) {
        for (OperationList& list : each.waiting) list.forEach(abandon);
        each.polls.forEach(abandon);
    }
    pool_->starved.forEach(abandon);
    done_.forEach(abandon);
    sends_.forEach([&](InlineSends::Entry& each) { abandon(*each.operation); });
    ::close(epollFd_);
}

DriverStats EpollDriver::stats() const noexcept {
    DriverStats copy = DriverCore::stats();
    copy.inFlight = inFlight_;
    return copy;
}

EpollDriver::Direction EpollDriver::directionOf(const Operation& operation) noexcept {
    switch (operation.verb_) {
        case Verb::connect:
        case Verb::send:
        case Verb::sendmsg:
        case Verb::write:
            return Direction::write;
        default:
            return Direction::read;
    }
}

EpollDriver::Descriptor* EpollDriver::descriptor(int fd) noexcept {
    if (fd < 0) return nullptr;
    auto index = static_cast<std::size_t>(fd);
    if (index >= descriptors_.size()) {
        try {
            std::size_t size = std::max(index + 1, descriptors_.size() * 2);
            ready_.reserve(size);
            batch_.reserve(size);
            descriptors_.resize(size);
        } catch (...) {
            return nullptr;
        }
    }
    return &descriptors_[index];
}

void EpollDriver::submit(Operation& operation) noexcept {
    WRING_ASSERT(!operation.inFlight(), "an operation was submitted twice");
    ++stats_.submitted;
    ++inFlight_;
    operation.state_ = Operation::State::submitted;
    int fd = operation.fd_;
    switch (operation.verb_) {
        case Verb::nop:
            return finishLater(operation, 0);
        case Verb::close:
            return finishLater(operation, closeNow(fd));
        case Verb::shutdown:
            return finishLater(operation, shutdownNow(fd, static_cast<int>(operation.extra_)));
        default:
            break;
    }
    Verb verb = operation.verb_;
    if (verb == Verb::accept || verb == Verb::acceptMulti || verb == Verb::connect) {
        setNonBlocking(fd);
    }
    Descriptor* known = descriptor(fd);
    if (!known) return finishLater(operation, fd < 0 ? -EBADF : -ENOMEM);
    bool isWrite = directionOf(operation) == Direction::write;
    // A send mostly succeeds at once; a poll asks for the state, not for news.
    if ((isWrite && known->waiting[1].empty()) || verb == Verb::poll) {
        int outcome = attempt(operation);
        if (!wouldBlock(outcome)) return finishLater(operation, outcome);
        if (isWrite) known->isReady[1] = false;
    }
    if (verb == Verb::recvMulti && !std::exchange(known->isDomainKnown, true)) {
        known->isUnix = isUnixSocket(fd);
    }
    // A descriptor that is not one of ours may have been closed and opened again meanwhile.
    bool isForeign = verb == Verb::poll || verb == Verb::read || verb == Verb::write;
    if (isForeign) known->isRegistered = false;
    enqueue(operation, *known);
}

void EpollDriver::enqueue(Operation& operation, Descriptor& known) noexcept {
    auto direction = static_cast<std::size_t>(directionOf(operation));
    if (!known.isRegistered) {
        int error = doRegister(operation.fd_, known);
        if (error == -EPERM) {
            // A regular file: always ready. Two attempts at most, as it does not say EAGAIN.
            return finishLater(operation, attempt(operation));
        }
        if (error < 0) return finishLater(operation, error);
    }
    if (operation.verb_ == Verb::poll) return known.polls.pushBack(operation);
    known.waiting[direction].pushBack(operation);
    if (known.isReady[direction]) queueReady(operation.fd_, known);
}

int EpollDriver::doRegister(int fd, Descriptor& known) noexcept {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET;
    event.data.u64 = markOf(fd, known.generation);
    ++stats_.enters;
    int outcome = result(::epoll_ctl(epollFd_, EPOLL_CTL_ADD, fd, &event));
    if (outcome == -EEXIST) outcome = result(::epoll_ctl(epollFd_, EPOLL_CTL_MOD, fd, &event));
    known.isRegistered = outcome == 0;
    return outcome;
}

void EpollDriver::queueReady(int fd, Descriptor& known) noexcept {
    if (known.isQueued) return;
    known.isQueued = true;
    ready_.push_back(fd);  // has room for every descriptor, see descriptor()
    wakeIfParked();
}

void EpollDriver::forget(int fd) noexcept {
    if (fd < 0 || static_cast<std::size_t>(fd) >= descriptors_.size()) return;
    Descriptor& known = descriptors_[static_cast<std::size_t>(fd)];
    WRING_ASSERT(known.waiting[0].empty() && known.waiting[1].empty() && known.polls.empty(),
                 "a descriptor was closed while an operation waited on it");
    ++known.generation;
    known.isReady[0] = known.isReady[1] = known.isRegistered = known.isAtEnd = false;
    known.isDomainKnown = false;
}

int EpollDriver::closeNow(int fd) noexcept {
    forget(fd);
    return KernelDriver::closeNow(fd);
}

void EpollDriver::cancel(Operation& operation) noexcept {
    if (operation.state_ == Operation::State::starved) {
        pool_->starved.remove(operation);
    } else if (operation.state_ == Operation::State::submitted) {
        Descriptor& known = descriptors_[static_cast<std::size_t>(operation.fd_)];
        auto side = static_cast<std::size_t>(directionOf(operation));
        (operation.verb_ == Verb::poll ? known.polls : known.waiting[side]).remove(operation);
    } else if (operation.state_ == Operation::State::unconfirmed) {
        operation.cancelRequested_ = true;
        return wakeIfParked();
    } else {
        return;
    }
    ++stats_.cancels;
    finishLater(operation, -ECANCELED);
}

void EpollDriver::finishLater(Operation& operation, int result) noexcept {
    operation.state_ = Operation::State::done;
    operation.result_ = result;
    done_.pushBack(operation);
    wakeIfParked();
}

// One non-blocking try of any verb but recvMulti, recvmsgMulti and close; -EAGAIN when it has to
// wait.
int EpollDriver::attempt(Operation& operation) noexcept {
    int fd = operation.fd_;
    auto* data = const_cast<void*>(operation.data_);
    auto length = static_cast<std::size_t>(operation.length_);
    auto flags = static_cast<int>(operation.extra_);
    for (;;) {
        int outcome = 0;
        ++stats_.enters;
        switch (operation.verb_) {
            case Verb::accept:
            case Verb::acceptMulti:
                outcome = result(::accept4(fd, nullptr, nullptr, acceptFlags_));
                break;
            case Verb::connect:
                return attemptConnect(operation);
            case Verb::recv:
                outcome = result(::recv(fd, data, length, flags | MSG_DONTWAIT));
                break;
            case Verb::send:
                outcome = result(::send(fd, data, length, flags | MSG_DONTWAIT | MSG_NOSIGNAL));
                break;
            case Verb::sendmsg:
                outcome = result(::sendmsg(fd, static_cast<const msghdr*>(data),
                                           flags | MSG_DONTWAIT | MSG_NOSIGNAL));
                break;
            case Verb::recvmsg:
                outcome = result(::recvmsg(fd, static_cast<msghdr*>(data), flags | MSG_DONTWAIT));
                break;
            case Verb::poll:
                return attemptPoll(operation);
            case Verb::read:
            case Verb::write: {
                pollfd ready{
                    fd, static_cast<short>(operation.verb_ == Verb::read ? POLLIN : POLLOUT), 0};
                if (::poll(&ready, 1, 0) == 0) return -EAGAIN;  // it may be a blocking descriptor
                bool isRead = operation.verb_ == Verb::read;
                if (!isRead) length = writableAtOnce(fd, length);
                if (operation.extra_ < 0) {
                    outcome = result(isRead ? ::read(fd, data, length) : ::write(fd, data, length));
                } else {
                    outcome = result(isRead ? ::pread(fd, data, length, operation.extra_)
                                            : ::pwrite(fd, data, length, operation.extra_));
                }
                break;
            }
            default:
                return -EINVAL;
        }
        if (outcome != -EINTR) return outcome;
    }
}

int EpollDriver::attemptConnect(Operation& operation) noexcept {
    int outcome = result(::connect(operation.fd_, static_cast<const sockaddr*>(operation.data_),
                                   static_cast<socklen_t>(operation.length_)));
    if (outcome == -EISCONN && operation.extra_ != 0) return 0;
    bool isUnderWay = outcome == -EINPROGRESS || outcome == -EALREADY || outcome == -EINTR;
    if (!isUnderWay) return outcome;
    operation.extra_ = 1;
    return -EAGAIN;
}

int EpollDriver::attemptPoll(Operation& operation) noexcept {
    pollfd one{operation.fd_, static_cast<short>(operation.extra_), 0};
    int count = ::poll(&one, 1, 0);
    if (count < 0) return errno == EINTR ? -EAGAIN : -errno;
    if (one.revents & POLLNVAL) return -EBADF;
    return count == 0 ? -EAGAIN : one.revents;
}

void EpollDriver::complete(Operation& operation, int result) noexcept {
    Completion completion;
    completion.result = result;
    complete(operation, completion);
}

void EpollDriver::complete(Operation& operation, Completion& completion) noexcept {
    --inFlight_;
    ++told_;
    ++stats_.completions;
    finish(operation, completion);
}

// Their ends are told later: no handler runs while the list is walked.
void EpollDriver::progressPolls(Descriptor& known) noexcept {
    known.polls.forEach([&](Operation& operation) {
        int outcome = attemptPoll(operation);
        if (wouldBlock(outcome)) return;
        known.polls.remove(operation);
        finishLater(operation, outcome);
    });
}

// Tries what waits on one side of a descriptor until it would block. Handlers may do anything,
// closing the descriptor included, so its state is looked up again after each.
void EpollDriver::progress(int fd, Direction direction) noexcept {
    auto side = static_cast<std::size_t>(direction);
    for (unsigned used = 0; used < turnOfOne;) {
        Descriptor& known = descriptors_[static_cast<std::size_t>(fd)];
        Operation* next = known.waiting[side].front();
        if (!next || !known.isReady[side]) return;
        unsigned now = progressOne(*next, fd, direction);
        if (now == 0) return;
        used += now;
    }
    Descriptor& known = descriptors_[static_cast<std::size_t>(fd)];
    if (!known.waiting[side].empty() && known.isReady[side]) queueReady(fd, known);
}

// Gives how much of its turn that was; nothing when the side has to wait.
unsigned EpollDriver::progressOne(Operation& operation, int fd, Direction direction) noexcept {
    auto side = static_cast<std::size_t>(direction);
    if (operation.picksBuffers()) return receiveMulti(operation, fd);
    int outcome = attempt(operation);
    Descriptor& known = descriptors_[static_cast<std::size_t>(fd)];
    if (wouldBlock(outcome)) {
        known.isReady[side] = false;
        return 0;
    }
    if (operation.verb_ == Verb::acceptMulti && outcome >= 0) {
        Completion completion;
        completion.result = outcome;
        completion.more = true;
        ++told_;
        ++stats_.completions;
        finish(operation, completion);
        return 1;
    }
    known.waiting[side].remove(operation);
    complete(operation, outcome);
    return 1;
}

unsigned EpollDriver::receiveMulti(Operation& operation, int fd) noexcept {
    Descriptor& known = descriptors_[static_cast<std::size_t>(fd)];
    if (freeBuffers_.empty()) {
        known.waiting[0].remove(operation);
        if (growOrStarve(operation, *pool_)) {
            known.waiting[0].pushBack(operation);
        } else {
            operation.state_ = Operation::State::starved;
            return 0;
        }
    }
    bool isStream = operation.verb_ == Verb::recvMulti;
    std::uint32_t buffer = freeBuffers_.back();
    std::span<std::byte> room = pool_->room(buffer);
    int outcome;
    do {
        ++stats_.enters;
        outcome = receiveInto(operation, room);
    } while (outcome == -EINTR);
    if (wouldBlock(outcome)) {
        known.isReady[0] = false;
        return 0;
    }
    if (outcome <= 0) {
        known.waiting[0].remove(operation);
        complete(operation, outcome);
        return 1;
    }
    auto received = static_cast<std::uint32_t>(outcome);
    bool isShort = received < room.size();
    if (isShort && isStream && !known.isUnix && !known.isAtEnd) {
        known.isReady[0] = false;  // a short read emptied the socket: the next bytes are news
    }
    Completion completion;
    completion.result = outcome;
    completion.more = true;
    completion.bytes = pool_->lend(buffer, received);
    if (pool_->isFull(buffer)) freeBuffers_.pop_back();
    ++told_;
    ++stats_.completions;
    finish(operation, completion);
    return 1 + received / pool_->messageBytes();
}

unsigned EpollDriver::wait(Duration timeout) noexcept {
    told_ = 0;
    isParked_ = false;
    hasWaited_ = true;
    retryStarved(*pool_, [this](Operation& operation) { retry(operation); });
    runReady();
    tellDone();
    do {
        tellSends();
    } while (carrySendsOut());
    epoll_event events[eventBatch];
    bool isBusy = told_ > 0 || !done_.empty() || !ready_.empty() || canServeStarved(*pool_);
    int count = waitForEvents(events, eventBatch, isBusy ? Duration::zero() : timeout);
    noteWoken();
    for (int i = 0; i < count; ++i) {
        onEvent(events[i]);
        // What the handlers sent has its result by now: told while its connection is warm.
        if (!done_.empty()) tellDone();
    }
    return told_;
}

void EpollDriver::flush() noexcept {
    carrySendsOut();
    bool hasMoreToDo = !done_.empty() || !ready_.empty() || hasSendsToTell();
    if (!hasSendsToTell()) tellSends();  // no more than gives back what they held
    if (hasMoreToDo || canServeStarved(*pool_)) wake();
    isParked_ = true;
}

int EpollDriver::waitForEvents(epoll_event* events, int count, Duration timeout) noexcept {
    ++stats_.enters;
    if (timeout <= Duration::zero()) return ::epoll_wait(epollFd_, events, count, 0);
    if (timeout == Duration::max()) return ::epoll_wait(epollFd_, events, count, -1);
    if (hasPreciseWait_) {
        auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
        timespec limit{};
        limit.tv_sec = std::min<std::int64_t>(seconds.count(), 2147483);
        limit.tv_nsec = (timeout - seconds).count();
        int got = ::epoll_pwait2(epollFd_, events, count, &limit, nullptr);
        if (got >= 0 || (errno != ENOSYS && errno != EPERM)) return got;
        hasPreciseWait_ = false;  // an older kernel, or a sandbox that does not know the call
    }
    auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
    return ::epoll_wait(epollFd_, events, count,
                        static_cast<int>(std::min<std::int64_t>(milliseconds, 2147483)));
}

void EpollDriver::onEvent(const epoll_event& event) noexcept {
    if (event.data.u64 == wakeMark) {
        std::uint64_t count;
        [[maybe_unused]] ssize_t got = ::read(wakeFd_, &count, sizeof count);
        return;
    }
    auto fd = static_cast<int>(static_cast<std::uint32_t>(event.data.u64));
    Descriptor& known = descriptors_[static_cast<std::size_t>(fd)];
    auto generation = static_cast<std::uint32_t>(event.data.u64 >> 32);
    if (known.generation != generation) return;  // news of a descriptor that was closed
    bool isAtEnd = event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI);
    known.isAtEnd = known.isAtEnd || isAtEnd;
    if (event.events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) known.isReady[1] = true;
    if (event.events & EPOLLIN || isAtEnd) known.isReady[0] = true;
    progressPolls(known);
    progress(fd, Direction::read);
    Descriptor& now = descriptors_[static_cast<std::size_t>(fd)];
    if (now.generation == generation) progress(fd, Direction::write);
}

void EpollDriver::runReady() noexcept {
    // Taken from the back of a second list, so that a handler may run a turn of its own.
    if (batch_.empty()) batch_.swap(ready_);
    while (!batch_.empty()) {
        int fd = batch_.back();
        batch_.pop_back();
        descriptors_[static_cast<std::size_t>(fd)].isQueued = false;
        progress(fd, Direction::read);
        progress(fd, Direction::write);
        if (!done_.empty()) tellDone();
    }
}

// A handler may run a turn of its own, which goes on here.
void EpollDriver::tellDone() noexcept {
    telling_.append(done_);
    while (Operation* operation = telling_.popFront()) complete(*operation, operation->result_);
}

void EpollDriver::bufferReturned(std::uint32_t buffer) noexcept { freeBuffers_.push_back(buffer); }

void EpollDriver::retry(Operation& operation) noexcept {
    operation.state_ = Operation::State::submitted;
    Descriptor& known = descriptors_[static_cast<std::size_t>(operation.fd_)];
    known.waiting[0].pushBack(operation);
    known.isReady[0] = true;
    queueReady(operation.fd_, known);
}

std::unique_ptr<Driver> makeEpollDriver(const DriverOptions& options) {
    return std::make_unique<EpollDriver>(options);
}

}  // namespace wring::detail
