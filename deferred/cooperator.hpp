#pragma once

#include <wring/deferred/detail/invoke.hpp>
#include <wring/runtime/reactor_time.hpp>

#include <list>
#include <optional>
#include <vector>

namespace wring {

/// The base of what cooperative tasks report. Twisted: task.SchedulerError, as are those below.
WRING_DECLARE_ERROR(SchedulerError, UsageError);
/// The cooperator was stopped.
WRING_DECLARE_ERROR(SchedulerStopped, SchedulerError);
/// resume() of a task that is not paused.
WRING_DECLARE_ERROR(NotPaused, SchedulerError);
/// The task has ended, in whatever way.
WRING_DECLARE_ERROR(TaskFinished, SchedulerError);
/// The task has done all it had to do.
WRING_DECLARE_ERROR(TaskDone, TaskFinished);
/// The task was stopped.
WRING_DECLARE_ERROR(TaskStopped, TaskFinished);
/// The task ended with an error of its own.
WRING_DECLARE_ERROR(TaskFailed, TaskFinished);

/// What a step of a cooperative task says: there is more to do, there is nothing more, or go on
/// when this Deferred has fired. Twisted: an iterator's next value, its end, a Deferred as the
/// value.
class WRING_API CooperativeStep {
 public:
    /// There may be more.
    static CooperativeStep again() noexcept { return CooperativeStep(false); }
    /// That was all.
    static CooperativeStep done() noexcept { return CooperativeStep(true); }
    /// On when `wait` has fired; when it fails the task fails.
    template <class T>
    CooperativeStep(Deferred<T> wait) : isDone_(false) {
        if constexpr (std::is_void_v<T>) {
            wait_ = std::move(wait);
        } else {
            wait_ = wait.addCallback([](const T&) {});
        }
    }

    /// Whether it is done().
    bool isDone() const noexcept { return isDone_; }
    /// What to wait for, or null.
    const Deferred<>* wait() const noexcept { return wait_ ? &*wait_ : nullptr; }

 private:
    explicit CooperativeStep(bool isDone) noexcept : isDone_(isDone) {}
    std::optional<Deferred<>> wait_;
    bool isDone_;
};

namespace detail {
class CooperatorState;
}

/// Work that is done in small steps between others'.
///
/// Errors    pause() and stop() of a task that has ended throw TaskDone, TaskFailed, TaskStopped or
///           SchedulerStopped, whichever it ended with.
/// Lifetime  goes on without a handle. The function is destroyed when it has ended.
/// Source    Twisted: task.CooperativeTask.
class WRING_API CooperativeTask final : public RefCounted, public detail::Pooled {
 public:
    using Step = UniqueFunction<CooperativeStep()>;

    /// For Cooperator.
    CooperativeTask(Step step, Ref<detail::CooperatorState> cooperator) noexcept;
    ~CooperativeTask() override;

    /// A new Deferred, fired with nothing when all is done; fails with what a step, or what it
    /// waited for, failed with, with TaskStopped or with SchedulerStopped. Cancelling it leaves the
    /// task.
    Deferred<> whenDone();
    /// No step until resume() was called as often.
    void pause();
    /// Throws NotPaused.
    void resume();
    /// Ends it; what it waits for is cancelled.
    void stop();

 private:
    friend class detail::CooperatorState;
    friend class Cooperator;
    enum class State : unsigned char { running, done, failed, stopped, schedulerStopped };
    using Place = std::list<Ref<CooperativeTask>>::iterator;

    void runStep() noexcept;
    void waitFor(Deferred<> wait);
    void continued(Result<void> result) noexcept;
    void complete(State state, Result<void> result) noexcept;
    void addPause();
    void throwIfEnded() const;

    Step step_;
    Ref<detail::CooperatorState> cooperator_;  // until it has ended
    std::optional<Place> place_;               // among the cooperator's tasks
    std::vector<Deferred<>> waiters_;
    std::optional<Deferred<>> wait_;  // what its last step waits for
    Result<void> result_;
    unsigned paused_ = 0;
    State state_ = State::running;
    bool isInStep_ = false;
    bool isAsked_ = false;  // somebody knows, or will know, how it ended
};

/// Runs tasks in turns: each in order takes a step, until a slice of time is over; then it lets the
/// reactor go on, and continues where it left off in the next turn.
///
/// Thread    that of its time.
/// Lifetime  destroying it stops it; `time` outlives it.
/// Source    Twisted: task.Cooperator.
class WRING_API Cooperator {
 public:
    /// A slice ends with the first step after which `slice` has passed on `time`: with zero, after
    /// each step. (On a Clock, which stands still meanwhile, any other lasts as long as there is
    /// work.) Not `isStarted`: tasks wait for start().
    explicit Cooperator(IReactorTime& time, Duration slice = std::chrono::milliseconds(10),
                        bool isStarted = true);
    Cooperator(const Cooperator&) = delete;
    Cooperator& operator=(const Cooperator&) = delete;
    ~Cooperator();

    /// Adds a task behind the others; its first step is taken in a later turn. `step` returns a
    /// CooperativeStep.
    template <class F>
    Ref<CooperativeTask> cooperate(F step) {
        return add(CooperativeTask::Step(std::move(step)));
    }
    /// The same, for those who want its end only. Cancelling the Deferred stops the task.
    template <class F>
    Deferred<> coiterate(F step) {
        return endOf(cooperate(std::move(step)));
    }
    /// Begins, also after a stop().
    void start();
    /// All tasks fail with SchedulerStopped, and so do at once those that are added later.
    void stop();
    /// Whether it was started and not stopped.
    bool running() const noexcept;

 private:
    template <class F>
    friend Deferred<> coiterate(F step);
    Ref<CooperativeTask> add(CooperativeTask::Step step);
    static Deferred<> endOf(const Ref<CooperativeTask>& task);

    Ref<detail::CooperatorState> state_;
};

namespace detail {
/// Adds a task to those shared by all in the current reactor.
WRING_API Ref<CooperativeTask> cooperateHere(CooperativeTask::Step step);
}  // namespace detail

/// Adds a task to the cooperator of the reactor that runs in this thread; its shutdown stops them.
template <class F>
Ref<CooperativeTask> cooperate(F step) {
    return detail::cooperateHere(CooperativeTask::Step(std::move(step)));
}

/// The same, for those who want its end only. Cancelling the Deferred stops the task.
template <class F>
Deferred<> coiterate(F step) {
    return Cooperator::endOf(cooperate(std::move(step)));
}

/// Steps that call `function(element)` for each element of `range`, which is taken by value. What
/// that returns, if it is a Deferred or a Task, is waited for.
template <class Range, class F>
auto stepsOver(Range range, F function) {
    // The range stays where it is: iterators point into it.
    struct Walk : RefCounted, detail::Pooled {
        Walk(Range given, F each) : all(std::move(given)), call(std::move(each)), at(all.begin()) {}
        Range all;
        F call;
        decltype(std::declval<Range&>().begin()) at;
    };
    return [walk = makeRef<Walk>(std::move(range), std::move(function))]() -> CooperativeStep {
        if (walk->at == walk->all.end()) return CooperativeStep::done();
        auto& element = *walk->at++;
        if constexpr (std::is_void_v<std::invoke_result_t<F&, decltype(element)>>) {
            walk->call(element);
            return CooperativeStep::again();
        } else {
            return CooperativeStep(detail::invoke(walk->call, element));
        }
    };
}

}  // namespace wring
