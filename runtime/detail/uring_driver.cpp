#include <wring/runtime/detail/uring_driver.hpp>

#include <wring/runtime/assert.hpp>
#include <wring/runtime/detail/uring_setup.hpp>
#include <wring/runtime/log.hpp>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <liburing.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace wring::detail {

namespace {

constexpr std::uint64_t ignored = ~std::uint64_t{0};
constexpr unsigned lookAhead = 4;
constexpr std::uint32_t noSlot = ~std::uint32_t{0};
constexpr int bufferGroup = 0;

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

}  // namespace

UringDriver::UringDriver(const DriverOptions& options)
    : KernelDriver(options, false, 0),
      ring_(std::make_unique<io_uring>()),
      firstFreeSlot_(noSlot),
      wake_(*this),
      completionsPerTurn_(options.completionsPerTurn) {
    slots_.reserve(64);
    freeBuffers_.reserve(pool_->limit());
    setUp(options);  // from here on nothing throws: the ring would stay
    probe(options);
    if (features_.bufferRing) setUpBufferRing(options);
    features_.bufferRing = features_.multishotRecv = bufferRing_ != nullptr;
    pool_->attach(*this);
    armWake();
}

UringDriver::~UringDriver() {
    abandonAll();
    io_uring_queue_exit(ring_.get());  // before the memory that it was given
    if (newsFd_ >= 0) ::close(newsFd_);
    if (bufferRing_) ::munmap(bufferRing_, bufferRingBytes_);
}

