#include <wring/runtime/detail/sim_driver.hpp>

#include <wring/runtime/assert.hpp>
#include <wring/runtime/error.hpp>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>

// The turn of the simulated driver: what is begun, waited for and told, and when. What the verbs do
// is in sim_verbs.cpp.

namespace wring::detail {

namespace {
using std::chrono::microseconds;
using std::chrono::milliseconds;
constexpr Duration costOfTurn = microseconds(1);
}  // namespace

SimulatedDriver::SimulatedDriver(SimKernel& kernel, const DriverOptions& options,
                                 const bool& isStepped)
    : DriverCore(BufferLayout::single(options)),
      kernel_(kernel),
      world_(kernel.world()),
      isStepped_(isStepped),
      wakeFd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (wakeFd_ < 0) {
        throw DriverError(errno, "create the driver", "the wake-up descriptor could not be made");
    }
    auto has = [&](const char* feature) {
        return std::find(options.disabled.begin(), options.disabled.end(), feature) ==
               options.disabled.end();
    };
    features_.inlineSend = has("inline_send");
    freeBuffers_.reserve(pool_->limit());
    noteWoken();
    pool_->attach(*this);
    kernel_.watch(this);
}

SimulatedDriver::~SimulatedDriver() {
    kernel_.watch(nullptr);
    // Nobody is told any more, but nothing is left in flight or open either.
    for (News& each : news_) {
        bool isAccept =
            each.operation->verb_ == Verb::accept || each.operation->verb_ == Verb::acceptMulti;
        if (isAccept && each.completion.result >= 0) kernel_.close(each.completion.result);
    }
    for (Slot& each : slots_) {
        if (each.operation) each.operation->state_ = Operation::State::idle;
    }
    ::close(wakeFd_);
}

DriverStats SimulatedDriver::stats() const noexcept {
    DriverStats copy = DriverCore::stats();
    copy.inFlight = inFlight_;
    return copy;
}

Duration SimulatedDriver::upTo(std::uint64_t most) noexcept {
    return microseconds(1 + world_.choices().magnitude(most * 1000));
}

void SimulatedDriver::enter(Operation& operation) noexcept {
    ++stats_.submitted;
    ++inFlight_;
    operation.cancelRequested_ = false;
    if (freeSlots_.empty()) {
        freeSlots_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.emplace_back();
    }
    operation.slot_ = freeSlots_.back();
    freeSlots_.pop_back();
    Slot& slot = slots_[operation.slot_];
    slot.operation = &operation;
    slot.given = digestOf(operation);
    slot.isGiven = true;
}

void SimulatedDriver::leave(Operation& operation) noexcept {
    Slot& slot = slots_[operation.slot_];
    if (slot.isGiven && slot.given != digestOf(operation)) {
        world_.violate(std::string("what a ") + verbName(operation.verb_) +
                       " was to send changed while it was in flight");
    }
    slot.operation = nullptr;
    ++slot.generation;
    freeSlots_.push_back(operation.slot_);
    --inFlight_;
}

SimulatedDriver::Descriptor& SimulatedDriver::descriptor(int fd) {
    auto index = static_cast<std::size_t>(fd - SimKernel::firstDescriptor);
    if (index >= descriptors_.size()) descriptors_.resize(std::max(index + 1, index * 2));
    return descriptors_[index];
}

void SimulatedDriver::submit(Operation& operation) noexcept {
    WRING_ASSERT(!operation.inFlight(), "an operation was submitted twice");
    enter(operation);
    world_.note(kernel_, "submit", operation.fd_, static_cast<std::int64_t>(operation.verb_));
    operation.state_ = Operation::State::queued;
    starting_.pushBack(operation);
    if (strikes(Fault::scribbledBuffer)) scribble(operation, 0);
    wakeIfParked();
}

// What was submitted since begins; what has found no buffer may try again.
void SimulatedDriver::handOver() {
    sendSilent();
    retryStarved(*pool_, [this](Operation& operation) { waitOn(operation); });
    for (OperationList batch(std::move(starting_)); Operation* next = batch.popFront();) {
        if (strikes(Fault::lateStart)) {
            starting_.pushBack(*next);
        } else {
            begin(*next);
        }
    }
}

