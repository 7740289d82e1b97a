#pragma once

#include <wring/deferred/deferred.hpp>
#include <wring/deferred/filesystem_lock.hpp>
#include <wring/deferred/lock_errors.hpp>
#include <wring/deferred/sleep.hpp>

#include <optional>

namespace wring {

/// A FilesystemLock that can be waited for.
///
/// Thread    its scheduler's.
/// Lifetime  the scheduler outlives it. Whom it tells of the lock may destroy it; who still
///           waits at its end fails with CancelledError.
/// Source    Twisted: defer.DeferredFilesystemLock.
class WRING_API DeferredFilesystemLock : public FilesystemLock {
 public:
    explicit DeferredFilesystemLock(std::string path,
                                    IReactorTime& scheduler = detail::currentTime());
    ~DeferredFilesystemLock();

    /// Tries to take the lock, now and each second, until it has it. When `timeout` is over it
    /// tries once more before it fails. Whatever the file system says ends the wait as well, where
    /// Twisted logs it and waits for ever.
    ///
    /// Errors    TimeoutError, "Timed out acquiring lock: PATH after 2.500000s"; CancelledError;
    ///           AlreadyTryingToLockError while another call waits; what lock() throws;
    ///           std::invalid_argument, thrown here and now, for a negative `timeout`.
    /// Cancel    tries once more: if that gives the lock, it is there and nothing was cancelled.
    [[nodiscard]] Deferred<> deferUntilLocked(std::optional<Duration> timeout = std::nullopt);

    /// How long it waits between two attempts.
    static constexpr Duration interval = std::chrono::seconds(1);

 private:
    struct Alarm : Timer {
        Alarm(Timer::Handler onDue, DeferredFilesystemLock& lock) noexcept
            : Timer(onDue), owner(lock) {}
        DeferredFilesystemLock& owner;
    };
    static void onRetry(Timer& timer) noexcept;
    static void onLimit(Timer& timer) noexcept;

    Result<bool> attempt() noexcept;
    void lastAttempt(std::optional<Failure> otherwise) noexcept;
    Result<void> wait(std::optional<Duration> timeout) noexcept;
    Result<void> armRetry() noexcept;
    Ref<detail::DeferredState<void>> stop() noexcept;
    void end(Result<void> result) noexcept;

    IReactorTime& scheduler_;
    Alarm retry_;
    Alarm limit_;
    Ref<detail::DeferredState<void>> waiting_;
    std::optional<Failure> timeoutFailure_;
};

}  // namespace wring
