#pragma once

#include <wring/runtime/detail/fiber.hpp>
#include <wring/runtime/driver.hpp>
#include <wring/runtime/error.hpp>
#include <wring/runtime/reactor_resource.hpp>
#include <wring/runtime/reactor_time.hpp>
#include <wring/runtime/system_events.hpp>

#include <concepts>
#include <memory>
#include <string>

namespace wring {

class ThreadPool;

namespace detail {
class ReactorDoor;
}

/// How a reactor is made.
class WRING_API ReactorOptions {
 public:
    ReactorOptions();
    /// With the driver of that name: "auto", "uring" or "epoll".
    explicit ReactorOptions(const std::string& driverName);

    DriverOptions driver;
    /// How long shutdown waits for work that was cancelled before it names it and leaves.
    Duration shutdownLimit = std::chrono::seconds(10);
    /// How long a stream that was closed waits for its peer to take the bytes that were given away,
    /// before the connection is reset.
    Duration closeLimit = std::chrono::seconds(30);
    /// Timers run in one turn before I/O gets its own.
    unsigned timersPerTurn = 1024;
};

/// The event loop of one thread: I/O, timers, calls from other threads, signals, orderly shutdown.
///
/// A turn    calls from threads as many as there were; timers due when the phase began; shutdown
///           if asked for; what was written is sent; then I/O, waiting until the next timer.
/// Thread    constructed anywhere, used by the thread that first runs it; but callFromThread().
/// Shutdown  stop() or SIGTERM: `before` triggers, and what they return is awaited; then every
///           connection is lost, every task cancelled and awaited; `during` and `after` triggers.
/// Source    Twisted: IReactorCore, IReactorTime, IReactorFromThreads.
class WRING_API Reactor final : public IReactorTime {
 public:
    /// Throws DriverError with cause and cure.
    explicit Reactor(const ReactorOptions& options = {});
    ~Reactor() override;

    /// The reactor that runs in this thread, or null.
    static Reactor* current() noexcept;

    /// Runs until stopped. Throws ReactorAlreadyRunning, ReactorNotRestartable.
    void run(bool installSignalHandlers = true);
    /// Asks the reactor to shut down; nothing of that happens before this returns. Throws
    /// ReactorNotRunning when it does not run or was asked already.
    void stop();
    /// stop(), but no error when that was asked for already.
    void requestStop() noexcept;
    /// Ends run() after this turn without any event; run() may be called again.
    void crash() noexcept;
    /// One turn that waits for I/O no longer than `delay`. Twisted: iterate.
    void iterate(Duration delay = Duration::zero());
    /// From the `during` phase of startup to that of shutdown.
    bool running() const noexcept { return isRunning_; }
    /// The signal that stopped it, or 0.
    int exitSignal() const noexcept { return exitSignal_; }

    /// For embedding in another loop: a descriptor that is readable when runOnce() has work.
    int fd();
    /// Starts the reactor if that has not happened, and takes one turn that waits at most
    /// `timeout`. False once the reactor has stopped.
    bool runOnce(Duration timeout = Duration::zero());

    Time now() const noexcept override { return driver_->now(); }
    /// What it was made with.
    const ReactorOptions& options() const noexcept { return options_; }
    void arm(Timer& timer, Time due) override;
    void disarm(Timer& timer) noexcept override;
    std::vector<Ref<IDelayedCall>> getDelayedCalls() const override;

    /// Calls `function(args…)` now if the reactor runs, else right after startup, in order of
    /// asking. Gives the handle of the `after startup` trigger, or none.
    template <class F, class... Args>
    TriggerHandle callWhenRunning(F function, Args... args) {
        if (isRunning_) {
            detail::call(function, std::move(args)...);
            return {};
        }
        return addSystemEventTrigger(EventPhase::after, "startup", std::move(function),
                                     std::move(args)...);
    }

    /// Calls `function(args…)` in the reactor's thread, in one of its next turns; calls of one
    /// thread keep their order. The only member for other threads; not for signal handlers, as it
    /// allocates. False when the reactor has stopped for good: then it is not called.
    template <class F, class... Args>
    bool callFromThread(F function, Args... args) {
        return enqueue([function = std::move(function), ... args = std::move(args)]() mutable {
            detail::call(function, std::move(args)...);
        });
    }

    /// Its threads for calls that block: at first 0 to 10. Made when first asked for; begins when the
    /// reactor runs; shutdown waits for what it was given before, as long as for everything else, and
    /// what it is given afterwards is dropped. Twisted: IReactorThreads, here as below.
    ThreadPool& getThreadPool();
    /// That many threads at most from now on.
    void suggestThreadPoolSize(unsigned maxThreads);
    /// Calls `function(args…)` in one of these threads; what it throws is logged. False when they
    /// have been stopped: then it is not called. Errors: std::system_error for lack of threads.
    template <class F, class... Args>
    bool callInThread(F function, Args... args) {
        return addToThreads([function = std::move(function), ... args = std::move(args)]() mutable {
            detail::call(function, std::move(args)...);
        });
    }
    /// Makes all these calls in one of the threads, in this order. One that throws is logged and
    /// keeps none of the others back.
    bool callMultipleInThread(std::vector<UniqueFunction<void()>> calls);

