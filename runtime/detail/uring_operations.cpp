#include <wring/runtime/assert.hpp>
#include <wring/runtime/detail/uring_driver.hpp>

#include <sys/socket.h>
#include <algorithm>
#include <cerrno>

// The life of an operation: submitted, cancelled, completed once or many times.

namespace wring::detail {

void UringDriver::submit(Operation& operation) noexcept {
    WRING_ASSERT(!operation.inFlight(), "an operation was submitted twice");
    WRING_ASSERT(!enabled_ || isOwnersThread(),
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

void UringDriver::deliver(Operation& operation, Completion& completion) noexcept {
    bool isMulti = operation.picksBuffers() || operation.verb_ == Verb::acceptMulti;
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
    bool isRecv = operation.picksBuffers();
    if (isRecv && completion.result == -ENOBUFS) {
        if (operation.cancelRequested_ || abandoning_) {
            completion.result = -ECANCELED;
        } else {
            if (awaitBuffer(operation)) return restart(operation);
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
        return pool_->starved.pushBack(operation);
    }
    std::uint32_t buffer = freeBuffers_.back();
    int count = receiveInto(operation, pool_->room(buffer));
    int error = count < 0 ? -count : 0;
    Completion completion;
    completion.result = count;
    if (error == EAGAIN || error == EINTR) {
        if (operation.cancelRequested_) return finishLater(operation, -ECANCELED);
        return restart(operation);
    }
    if (count > 0) {
        completion.bytes = pool_->lend(buffer, static_cast<std::uint32_t>(count));
        if (pool_->isFull(buffer)) freeBuffers_.pop_back();
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

// The kernel says no more of it.
void UringDriver::letGo(Operation& operation) noexcept {
    if (operation.inList_) pendingCancels_.remove(operation);
    slots_.free(operation.slot_);
}

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
    auto retry = [this](Operation& operation) { restart(operation); };
    bool isHeldForLong = !pool_->starved.empty() && pool_->available() == 0 && inlineSends_.empty();
    if (isHeldForLong) pool_->grow();
    retryStarved(*pool_, retry);
    if (messagePool_) retryStarved(*messagePool_, retry);
}

}  // namespace wring::detail
