#include <wring/deferred/deferred_filesystem_lock.hpp>

#include <utility>

namespace wring {

namespace {

/// A TimeoutError with a text of its own.
class LockTimeout : public TimeoutError {
 public:
    explicit LockTimeout(const std::string& text)
        : TimeoutError(TimeoutError::errorClass(), 0, "lock", {}, text) {}
};

Failure timedOut(const std::string& path, Duration timeout) {
    std::chrono::duration<double> seconds = timeout;
    LockTimeout error("Timed out acquiring lock: " + path + " after " +
                      std::to_string(seconds.count()) + "s");
    return Failure(TimeoutError(error));  // the part of it that has the class people look for
}

}  // namespace

DeferredFilesystemLock::DeferredFilesystemLock(std::string path, IReactorTime& scheduler)
    : FilesystemLock(std::move(path)),
      scheduler_(scheduler),
      retry_(&DeferredFilesystemLock::onRetry, *this),
      limit_(&DeferredFilesystemLock::onLimit, *this) {}

DeferredFilesystemLock::~DeferredFilesystemLock() {
    if (Ref<detail::DeferredState<void>> state = stop()) {
        state->toldToEnd();
        state->fail(Failure::of<CancelledError>());
    }
}

Deferred<> DeferredFilesystemLock::deferUntilLocked(std::optional<Duration> timeout) {
    // Somebody may have fired the one that waited by hand.
    if (waiting_ && !waiting_->isCalled()) return fail(Failure::of<AlreadyTryingToLockError>());
    stop();
    if (timeout) timeout = toDelay(*timeout);
    Deferred<> acquired([this](Deferred<>&) { lastAttempt(std::nullopt); });
    waiting_ = acquired.state();
    Result<bool> got = attempt();
    if (!got) {
        end(got.error());
    } else if (*got) {
        end({});
    } else if (Result<void> waiting = wait(timeout); !waiting) {
        end(waiting);
    }
    return acquired;
}

Result<bool> DeferredFilesystemLock::attempt() noexcept {
    try {
        return lock();
    } catch (...) {
        return Failure::current();
    }
}

Result<void> DeferredFilesystemLock::wait(std::optional<Duration> timeout) noexcept {
    try {
        if (timeout) {
            timeoutFailure_ = timedOut(name(), *timeout);
            scheduler_.arm(limit_, after(scheduler_.now(), *timeout));
        }
    } catch (...) {
        return Failure::current();
    }
    return armRetry();
}

Result<void> DeferredFilesystemLock::armRetry() noexcept {
    try {
        scheduler_.arm(retry_, after(scheduler_.now(), interval));
        return {};
    } catch (...) {
        return Failure::current();
    }
}

void DeferredFilesystemLock::onRetry(Timer& timer) noexcept {
    DeferredFilesystemLock& self = static_cast<Alarm&>(timer).owner;
    if (self.waiting_->isCalled()) {  // by hand: nobody wants the lock any more
        self.stop();
        return;
    }
    Result<bool> got = self.attempt();
    if (!got) return self.end(got.error());
    if (*got) return self.end({});
    if (Result<void> waiting = self.armRetry(); !waiting) self.end(waiting);
}

void DeferredFilesystemLock::onLimit(Timer& timer) noexcept {
    DeferredFilesystemLock& self = static_cast<Alarm&>(timer).owner;
    self.lastAttempt(self.timeoutFailure_);
}

// Without a failure of its own: the Deferred is being cancelled and will see to that itself.
void DeferredFilesystemLock::lastAttempt(std::optional<Failure> otherwise) noexcept {
    if (waiting_->isCalled()) {
        stop();
        return;
    }
    Result<bool> got = attempt();
    if (!got) return end(got.error());
    if (*got) return end({});
    if (otherwise) return end(*otherwise);
    stop();
}

Ref<detail::DeferredState<void>> DeferredFilesystemLock::stop() noexcept {
    scheduler_.disarm(retry_);
    scheduler_.disarm(limit_);
    return std::move(waiting_);
}

// Who is told may destroy the lock.
void DeferredFilesystemLock::end(Result<void> result) noexcept {
    Ref<detail::DeferredState<void>> state = stop();
    state->fire(std::move(result));
}

}  // namespace wring