void UringDriver::setUp(const DriverOptions& options) {
    bool wantsDefer = !isDisabled(options, "defer_taskrun");
    bool wantsCoop = !isDisabled(options, "coop_taskrun");
    int result = -EINVAL;
    if (wantsDefer) {
        result = tryQueueInit(options, *ring_,
                              IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
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
    io_uring_free_probe(found);
}

void UringDriver::setUpBufferRing(const DriverOptions& options) noexcept {
    unsigned entries = std::bit_ceil(std::max(options.buffersInitial, options.buffersMax));
    std::size_t bytes = entries * sizeof(io_uring_buf);
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    ::madvise(memory, bytes, MADV_DONTFORK);
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uint64_t>(memory);
    registration.ring_entries = entries;
    registration.bgid = bufferGroup;
    if (io_uring_register_buf_ring(ring_.get(), &registration, 0) < 0) {
        ::munmap(memory, bytes);
        return;
    }
    bufferRing_ = static_cast<io_uring_buf_ring*>(memory);
    bufferRingBytes_ = bytes;
    bufferRingMask_ = entries - 1;
    io_uring_buf_ring_init(bufferRing_);
}

bool UringDriver::isOwnersThread() const noexcept { return owner_ == thisThread(); }

void UringDriver::enable() noexcept {
    if (enabled_) {
        WRING_ASSERT(owner_ == thisThread(), "a reactor was used from a thread that does not run it");
        return;
    }
    enabled_ = true;
    owner_ = thisThread();
    // Debian's liburing 2.3 declares io_uring_enable_rings() but does not export it.
    long result = ::syscall(__NR_io_uring_register, ring_->ring_fd, IORING_REGISTER_ENABLE_RINGS,
                            nullptr, 0);
    WRING_ASSERT(result == 0, "the ring could not be enabled");
    if (features_.registeredRing && io_uring_register_ring_fd(ring_.get()) != 1) {
        features_.registeredRing = false;
    }
}

DriverStats UringDriver::stats() const noexcept {
    DriverStats copy = KernelDriver::stats();
    copy.inFlight = inFlight_ - (wake_.inFlight() ? 1 : 0);
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
    return newsFd_ = made;
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
                  !done_.empty() || !backlog_.empty();
    if (isLeft) ::eventfd_write(newsFd_, 1);
}

void UringDriver::submit(Operation& operation) noexcept {
    WRING_ASSERT(!operation.inFlight(), "an operation was submitted twice");
    WRING_ASSERT(!enabled_ || owner_ == thisThread(),
                 "a reactor was used from a thread that does not run it");
    ++stats_.submitted;
    ++inFlight_;
    operation.cancelRequested_ = false;
    restart(operation);
    wakeIfParked();
}

// Starts an operation that counts as in flight, now or as soon as there is room.
void UringDriver::restart(Operation& operation) noexcept {
    operation.state_ = Operation::State::queued;
    if (!enabled_ || !backlog_.empty() || !start(operation)) backlog_.pushBack(operation);
}

bool UringDriver::start(Operation& operation) noexcept {
    io_uring_sqe* entry = takeEntry();
    if (!entry) return false;
    if (!takeSlot(operation)) {
        io_uring_prep_nop(entry);
        io_uring_sqe_set_data64(entry, ignored);
        finishLater(operation, -ENOMEM);
        return true;
    }
    operation.state_ = Operation::State::submitted;
    fill(*entry, operation);
    io_uring_sqe_set_data64(entry, identity(operation));
    return true;
}

void UringDriver::fill(io_uring_sqe& entry, Operation& operation) noexcept {
    auto* data = const_cast<void*>(operation.data_);
    auto length = static_cast<std::size_t>(operation.length_);
    auto flags = static_cast<int>(operation.extra_);
    int fd = operation.fd_;
    switch (operation.verb_) {
        case Verb::nop: io_uring_prep_nop(&entry); break;
        case Verb::accept: io_uring_prep_accept(&entry, fd, nullptr, nullptr, acceptFlags_); break;
        case Verb::acceptMulti:
            io_uring_prep_accept(&entry, fd, nullptr, nullptr, acceptFlags_);
            if (features_.multishotAccept) entry.ioprio |= IORING_ACCEPT_MULTISHOT;
            break;
        case Verb::connect:
            io_uring_prep_connect(&entry, fd, static_cast<const sockaddr*>(data),
                                  static_cast<socklen_t>(length));
            break;
        case Verb::recv: io_uring_prep_recv(&entry, fd, data, length, flags); break;
        case Verb::recvMulti:
            if (picksBuffers()) {
                io_uring_prep_recv_multishot(&entry, fd, nullptr, 0, 0);
                entry.flags |= IOSQE_BUFFER_SELECT;
                entry.buf_group = bufferGroup;
            } else {
                io_uring_prep_poll_add(&entry, fd, POLLIN | POLLRDHUP);
            }
            break;
        case Verb::send: io_uring_prep_send(&entry, fd, data, length, flags | MSG_NOSIGNAL); break;
        case Verb::sendmsg:
            io_uring_prep_sendmsg(&entry, fd, static_cast<msghdr*>(data),
                                  static_cast<unsigned>(flags) | MSG_NOSIGNAL);
            break;
        case Verb::recvmsg:
            io_uring_prep_recvmsg(&entry, fd, static_cast<msghdr*>(data),
                                  static_cast<unsigned>(flags));
            break;
        case Verb::shutdown: io_uring_prep_shutdown(&entry, fd, flags); break;
        case Verb::close: io_uring_prep_close(&entry, fd); break;
        case Verb::poll: io_uring_prep_poll_add(&entry, fd, static_cast<unsigned>(flags)); break;
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

io_uring_sqe* UringDriver::takeEntry() noexcept {
    io_uring_sqe* entry = io_uring_get_sqe(ring_.get());
    if (entry || !enabled_) return entry;
    publishBuffers();  // what is submitted now may need what has just come back
    ++stats_.enters;
    onEnterResult(io_uring_submit(ring_.get()));
    return io_uring_get_sqe(ring_.get());
}

void UringDriver::publishBuffers() noexcept {
    if (buffersToPublish_ == 0) return;
    io_uring_buf_ring_advance(bufferRing_, static_cast<int>(std::exchange(buffersToPublish_, 0)));
}

bool UringDriver::takeSlot(Operation& operation) noexcept {
    if (firstFreeSlot_ == noSlot) {
        try {
            slots_.push_back({nullptr, 0, noSlot});
        } catch (...) {
            return false;
        }
        firstFreeSlot_ = static_cast<std::uint32_t>(slots_.size() - 1);
    }
    operation.slot_ = firstFreeSlot_;
    Slot& slot = slots_[firstFreeSlot_];
    firstFreeSlot_ = slot.nextFree;
    slot.operation = &operation;
    return true;
}

void UringDriver::freeSlot(Operation& operation) noexcept {
    if (operation.inList_) pendingCancels_.remove(operation);
    Slot& slot = slots_[operation.slot_];
    slot.operation = nullptr;
    ++slot.generation;
    slot.nextFree = firstFreeSlot_;
    firstFreeSlot_ = operation.slot_;
}

std::uint64_t UringDriver::identity(const Operation& operation) const noexcept {
    return std::uint64_t{slots_[operation.slot_].generation} << 32 | operation.slot_;
}

void UringDriver::cancel(Operation& operation) noexcept {
    switch (operation.state_) {
        case Operation::State::idle:
        case Operation::State::done: return;
        case Operation::State::queued:
            backlog_.remove(operation);
            return finishLater(operation, -ECANCELED);
        case Operation::State::starved:
            starved_.remove(operation);
            return finishLater(operation, -ECANCELED);
        case Operation::State::submitted: break;
    }
    if (operation.cancelRequested_) return;
    operation.cancelRequested_ = true;
    ++stats_.cancels;
    if (!sendCancel(operation)) pendingCancels_.pushBack(operation);
    wakeIfParked();
}

bool UringDriver::sendCancel(Operation& operation) noexcept {
    io_uring_sqe* entry = takeEntry();
    if (!entry) return false;
    io_uring_prep_cancel64(entry, identity(operation), 0);
    io_uring_sqe_set_data64(entry, ignored);
    return true;
}

void UringDriver::finishLater(Operation& operation, int result) noexcept {
    operation.state_ = Operation::State::done;
    operation.result_ = result;
    done_.pushBack(operation);
    wakeIfParked();
}

void UringDriver::drainBacklog() noexcept {
    while (Operation* next = pendingCancels_.front()) {
        pendingCancels_.remove(*next);
        if (!sendCancel(*next)) return pendingCancels_.pushBack(*next);
    }
    while (Operation* next = backlog_.front()) {
        backlog_.remove(*next);
        // At the back is not where it was, but nothing depends on the order of a full queue.
        if (!start(*next)) return backlog_.pushBack(*next);
    }
}

void UringDriver::flush() noexcept {
    enable();
    retryStarved([this](Operation& operation) { restart(operation); });
    drainBacklog();
    publishBuffers();
    if (!done_.empty() || !backlog_.empty() || canServeStarved()) wake();
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
    retryStarved([this](Operation& operation) { restart(operation); });
    drainBacklog();
    publishBuffers();
    bool isBusy = told > 0 || !done_.empty() || !backlog_.empty() || canServeStarved() ||
                  io_uring_cq_ready(ring_.get()) > 0;
    enter(isBusy ? Duration::zero() : timeout);
    told += reap();
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
        default: break;
    }
    if (result >= 0) return;
    log(LogLevel::critical, "driver: io_uring_enter failed: errno " + std::to_string(-result));
    WRING_ASSERT(result >= 0, "the ring lost completions or is not usable");
}

unsigned UringDriver::reap() noexcept {
    if (io_uring_cq_has_overflow(ring_.get())) ++stats_.overflows;
    // One at a time, taken out before it is told: a handler may run a turn of its own.
    unsigned told = 0;
    io_uring_cq& queue = ring_->cq;
    while (told < completionsPerTurn_) {
        unsigned head = *queue.khead;
        unsigned tail = io_uring_smp_load_acquire(queue.ktail);
        if (head == tail) break;
        if (tail - head > lookAhead) prefetch(queue.cqes[(head + lookAhead) & *queue.kring_mask]);
        io_uring_cqe taken{};
        std::memcpy(&taken, &queue.cqes[head & *queue.kring_mask], sizeof taken);
        io_uring_cq_advance(ring_.get(), 1);
        told += onEntry(taken);
    }
    return told;
}

// With many connections each one's memory has left the cache since its last completion.
void UringDriver::prefetch(const io_uring_cqe& entry) const noexcept {
    auto index = static_cast<std::uint32_t>(entry.user_data);
    if (index >= slots_.size() || !slots_[index].operation) return;
    const auto* operation = reinterpret_cast<const char*>(slots_[index].operation);
    for (int line = -2; line < 3; ++line) __builtin_prefetch(operation + 64 * line);
}

bool UringDriver::onEntry(const io_uring_cqe& entry) noexcept {
    std::uint64_t identity = entry.user_data;
    if (identity == ignored) return false;
    auto index = static_cast<std::uint32_t>(identity);
    Operation* operation = nullptr;
    if (index < slots_.size() && slots_[index].generation == identity >> 32) {
        operation = slots_[index].operation;
    }
    Completion completion;
    completion.result = entry.res;
    completion.more = (entry.flags & IORING_CQE_F_MORE) != 0;
    if (entry.flags & IORING_CQE_F_BUFFER) {
        // Whatever the result: a buffer that was picked is ours to return.
        std::uint32_t buffer = entry.flags >> IORING_CQE_BUFFER_SHIFT;
        if (operation && entry.res > 0) {
            completion.bytes = pool_->lend(buffer, static_cast<std::uint32_t>(entry.res));
        } else {
            bufferReturned(buffer);
        }
    }
    if (!operation) {
        ++stats_.staleCompletions;
        return false;
    }
    if (!completion.more) freeSlot(*operation);
    deliver(*operation, completion);
    return true;
}

void UringDriver::deliver(Operation& operation, Completion& completion) noexcept {
    bool isMulti = operation.verb_ == Verb::recvMulti || operation.verb_ == Verb::acceptMulti;
    if (!completion.more) {
        if (completion.result == -EINTR) {
            if (!operation.cancelRequested_ && !abandoning_) return restart(operation);
            completion.result = -ECANCELED;
        }
        if (isMulti) return endMulti(operation, completion);
        if (operation.verb_ == Verb::close && completion.result == 0) ++closed_;
        --inFlight_;
    }
    ++stats_.completions;
    if (abandoning_) {
        bool isAccept = operation.verb_ == Verb::acceptMulti || operation.verb_ == Verb::accept;
        if (isAccept && completion.result >= 0) closeNow(completion.result);
        if (!completion.more) operation.state_ = Operation::State::idle;
        return;
    }
    finish(operation, completion);
}

// The kernel ended a multishot operation. Without an error it is armed again, here and nowhere
// else; out of buffers it waits for one.
void UringDriver::endMulti(Operation& operation, Completion& completion) noexcept {
    bool isRecv = operation.verb_ == Verb::recvMulti;
    if (isRecv && completion.result == -ENOBUFS) {
        if (operation.cancelRequested_ || abandoning_) {
            completion.result = -ECANCELED;
        } else {
            if (growOrStarve(operation)) return restart(operation);
            operation.state_ = Operation::State::starved;
            return;
        }
    }
    if (isRecv && !picksBuffers() && completion.result > 0 && !abandoning_) {
        return receivePolled(operation);
    }
    bool goesOn = isRecv ? completion.result > 0 : completion.result >= 0;
    if (!goesOn || abandoning_) {
        --inFlight_;
        ++stats_.completions;
        if (!abandoning_) return finish(operation, completion);
        if (!isRecv && completion.result >= 0) closeNow(completion.result);
        operation.state_ = Operation::State::idle;
        return;
    }
    completion.more = true;
    if (operation.cancelRequested_) {
        finishLater(operation, -ECANCELED);  // told after what had already arrived
    } else {
        restart(operation);
    }
    ++stats_.completions;
    finish(operation, completion);
}

// Receiving on kernels without multishot or buffer rings: a poll, then a plain call.
void UringDriver::receivePolled(Operation& operation) noexcept {
    if (operation.cancelRequested_) return finishLater(operation, -ECANCELED);
    if (freeBuffers_.empty() && !pool_->grow()) {
        if (operation.cancelRequested_) return finishLater(operation, -ECANCELED);
        ++stats_.starvations;
        operation.state_ = Operation::State::starved;
        return starved_.pushBack(operation);
    }
    std::uint32_t buffer = freeBuffers_.back();
    ssize_t count = ::recv(operation.fd_, pool_->at(buffer), pool_->bufferBytes(), MSG_DONTWAIT);
    int error = count < 0 ? errno : 0;
    Completion completion;
    completion.result = error ? -error : static_cast<int>(count);
    if (error == EAGAIN || error == EINTR) {
        if (operation.cancelRequested_) return finishLater(operation, -ECANCELED);
        return restart(operation);
    }
    if (count > 0) {
        freeBuffers_.pop_back();
        completion.bytes = pool_->lend(buffer, static_cast<std::uint32_t>(count));
        completion.more = true;
        if (operation.cancelRequested_) {
            finishLater(operation, -ECANCELED);
        } else {
            restart(operation);
        }
    } else {
        --inFlight_;
    }
    ++stats_.completions;
    finish(operation, completion);
}

unsigned UringDriver::tellDone() noexcept {
    OperationList ended(std::move(done_));
    unsigned told = 0;
    while (Operation* operation = ended.popFront()) {
        Completion completion;
        completion.result = operation->result_;
        --inFlight_;
        ++told;
        ++stats_.completions;
        finish(*operation, completion);
    }
    return told;
}

void UringDriver::bufferReturned(std::uint32_t buffer) noexcept {
    if (picksBuffers()) {
        io_uring_buf_ring_add(bufferRing_, pool_->at(buffer), pool_->bufferBytes(),
                              static_cast<unsigned short>(buffer),
                              static_cast<int>(bufferRingMask_),
                              static_cast<int>(buffersToPublish_++));
    } else {
        freeBuffers_.push_back(buffer);
    }
}

void UringDriver::armWake() noexcept {
    wake_.prepareRead(wakeFd_, std::as_writable_bytes(std::span(&wake_.count, 1)));
    submit(wake_);
}

void UringDriver::onWake(Operation& operation, Completion&) noexcept {
    static_cast<WakeOperation&>(operation).driver.armWake();
}

std::unique_ptr<Driver> makeUringDriver(const DriverOptions& options) {
    return std::make_unique<UringDriver>(options);
}

}  // namespace wring::detail
