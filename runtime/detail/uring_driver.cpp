#include <wring/runtime/detail/uring_driver.hpp>

#include <wring/runtime/assert.hpp>
#include <wring/runtime/detail/uring_setup.hpp>
#include <wring/runtime/log.hpp>

#include <liburing.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <new>
#include <optional>

namespace wring::detail {

namespace {

constexpr unsigned bufferGroup = 0, messageGroup = 1;

constexpr std::uint64_t inlineMark = std::uint64_t{1} << 63;

void prepareInline(io_uring_sqe& entry, int fd, BytesView bytes, std::uint64_t identity) noexcept {
    io_uring_prep_send(&entry, fd, bytes.data(), bytes.size(),
                       MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL);
    entry.flags |= IOSQE_CQE_SKIP_SUCCESS;
    io_uring_sqe_set_data64(&entry, identity);
}

/// A ring and a pair of sockets to find out with.
struct Trial {
    Trial() noexcept
        : hasRing(io_uring_queue_init(4, &ring, 0) == 0),
          hasSockets(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == 0) {}
    Trial(const Trial&) = delete;
    Trial& operator=(const Trial&) = delete;
    ~Trial() {
        if (hasRing) io_uring_queue_exit(&ring);
        if (hasSockets) ::close(sockets[0]);
        if (hasSockets) ::close(sockets[1]);
    }
    /// What the kernel says of a send; nothing if it is silent.
    std::optional<int> send(BytesView bytes) noexcept {
        prepareInline(*io_uring_get_sqe(&ring), sockets[0], bytes, 1);
        io_uring_submit(&ring);
        io_uring_cqe* answer = nullptr;
        if (io_uring_peek_cqe(&ring, &answer) != 0) return {};
        int result = answer->res;
        io_uring_cqe_seen(&ring, answer);
        return result;
    }
    io_uring ring{};
    int sockets[2] = {-1, -1};
    bool hasRing;
    bool hasSockets;
};

// Silent about all, the count of a part, and an error when there is no room: older kernels answer
// otherwise, and a part would be lost.
bool trySendingInline() noexcept {
    Trial trial;
    if (!trial.hasRing || !trial.hasSockets) return false;
    int small = 4096;
    ::setsockopt(trial.sockets[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    constexpr std::size_t muchBytes = std::size_t{1} << 20;
    std::unique_ptr<std::byte[]> memory(new (std::nothrow) std::byte[muchBytes]);
    if (!memory) return false;
    BytesView much(memory.get(), muchBytes);
    std::optional<int> all = trial.send(much.first(1));
    std::optional<int> part = trial.send(much);
    std::optional<int> none = trial.send(much);
    return !all && part && *part > 0 && static_cast<std::size_t>(*part) < much.size() && none &&
           *none == -EAGAIN;
}

// Identifies the calling thread by an address of its own.
const void* thisThread() noexcept {
    thread_local char marker;
    return &marker;
}

int tryQueueInit(const DriverOptions& options, io_uring& ring, unsigned taskrun) noexcept {
    io_uring_params parameters{};
    parameters.flags = IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP |
                       IORING_SETUP_R_DISABLED | taskrun;
    parameters.cq_entries = options.completionEntries;
    return io_uring_queue_init_params(options.submissionEntries, &ring, &parameters);
}

// Kernels before 6.18 lose count of what they have filled.
BufferLayout layoutFor(const DriverOptions& options) noexcept {
    bool joins = isKernelAtLeast(6, 18) && !isDisabled(options, "joined_buffers") &&
                 !isDisabled(options, "bufring") && !isDisabled(options, "multishot_recv");
    return joins ? BufferLayout::joined(options, false) : BufferLayout::single(options);
}

}  // namespace

UringDriver::UringDriver(const DriverOptions& options)
    : KernelDriver(layoutFor(options), false, 0),
      ring_(std::make_unique<io_uring>()),
      wake_(*this),
      completionsPerTurn_(options.completionsPerTurn) {
    freeBuffers_.reserve(pool_->limit());
    if (pool_->isJoined()) messagePool_.reset(new BufferPool(BufferLayout::single(options)));
    setUp(options);  // from here on nothing may throw by itself: the ring would stay
    probe(options);
    if (!setUpBuffers()) {
        io_uring_queue_exit(ring_.get());
        throw whyUnavailable(ENOMEM);
    }
    armWake();
}

UringDriver::~UringDriver() {
    abandonAll();
    io_uring_queue_exit(ring_.get());  // before the memory that it was given
    inlineSends_.clear();              // while there is a place to give receive buffers back to
    if (newsFd_ >= 0) ::close(newsFd_);
}

void UringDriver::setUp(const DriverOptions& options) {
    bool wantsDefer = !isDisabled(options, "defer_taskrun");
    bool wantsCoop = !isDisabled(options, "coop_taskrun");
    int result = -EINVAL;
    if (wantsDefer) {
        result =
            tryQueueInit(options, *ring_, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
        features_.deferTaskrun = result == 0;
    }
    if (result == -EINVAL && wantsCoop) {
        result = tryQueueInit(options, *ring_, IORING_SETUP_COOP_TASKRUN);
        features_.coopTaskrun = result == 0;
    }
    if (result == -EINVAL) result = tryQueueInit(options, *ring_, 0);
    if (result < 0) throw whyUnavailable(-result);
    io_uring_ring_dontfork(ring_.get());
    unsigned workers[2] = {4, 4};
    io_uring_register_iowq_max_workers(ring_.get(), workers);
}

void UringDriver::probe(const DriverOptions& options) noexcept {
    io_uring_probe* found = io_uring_get_probe_ring(ring_.get());
    auto has = [&](int opcode) { return found && io_uring_opcode_supported(found, opcode); };
    bool isLinux519 = has(IORING_OP_SOCKET);
    bool isLinux60 = has(IORING_OP_SEND_ZC);
    features_.multishotAccept = isLinux519 && !isDisabled(options, "multishot_accept");
    features_.bufferRing = isLinux519 && !isDisabled(options, "bufring");
    features_.multishotRecv =
        isLinux60 && features_.bufferRing && !isDisabled(options, "multishot_recv");
    features_.bufferRing = features_.multishotRecv;  // the ring serves nothing else
    features_.registeredRing = !isDisabled(options, "registered_ring");
    features_.inlineSend = !isDisabled(options, "inline_send") && kernelSendsInline();
    io_uring_free_probe(found);
}

// False when joined buffers cannot be had: nobody but the kernel can fill those of both sorts.
bool UringDriver::setUpBuffers() noexcept {
    if (features_.bufferRing) buffers_.setUp(ring_->ring_fd, bufferGroup, *pool_, 0);
    features_.bufferRing = features_.multishotRecv = picksBuffers();
    features_.joinedBuffers = pool_->isJoined();
    if (!picksBuffers()) pool_->attach(*this);
    if (!messagePool_) return true;
    return picksBuffers() &&
           messageBuffers_.setUp(ring_->ring_fd, messageGroup, *messagePool_, messageMark);
}

bool UringDriver::isOwnersThread() const noexcept { return owner_ == thisThread(); }

// Only its owner's thread may enter a ring with deferred task work, and does its work there. Any
// other is entered by whoever ends it, but not by the number it has in the owner's thread.
bool UringDriver::takeOver() noexcept {
    if (!enabled_ || (features_.deferTaskrun && !isOwnersThread())) return false;
    if (!isOwnersThread()) {
        owner_ = thisThread();
        ring_->enter_ring_fd = ring_->ring_fd;
        ring_->int_flags = unregisteredFlags_;
    }
    return true;
}

void UringDriver::enable() noexcept {
    if (enabled_) {
        WRING_ASSERT(owner_ == thisThread(),
                     "a reactor was used from a thread that does not run it");
        return;
    }
    enabled_ = true;
    owner_ = thisThread();
    // Debian's liburing 2.3 declares io_uring_enable_rings() but does not export it.
    long result =
        ::syscall(__NR_io_uring_register, ring_->ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
    WRING_ASSERT(result == 0, "the ring could not be enabled");
    unregisteredFlags_ = ring_->int_flags;
    if (features_.registeredRing && io_uring_register_ring_fd(ring_.get()) != 1) {
        features_.registeredRing = false;
    }
}

DriverStats UringDriver::stats() const noexcept {
    DriverStats copy = DriverCore::stats();
    copy.inFlight = inFlight_ - (wake_.inFlight() ? 1 : 0);
    if (messagePool_) copy.buffersLent += messagePool_->lent();
    return copy;
}

// Not the ring's own descriptor: with deferred task work that does not wake who polls it already.
int UringDriver::fd() noexcept {
    if (newsFd_ >= 0) return newsFd_;
    int made = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (made < 0) return ring_->ring_fd;
    if (io_uring_register_eventfd(ring_.get(), made) < 0) {
        ::close(made);
        return ring_->ring_fd;
    }
    newsFd_ = made;
    passNewsOn();  // of what came before
    return newsFd_;
}

// At the beginning of a turn: what comes later is news again.
void UringDriver::takeNews() noexcept {
    if (newsFd_ < 0) return;
    eventfd_t count;
    ::eventfd_read(newsFd_, &count);
}

void UringDriver::passNewsOn() noexcept {
    if (newsFd_ < 0) return;
    bool isLeft = io_uring_cq_ready(ring_.get()) > 0 || io_uring_cq_has_overflow(ring_.get()) ||
                  !done_.empty() || !backlog_.empty() || !pendingCancels_.empty();
    if (isLeft) ::eventfd_write(newsFd_, 1);
}

void UringDriver::fillReceiver(io_uring_sqe& entry, Operation& operation) const noexcept {
    bool isStream = operation.verb_ == Verb::recvMulti;
    if (!picksBuffers()) {
        unsigned end = isStream ? POLLRDHUP : 0u;
        return io_uring_prep_poll_add(&entry, operation.fd_, POLLIN | end);
    }
    if (isStream) {
        io_uring_prep_recv_multishot(&entry, operation.fd_, nullptr, 0, 0);
    } else {
        auto* rooms = const_cast<void*>(operation.data_);
        io_uring_prep_recvmsg_multishot(&entry, operation.fd_, static_cast<msghdr*>(rooms), 0);
    }
    entry.flags |= IOSQE_BUFFER_SELECT;
    bool isOfSecond = !isStream && messagePool_;
    entry.buf_group = static_cast<std::uint16_t>(isOfSecond ? messageGroup : bufferGroup);
}

inline void UringDriver::fill(io_uring_sqe& entry, Operation& operation) noexcept {
    auto* data = const_cast<void*>(operation.data_);
    auto length = static_cast<std::size_t>(operation.length_);
    auto flags = static_cast<int>(operation.extra_);
    int fd = operation.fd_;
    switch (operation.verb_) {
        case Verb::nop:
            io_uring_prep_nop(&entry);
            break;
        case Verb::accept:
            io_uring_prep_accept(&entry, fd, nullptr, nullptr, acceptFlags_);
            break;
        case Verb::acceptMulti:
            io_uring_prep_accept(&entry, fd, nullptr, nullptr, acceptFlags_);
            if (features_.multishotAccept) entry.ioprio |= IORING_ACCEPT_MULTISHOT;
            break;
        case Verb::connect:
            io_uring_prep_connect(&entry, fd, static_cast<const sockaddr*>(data),
                                  static_cast<socklen_t>(length));
            break;
        case Verb::recv:
            io_uring_prep_recv(&entry, fd, data, length, flags);
            break;
        case Verb::recvMulti:
        case Verb::recvmsgMulti:
            fillReceiver(entry, operation);
            break;
        case Verb::send:
            io_uring_prep_send(&entry, fd, data, length, flags | MSG_NOSIGNAL);
            break;
        case Verb::sendmsg:
            io_uring_prep_sendmsg(&entry, fd, static_cast<msghdr*>(data),
                                  static_cast<unsigned>(flags) | MSG_NOSIGNAL);
            break;
        case Verb::recvmsg:
            io_uring_prep_recvmsg(&entry, fd, static_cast<msghdr*>(data),
                                  static_cast<unsigned>(flags));
            break;
        case Verb::shutdown:
            io_uring_prep_shutdown(&entry, fd, flags);
            break;
        case Verb::close:
            io_uring_prep_close(&entry, fd);
            break;
        case Verb::poll:
            io_uring_prep_poll_add(&entry, fd, static_cast<unsigned>(flags));
            break;
        case Verb::read:
            io_uring_prep_read(&entry, fd, data, static_cast<unsigned>(length),
                               static_cast<std::uint64_t>(operation.extra_));
            break;
        case Verb::write:
            io_uring_prep_write(&entry, fd, data, static_cast<unsigned>(length),
                                static_cast<std::uint64_t>(operation.extra_));
            break;
    }
}

void UringDriver::publishBuffers() noexcept {
    if (buffers_.isSetUp()) buffers_.publish();
    if (messageBuffers_.isSetUp()) messageBuffers_.publish();
}

// The queue is full.
io_uring_sqe* UringDriver::takeEntryOfNext() noexcept {
    publishBuffers();  // what is submitted now may need what has just come back
    ++stats_.enters;
    onEnterResult(io_uring_submit(ring_.get()));
    return io_uring_get_sqe(ring_.get());
}

inline io_uring_sqe* UringDriver::takeEntry() noexcept {
    io_uring_sqe* entry = io_uring_get_sqe(ring_.get());
    return entry || !enabled_ ? entry : takeEntryOfNext();
}

// Now, or as soon as there is room.
void UringDriver::start(Operation& operation) noexcept {
    io_uring_sqe* entry = enabled_ && backlog_.empty() ? takeEntry() : nullptr;
    if (!entry) {
        operation.state_ = Operation::State::queued;
        return backlog_.pushBack(operation);
    }
    if (!slots_.hasRoom()) {
        io_uring_prep_nop(entry);
        io_uring_sqe_set_data64(entry, ignoredIdentity);
        return finishLater(operation, -ENOMEM);
    }
    operation.slot_ = slots_.take(operation);
    operation.state_ = Operation::State::submitted;
    std::uint64_t identity = slots_.identity(operation.slot_);
    fill(*entry, operation);
    io_uring_sqe_set_data64(entry, identity);
}

void UringDriver::submit(Operation& operation) noexcept {
    WRING_ASSERT(!operation.inFlight(), "an operation was submitted twice");
    WRING_ASSERT(isOwnersThread() || !enabled_,
                 "a reactor was used from a thread that does not run it");
    ++stats_.submitted;
    ++inFlight_;
    operation.cancelRequested_ = false;
    wakeIfParked();
    start(operation);
}

bool kernelSendsInline() noexcept {
    static const bool does = trySendingInline();
    return does;
}

// Sends that say nothing when they succeed: the sender goes on at once, without a completion to
// wait for and a second visit to its memory. The kernel carries such a send out while it takes the
// submission, so once everything it had to say has been heard, silence is success.
int UringDriver::sendNow(Operation& send, Bytes& owner) noexcept {
    if (!features_.inlineSend || !enabled_ || !backlog_.empty()) return -EAGAIN;
    WRING_ASSERT(isOwnersThread(), "a reactor was used from a thread that does not run it");
    const InlineSends::Entry* kept = inlineSends_.add(send, owner);
    if (!kept) return -EAGAIN;
    io_uring_sqe* entry = takeEntry();
    if (!entry) {
        inlineSends_.removeLast(owner);
        return -EAGAIN;
    }
    prepareInline(*entry, send.fd_, kept->bytes(), inlineMark | inlineSends_.lastNumber());
    lastInlineAt_ = ring_->sq.sqe_tail - 1;
    send.state_ = Operation::State::unconfirmed;
    send.cancelRequested_ = false;
    ++stats_.submitted;
    ++inFlight_;
    wakeIfParked();
    return static_cast<int>(kept->size);
}

bool UringDriver::sendMore(Operation& send, BytesView bytes) noexcept {
    if (send.state_ != Operation::State::unconfirmed || send.cancelRequested_) return false;
    WRING_ASSERT(isOwnersThread(), "a reactor was used from a thread that does not run it");
    // From sqe_head on the kernel knows of nothing.
    const io_uring_sq& queue = ring_->sq;
    if (lastInlineAt_ - queue.sqe_head >= queue.sqe_tail - queue.sqe_head) return false;
    const InlineSends::Entry* kept = inlineSends_.join(send, bytes);
    if (kept) queue.sqes[lastInlineAt_ & queue.ring_mask].len = kept->size;
    return kept;
}

// Only when the kernel has taken every entry of the queue, and nothing it says waits elsewhere.
void UringDriver::handInlineOver() noexcept {
    if (io_uring_sq_ready(ring_.get()) > 0 || io_uring_cq_has_overflow(ring_.get())) return;
    if (inlineSends_.handOver()) inlineHeardAt_ = *ring_->cq.ktail;
}

bool UringDriver::isInlineHeard() const noexcept {
    return inlineSends_.isWaiting() &&
           static_cast<std::int32_t>(*ring_->cq.khead - inlineHeardAt_) >= 0;
}

bool UringDriver::sendCancel(Operation& operation) noexcept {
    io_uring_sqe* entry = takeEntry();
    if (!entry) return false;
    io_uring_prep_cancel64(entry, slots_.identity(operation.slot_), 0);
    io_uring_sqe_set_data64(entry, ignoredIdentity);
    return true;
}

void UringDriver::drainBacklog() noexcept {
    while (Operation* next = pendingCancels_.front()) {
        pendingCancels_.remove(*next);
        if (!sendCancel(*next)) return pendingCancels_.pushBack(*next);
    }
    OperationList waiting(std::move(backlog_));
    while (Operation* next = waiting.popFront()) start(*next);
}

// What the next turn does without news from the kernel.
bool UringDriver::hasMoreToDo() const noexcept {
    // Silent sends may hold the buffers that receivers wait for: they must not wait for an event.
    bool isStarved = !pool_->starved.empty() || (messagePool_ && !messagePool_->starved.empty());
    return !done_.empty() || !backlog_.empty() || !pendingCancels_.empty() ||
           canServeStarved(*pool_) || inlineAsked_ > 0 || (isStarved && !inlineSends_.empty()) ||
           (messagePool_ && canServeStarved(*messagePool_));
}

void UringDriver::flush() noexcept {
    enable();
    serveStarved();
    drainBacklog();
    publishBuffers();
    if (hasMoreToDo()) wake();
    isParked_ = true;
    if (io_uring_sq_ready(ring_.get()) == 0) return;
    ++stats_.enters;
    onEnterResult(io_uring_submit(ring_.get()));
}

unsigned UringDriver::wait(Duration timeout) noexcept {
    enable();
    isParked_ = false;
    takeNews();
    unsigned told = tellDone();
    serveStarved();
    drainBacklog();
    publishBuffers();
    bool isBusy = told > 0 || hasMoreToDo() || io_uring_cq_ready(ring_.get()) > 0;
    enter(isBusy ? Duration::zero() : timeout);
    noteWoken();
    handInlineOver();
    told += reap();
    told += confirmInline();
    told += tellDone();
    passNewsOn();
    return told;
}

// Always enters: completions of a ring with deferred task work appear at an enter only.
void UringDriver::enter(Duration timeout) noexcept {
    ++stats_.enters;
    if (timeout <= Duration::zero()) {
        return onEnterResult(io_uring_submit_and_get_events(ring_.get()));
    }
    if (timeout == Duration::max()) return onEnterResult(io_uring_submit_and_wait(ring_.get(), 1));
    auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
    __kernel_timespec limit{};
    limit.tv_sec = std::min<std::int64_t>(seconds.count(), 2147483);
    limit.tv_nsec = (timeout - seconds).count();
    io_uring_cqe* first = nullptr;
    onEnterResult(io_uring_submit_and_wait_timeout(ring_.get(), &first, 1, &limit, nullptr));
}

void UringDriver::onEnterResult(int result) noexcept {
    switch (-result) {
        case ETIME:   // the time-out passed
        case EINTR:   // a signal; the reactor comes back
        case EAGAIN:  // no memory for requests at the moment: reap, come back
        case EBUSY:   // completions must be reaped first
            return;
        default:
            break;
    }
    if (result >= 0) return;
    log(LogLevel::critical, "driver: io_uring_enter failed: errno " + std::to_string(-result));
    WRING_ASSERT(result >= 0, "the ring lost completions or is not usable");
}

// The kernel says no more of it.
inline void UringDriver::letGo(Operation& operation) noexcept {
    if (operation.inList_) pendingCancels_.remove(operation);
    slots_.free(operation.slot_);
}

// Of what gives one result, which most operations do.
inline void UringDriver::onResult(Operation& operation, std::int32_t result) noexcept {
    letGo(operation);
    if (result == -EINTR && goesOn(operation, result)) return;
    if (operation.verb_ == Verb::close && result == 0) ++closed_;
    --inFlight_;
    ++stats_.completions;
    Completion completion;
    completion.result = result;
    if (abandoning_) return forget(operation, completion);
    finish(operation, completion);
}

// One result of several, with the buffer that it may have picked.
unsigned UringDriver::onPart(Operation* operation, std::int32_t result,
                             std::uint32_t flags) noexcept {
    Completion completion;
    if (flags & IORING_CQE_F_BUFFER) {
        completion.bytes = takeReceived(flags >> IORING_CQE_BUFFER_SHIFT, result);
    }
    if (!operation) {
        ++stats_.staleCompletions;
        return 0;
    }
    completion.more = (flags & IORING_CQE_F_MORE) != 0;
    if (!completion.more) {
        letGo(*operation);
        if (result == -EINTR && goesOn(*operation, result)) return 1;
    }
    completion.result = result;
    if (completion.more) {
        tellPart(*operation, completion);
    } else {
        endMulti(*operation, completion);
    }
    return 1;
}

// Of a silent send that is not silent, or of what nobody asks about.
unsigned UringDriver::onMarkedEntry(std::uint64_t identity, std::int32_t result) noexcept {
    if (identity == ignoredIdentity) return 0;
    onInlineEntry(identity & ~inlineMark, result);
    return 1;
}

unsigned UringDriver::reap() noexcept {
    if (io_uring_cq_has_overflow(ring_.get())) ++stats_.overflows;
    // One at a time, taken out before it is told: a handler may run a turn of its own.
    unsigned told = 0;
    io_uring_cq& queue = ring_->cq;
    while (told < completionsPerTurn_) {
        unsigned head = *queue.khead;
        if (head == io_uring_smp_load_acquire(queue.ktail)) break;
        const io_uring_cqe& entry = queue.cqes[head & queue.ring_mask];
        std::uint64_t identity = entry.user_data;
        std::int32_t result = entry.res;
        std::uint32_t flags = entry.flags;
        io_uring_smp_store_release(queue.khead, head + 1);
        if (identity & inlineMark) {
            told += onMarkedEntry(identity, result);
            continue;
        }
        Operation* operation = slots_.find(identity);
        if (!operation || operation->isMulti()) {
            told += onPart(operation, result, flags);
        } else {
            onResult(*operation, result);
            ++told;
        }
    }
    return told;
}

std::unique_ptr<Driver> makeUringDriver(const DriverOptions& options) {
    return std::make_unique<UringDriver>(options);
}

}  // namespace wring::detail