void SimulatedDriver::waitOn(Operation& operation) {
    operation.state_ = Operation::State::submitted;
    Descriptor& known = descriptor(operation.fd_);
    switch (operation.verb_) {
        case Verb::poll:
            known.polls.pushBack(operation);
            break;
        case Verb::connect:
        case Verb::send:
        case Verb::sendmsg:
        case Verb::write:
            known.waiting[1].pushBack(operation);
            break;
        default:
            known.waiting[0].pushBack(operation);
    }
    queue(operation.fd_);
}

void SimulatedDriver::queue(int fd) noexcept {
    Descriptor& known = descriptor(fd);
    if (!std::exchange(known.isQueued, true)) ready_.push_back(fd);
}

void SimulatedDriver::descriptorChanged(int fd) noexcept {
    queue(fd);
    if (isPolled_ && !isInside_) wake();
    wakeIfParked();
}

void SimulatedDriver::addNews(Operation& operation, Completion completion, std::string received) {
    Time visibleAt = world_.now();
    if (strikes(Fault::lateCompletion)) visibleAt += upTo(20);
    // Of one operation nothing overtakes what came before.
    for (const News& each : news_) {
        if (each.operation == &operation) visibleAt = std::max(visibleAt, each.visibleAt);
    }
    news_.push_back({&operation, std::move(completion), std::move(received), visibleAt});
}

void SimulatedDriver::endLater(Operation& operation, int result, std::string received) {
    operation.state_ = Operation::State::done;
    Completion completion;
    completion.result = result;
    addNews(operation, std::move(completion), std::move(received));
    wakeIfParked();
}

void SimulatedDriver::cancel(Operation& operation) noexcept {
    if (!operation.inFlight() || operation.cancelRequested_) return;
    operation.cancelRequested_ = true;
    world_.note(kernel_, "cancel", operation.fd_, static_cast<std::int64_t>(operation.verb_));
    wakeIfParked();
    if (operation.state_ == Operation::State::unconfirmed) return;
    if (operation.state_ == Operation::State::done) return;
    ++stats_.cancels;
    std::uint32_t slot = operation.slot_;
    std::uint32_t generation = slots_[slot].generation;
    Duration delay{};
    if (strikes(Fault::lateCancel)) delay = upTo(20);
    if (strikes(Fault::slowCancel)) delay = upTo(3000);
    if (delay == Duration::zero()) return cancelNow(slot, generation);
    // A driver that goes takes its kernel's watcher away: then there is nothing to be cancelled.
    world_.in(delay, [this, &kernel = kernel_, slot, generation] {
        if (kernel.isWatchedBy(this)) cancelNow(slot, generation);
    });
}

void SimulatedDriver::cancelNow(std::size_t slot, std::uint32_t generation) {
    if (slots_[slot].generation != generation) return;
    Operation& operation = *slots_[slot].operation;
    switch (operation.state_) {
        case Operation::State::queued:
            starting_.remove(operation);
            break;
        case Operation::State::starved:
            pool_->starved.remove(operation);
            break;
        case Operation::State::submitted: {
            Descriptor& known = descriptor(operation.fd_);
            bool isWrite = operation.verb_ == Verb::connect || operation.verb_ == Verb::send ||
                           operation.verb_ == Verb::sendmsg || operation.verb_ == Verb::write;
            (operation.verb_ == Verb::poll ? known.polls : known.waiting[isWrite])
                .remove(operation);
            break;
        }
        default:
            return;
    }
    endLater(operation, -ECANCELED);
}

bool SimulatedDriver::hasVisibleNews() const noexcept { return nextVisible() <= world_.now(); }

Time SimulatedDriver::nextVisible() const noexcept {
    Time next = never;
    for (const News& each : news_) {
        next = std::min(next, each.visibleAt);
        if (next <= world_.now()) break;
    }
    return next;
}

// Some that can be seen, but of one operation always the oldest.
std::size_t SimulatedDriver::chooseNews() noexcept {
    std::size_t first = 0;
    while (news_[first].visibleAt > world_.now()) ++first;
    std::size_t chosen = first;
    if (strikes(Fault::reorderedCompletion)) {
        chosen += world_.choices().choose(static_cast<std::uint32_t>(news_.size() - first));
        if (news_[chosen].visibleAt > world_.now()) chosen = first;
    }
    for (std::size_t i = 0; i < chosen; ++i) {
        if (news_[i].operation == news_[chosen].operation) return i;
    }
    return chosen;
}