    /// Runs `function(args…)` when `event` ("startup", "shutdown", or any name that is fired)
    /// happens. A `before` trigger that returns a Deferred delays the event until that fires.
    template <class F, class... Args>
    TriggerHandle addSystemEventTrigger(EventPhase phase, const std::string& event, F function,
                                        Args... args) {
        return events_.add(phase, event,
                           [function = std::move(function),
                            ... args = std::move(args)](Ref<EventBarrier> barrier) mutable {
                               runTrigger(std::move(barrier), function, std::move(args)...);
                           });
    }
    /// Throws UsageError for a trigger that is not known or has run.
    void removeSystemEventTrigger(TriggerHandle handle) { events_.remove(handle); }
    /// Fires an event by name.
    void fireSystemEvent(const std::string& event) { events_.fire(event); }

    /// The seam to the kernel, for those who build on it.
    Driver& driver() noexcept { return *driver_; }
    /// The way in for threads that may outlive it.
    const std::shared_ptr<detail::ReactorDoor>& door() const noexcept;
    /// Whether it has stopped for good: what it is given to do now stays undone.
    bool hasStopped() const noexcept { return stage_ == Stage::stopped; }
    /// The started work of this reactor that no one else has ended yet.
    detail::FiberList& fibers() noexcept { return fibers_; }
    /// What runs: a tree of tasks and of the scopes that they own, a line each, with the place in the
    /// source, what it waits for and since when. Shutdown logs it for those that do not end.
    std::string dumpTasks() const;
    /// Turns taken so far.
    std::uint64_t turns() const noexcept { return turns_; }
    /// Closes a descriptor on which nothing is in flight, and tells who waits for one to be free.
    void closeDescriptor(int fd) noexcept;
    /// Who found no free descriptor is told once, through turnEnded(), when one has been closed.
    void awaitDescriptor(ReactorResource& resource);
    /// What a layer above keeps with this reactor under a key of its own, the address of something
    /// static: null at first, gone with the reactor. The reference is good until another key is asked for.
    std::shared_ptr<void>& attachment(const void* key);
    /// How many connections and listening ports there are.
    unsigned resources() const noexcept { return resourceCount_; }

 protected:
    Ref<IDelayedCall> schedule(Duration delay, UniqueFunction<void()> function) override;

 private:
    friend class ReactorResource;
    enum class Stage : std::uint8_t { fresh, starting, started, stopping, draining, stopped };
    struct Internals;
    class Entered;

    template <class F, class... Args>
    static void runTrigger(Ref<EventBarrier> barrier, F& function, Args... args) {
        using R = std::invoke_result_t<F&, Args...>;
        if constexpr (requires(R result) { result.addBoth([](auto&&) {}); }) {
            holdUntilFired(std::move(barrier), detail::call(function, std::move(args)...));
        } else {
            detail::call(function, std::move(args)...);
        }
    }
    template <class D>
    static void holdUntilFired(Ref<EventBarrier> barrier, D deferred) {
        barrier->hold();
        deferred.addBoth([barrier](auto&&) { barrier->release(); });
    }

    bool enqueue(UniqueFunction<void()> call);
    bool addToThreads(UniqueFunction<void()> work);
    void start(bool installSignalHandlers);
    void turn(Duration limit);
    void runTimers() noexcept;
    void endTurn() noexcept;
    void takeSignal();
    void beginShutdown();
    void drain();
    bool isDrained() const noexcept;
    void tellResourcesToStop() noexcept;
    void finish();
    Duration untilNext(Duration limit) const noexcept;
    void armEmbedded() noexcept;
    void cancelDelayedCalls() noexcept;
    void forgetRun() noexcept;

    ReactorOptions options_;
    std::unique_ptr<Driver> driver_;
    detail::FiberList fibers_;
    std::unique_ptr<Internals> internals_;
    SystemEvents events_;
    TimerQueue timers_;
    ReactorResource* resources_ = nullptr;
    ReactorResource* stopCursor_ = nullptr;  // the next one to be told
    ReactorResource* ending_ = nullptr;
    ReactorResource* lastEnding_ = nullptr;
    std::vector<ReactorResource*> wantDescriptor_;
    unsigned resourceCount_ = 0;
    std::uint64_t turns_ = 0;
    Time drainLimit_{};
    Stage stage_ = Stage::fresh;
    bool isInside_ = false;
    bool isRunning_ = false;
    bool stopRequested_ = false;
    bool crashed_ = false;
    bool hasGivenUp_ = false;
    int exitSignal_ = 0;
};

}  // namespace wring
