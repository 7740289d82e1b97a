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
            starved_.remove(operation);
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
    int count = receiveInto(operation, {pool_->at(buffer), pool_->bufferBytes()});
    int error = count < 0 ? -count : 0;
    Completion completion;
    completion.result = count;
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

void UringDriver::onBundle(Operation* operation, std::uint32_t buffer, std::uint32_t bytes,
                           bool more) noexcept {
    bundle_ = {operation, placeOf_[buffer], bytes, more};
    if (operation) return;
    ++stats_.staleCompletions;
    std::uint32_t size = pool_->bufferBytes();
    for (std::uint32_t done = 0; done < bytes; done += size) bufferReturned(nextOfBundle());
}

std::uint32_t UringDriver::nextOfBundle() noexcept {
    return bufferAt_[bundle_.place++ & bufferRingMask_];
}

// A handler may do anything, a turn of its own included, which then tells what is left.
unsigned UringDriver::tellBundle() noexcept {
    unsigned told = 0;
    while (Operation* operation = bundle_.operation) {
        std::uint32_t size = std::min(bundle_.bytes, pool_->bufferBytes());
        Completion completion;
        completion.result = static_cast<std::int32_t>(size);
        completion.bytes = pool_->lend(nextOfBundle(), size);
        bundle_.bytes -= size;
        completion.more = bundle_.bytes > 0 || bundle_.more;
        if (bundle_.bytes == 0) bundle_.operation = nullptr;
        if (!completion.more) letGo(*operation);
        ++told;
        deliver(*operation, completion);
    }
    return told;
}

}  // namespace wring::detail