void SimulatedDriver::tell() {
    if (strikes(Fault::completionOverflow)) {
        ++stats_.overflows;
        return;
    }
    std::size_t most = strikes(Fault::smallBatch) ? 1 : news_.size();
    for (std::size_t i = 0; i < most && hasVisibleNews(); ++i) {
        std::size_t chosen = chooseNews();
        News news = std::move(news_[chosen]);
        news_.erase(news_.begin() + static_cast<std::ptrdiff_t>(chosen));
        tellOne(std::move(news));
    }
}

void SimulatedDriver::tellOne(News news) {
    Operation& operation = *news.operation;
    if (!news.received.empty()) {
        std::memcpy(const_cast<void*>(operation.data_), news.received.data(), news.received.size());
    }
    world_.note(kernel_, verbName(operation.verb_), operation.fd_, news.completion.result);
    if (!news.completion.more) {
        if (strikes(Fault::scribbledBuffer)) scribble(operation, news.received.size());
        leave(operation);
    }
    ++told_;
    ++stats_.completions;
    finish(operation, news.completion);
}

// Lets happen what is due, and tells of it.
void SimulatedDriver::look() {
    world_.runDue();
    progress();
    tell();
}

unsigned SimulatedDriver::wait(Duration timeout) noexcept {
    isParked_ = false;
    bool wasInside = std::exchange(isInside_, true);
    unsigned toldBefore = std::exchange(told_, 0);
    wantsWakeAt_ = {};
    ++stats_.enters;
    if (strikes(Fault::clockStep)) world_.moveTo(after(world_.now(), upTo(200)));
    bool wasWoken = clearWake();
    handOver();
    if (!strikes(Fault::interruptedWait)) {
        look();
        if (told_ == 0) confirmSilent();
        Time deadline = after(world_.now(), std::max(timeout, Duration::zero()));
        if (strikes(Fault::lateWake)) deadline = after(deadline, upTo(50));
        bool isIdle = told_ == 0 && !wasWoken && unheard_.empty();
        if (isIdle && deadline > world_.now()) block(deadline);
    }
    confirmSilent();
    world_.moveTo(world_.now() + costOfTurn);
    noteWoken();
    isInside_ = wasInside;
    unsigned told = told_;
    told_ += toldBefore;  // by a wait that this one is within
    return told;
}

// Nothing to tell yet.
void SimulatedDriver::block(Time deadline) {
    wantsWakeAt_ = deadline;
    if (isStepped_) return;
    while (told_ == 0 && unheard_.empty() && !isWoken_.load(std::memory_order_acquire)) {
        Time next = std::min({deadline, world_.nextDue(), dueAt()});
        if (next == never) {
            pollfd woken{wakeFd_, POLLIN, 0};
            ::poll(&woken, 1, -1);
            break;
        }
        world_.moveTo(std::max(next, after(world_.now(), costOfTurn)));
        handOver();
        look();
        if (world_.now() >= deadline) break;
    }
    clearWake();
}

bool SimulatedDriver::isBusy() const noexcept {
    return isWoken_.load(std::memory_order_acquire) || !ready_.empty() || !starting_.empty() ||
           !silent_.empty() || !unheard_.empty() || canServeStarved(*pool_);
}

Time SimulatedDriver::dueAt() const noexcept {
    return isBusy() ? world_.now() : std::min(nextVisible(), wantsWakeAt_);
}

void SimulatedDriver::flush() noexcept {
    handOver();
    progress();
    isParked_ = true;
    if (!news_.empty() || isBusy()) wake();
}

void SimulatedDriver::wake() noexcept {
    isWoken_.store(true, std::memory_order_release);
    std::uint64_t one = 1;
    [[maybe_unused]] ssize_t written = ::write(wakeFd_, &one, sizeof one);
}

bool SimulatedDriver::clearWake() noexcept {
    if (!isWoken_.exchange(false, std::memory_order_acq_rel)) return false;
    std::uint64_t count;
    [[maybe_unused]] ssize_t got = ::read(wakeFd_, &count, sizeof count);
    return true;
}

int SimulatedDriver::fd() noexcept {
    isPolled_ = true;
    return wakeFd_;
}

}  // namespace wring::detail
