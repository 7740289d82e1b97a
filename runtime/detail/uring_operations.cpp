#include <wring/runtime/assert.hpp>
#include <wring/runtime/detail/uring_driver.hpp>

#include <sys/socket.h>
#include <algorithm>
#include <cerrno>

// The life of an operation: submitted, cancelled, completed once or many times.

namespace wring::detail {

void UringDriver::cancel(Operation& operation) noexcept {
    switch (operation.state_) {
        case Operation::State::idle:
        case Operation::State::done:
            return;
        case Operation::State::queued:
            backlog_.remove(operation);
            return finishLater(operation, -ECANCELED);
        case Operation::State::starved:
            poolOf(operation).starved.remove(operation);
            return finishLater(operation, -ECANCELED);
        case Operation::State::unconfirmed:
            if (!std::exchange(operation.cancelRequested_, true)) ++inlineAsked_;
            return wakeIfParked();
        case Operation::State::submitted:
            break;
    }
    if (operation.cancelRequested_) return;
    WRING_ASSERT(isOwnersThread(), "a reactor was used from a thread that does not run it");
    operation.cancelRequested_ = true;
    ++stats_.cancels;
    if (!sendCancel(operation)) pendingCancels_.pushBack(operation);
    wakeIfParked();
}

void UringDriver::finishLater(Operation& operation, int result) noexcept {
    operation.state_ = Operation::State::done;
    operation.result_ = result;
    done_.pushBack(operation);
    wakeIfParked();
}

// After a signal: it is started again. False if its end was asked for, which that is then, and for
// a close: Linux has freed the number all the same.
bool UringDriver::goesOn(Operation& operation, std::int32_t& result) noexcept {
    if (operation.verb_ == Verb::close) {
        result = 0;
        return false;
    }
    if (operation.cancelRequested_ || abandoning_) {
        result = -ECANCELED;
        return false;
    }
    start(operation);
    return true;
}

void UringDriver::tellPart(Operation& operation, Completion& completion) noexcept {
    ++stats_.completions;
    if (abandoning_) return forget(operation, completion);
    finish(operation, completion);
}

// Of a driver that ends nobody is told.
void UringDriver::forget(Operation& operation, const Completion& completion) noexcept {
    bool isAccept = operation.verb_ == Verb::acceptMulti || operation.verb_ == Verb::accept;
    if (isAccept && completion.result >= 0) closeNow(completion.result);
    if (!completion.more) operation.state_ = Operation::State::idle;
}

// The kernel ended a multishot operation. Without an error it is armed again, here and nowhere
// else; out of buffers it waits for one.
void UringDriver::endMulti(Operation& operation, Completion& completion) noexcept {
    bool isRecv = operation.picksBuffers();
    if (isRecv && completion.result == -ENOBUFS) {
        if (operation.cancelRequested_ || abandoning_) {
            completion.result = -ECANCELED;
        } else {
            if (awaitBuffer(operation)) return start(operation);
            operation.state_ = Operation::State::starved;
            return;
        }
    }
    if (isRecv && !picksBuffers() && completion.result > 0 && !abandoning_) {
        return receivePolled(operation);
    }
    completion.more = !abandoning_ && (isRecv ? completion.result > 0 : completion.result >= 0);
    if (!completion.more) {
        --inFlight_;
    } else if (operation.cancelRequested_) {
        finishLater(operation, -ECANCELED);  // told after what had already arrived
    } else {
        start(operation);
    }
    tellPart(operation, completion);
}

// Receiving on kernels without multishot or buffer rings: a poll, then a plain call.
void UringDriver::receivePolled(Operation& operation) noexcept {
    if (operation.cancelRequested_) return finishLater(operation, -ECANCELED);
    if (freeBuffers_.empty() && !pool_->grow()) {
        if (operation.cancelRequested_) return finishLater(operation, -ECANCELED);
        ++stats_.starvations;
        operation.state_ = Operation::State::starved;
        return pool_->starved.pushBack(operation);
    }
    std::uint32_t buffer = freeBuffers_.back();
    int count = receiveInto(operation, pool_->room(buffer));
    int error = count < 0 ? -count : 0;
    Completion completion;
    completion.result = count;
    if (error == EAGAIN || error == EINTR) {
        if (operation.cancelRequested_) return finishLater(operation, -ECANCELED);
        return start(operation);
    }
    if (count > 0) {
        completion.bytes = pool_->lend(buffer, static_cast<std::uint32_t>(count));
        if (pool_->isFull(buffer)) freeBuffers_.pop_back();
        completion.more = true;
        if (operation.cancelRequested_) {
            finishLater(operation, -ECANCELED);
        } else {
            start(operation);
        }
    } else {
        --inFlight_;
    }
    ++stats_.completions;
    finish(operation, completion);
}

// A handler may run a turn of its own, which goes on here. What ends meanwhile is for the next one.
unsigned UringDriver::tellDone() noexcept {
    telling_.append(done_);
    unsigned told = 0;
    while (Operation* operation = telling_.popFront()) {
        Completion completion;
        completion.result = operation->result_;
        --inFlight_;
        ++told;
        ++stats_.completions;
        finish(*operation, completion);
    }
    return told;
}

// The kernel took less than all, or nothing.
void UringDriver::onInlineEntry(std::uint64_t number, int result) noexcept {
    InlineSends::Entry& entry = inlineSends_.find(number);
    Operation* operation = std::exchange(entry.operation, nullptr);
    if (operation) tellInline(*operation, entry, result);
}

void UringDriver::tellInline(Operation& operation, InlineSends::Entry& entry, int result) noexcept {
    operation.state_ = Operation::State::idle;
    --inFlight_;
    if (operation.cancelRequested_) --inlineAsked_;
    ++stats_.completions;
    if (abandoning_) return;
    Completion completion;
    completion.result = result;
    try {
        completion.bytes = inlineSends_.take(entry);
    } catch (...) {
        completion.result = -ENOMEM;
    }
    finish(operation, completion);
}

// Whether all was heard is asked again after each that is told: it may run turns that finish this
// batch and begin with the next one.
unsigned UringDriver::confirmInline() noexcept {
    unsigned told = 0;
    for (bool isHeard = isInlineHeard(); isHeard;) {
        InlineSends::Entry* entry = inlineSends_.next();
        if (!entry) break;
        Operation* operation = std::exchange(entry->operation, nullptr);
        if (!operation) continue;
        if (operation->cancelRequested_) {
            ++told;
            tellInline(*operation, *entry, static_cast<int>(entry->size));
            isHeard = isInlineHeard();
        } else {
            operation->state_ = Operation::State::idle;
            --inFlight_;
        }
    }
    return told;
}

// Whatever the result: a buffer that was picked is ours to return. One that is filled piece by
// piece stays where it is, and the kernel tells the pieces in the order in which it has filled
// them.
Bytes UringDriver::takeReceived(std::uint32_t number, int result) noexcept {
    bool isOfSecond = messagePool_ && (number & messageMark) != 0;
    BufferPool& pool = isOfSecond ? *messagePool_ : *pool_;
    std::uint32_t buffer = isOfSecond ? number & ~messageMark : number;
    if (result > 0) return pool.lend(buffer, static_cast<std::uint32_t>(result));
    if (!pool.isJoined()) (isOfSecond ? messageBuffers_ : buffers_).bufferReturned(buffer);
    return {};
}

// Only without a buffer ring.
void UringDriver::bufferReturned(std::uint32_t buffer) noexcept { freeBuffers_.push_back(buffer); }

BufferPool& UringDriver::poolOf(const Operation& operation) noexcept {
    return messagePool_ && operation.verb_ == Verb::recvmsgMulti ? *messagePool_ : *pool_;
}

// False when it has to wait until a buffer comes back. Joined buffers that are all full in the
// middle of a turn mostly come back with it: more of them than the cache holds would cost every
// receive.
bool UringDriver::awaitBuffer(Operation& operation) noexcept {
    BufferPool& pool = poolOf(operation);
    if (!pool.isJoined()) return growOrStarve(operation, pool);
    ++stats_.starvations;
    if (pool.available() > 0) return true;
    pool.starved.pushBack(operation);
    return false;
}

void UringDriver::serveStarved() noexcept {
    auto retry = [this](Operation& operation) { start(operation); };
    bool isHeldForLong = !pool_->starved.empty() && pool_->available() == 0 && inlineSends_.empty();
    if (isHeldForLong) pool_->grow();
    retryStarved(*pool_, retry);
    if (messagePool_) retryStarved(*messagePool_, retry);
}

void UringDriver::armWake() noexcept {
    wake_.prepareRead(wakeFd_, std::as_writable_bytes(std::span(&wake_.count, 1)));
    submit(wake_);
}

void UringDriver::onWake(Operation& operation, Completion&) noexcept {
    static_cast<WakeOperation&>(operation).driver.armWake();
}

}  // namespace wring::detail
