#include <wring/deferred/cooperator.hpp>

#include <wring/runtime/assert.hpp>
#include <wring/runtime/log.hpp>
#include <wring/runtime/reactor.hpp>

namespace wring {

WRING_DEFINE_ERROR(SchedulerError, UsageError, "The operation could not complete", false);
WRING_DEFINE_ERROR(SchedulerStopped, SchedulerError,
                   "The operation could not complete because the scheduler was stopped", false);
WRING_DEFINE_ERROR(NotPaused, SchedulerError, "The task is not paused", false);
WRING_DEFINE_ERROR(TaskFinished, SchedulerError, "The task has ended", false);
WRING_DEFINE_ERROR(TaskDone, TaskFinished, "The task has completed", false);
WRING_DEFINE_ERROR(TaskStopped, TaskFinished, "The task was stopped", false);
WRING_DEFINE_ERROR(TaskFailed, TaskFinished, "The task died with an error", false);

namespace detail {

/// The tasks of a cooperator. Exists as long as the cooperator or any of the tasks.
class CooperatorState : public RefCounted, public Pooled, private Timer {
 public:
    CooperatorState(IReactorTime& time, Duration slice, bool isStarted) noexcept
        : Timer(&CooperatorState::onDue), time_(time), slice_(slice), isStarted_(isStarted) {}

    Ref<CooperativeTask> add(CooperativeTask::Step step);
    void start();
    void stop() noexcept;
    bool isRunning() const noexcept { return isStarted_ && !isStopped_; }

    void setPaused(CooperativeTask& task, bool isPaused);
    void remove(CooperativeTask& task) noexcept;

 protected:
    IReactorTime& time() const noexcept { return time_; }

 private:
    using Tasks = std::list<Ref<CooperativeTask>>;
    static void onDue(Timer& timer) noexcept;
    void tick() noexcept;
    void schedule();
    void disarmIfIdle() noexcept;

    IReactorTime& time_;
    Duration slice_;
    Tasks ready_;  // in the order of their next steps
    Tasks paused_;
    bool isStarted_;
    bool isStopped_ = false;
    bool isTicking_ = false;
};

// Not zero: on a Clock the next slice would belong to the same advance(). In a reactor this has
// passed before the loop comes to wait.
constexpr Duration betweenSlices = std::chrono::nanoseconds(10);

Ref<CooperativeTask> CooperatorState::add(CooperativeTask::Step step) {
    auto task = makeRef<CooperativeTask>(std::move(step), Ref<CooperatorState>(this));
    if (isStopped_) {
        task->complete(CooperativeTask::State::schedulerStopped, Failure::of<SchedulerStopped>());
        return task;
    }
    schedule();
    task->place_ = ready_.insert(ready_.end(), task);
    return task;
}

void CooperatorState::start() {
    isStarted_ = true;
    isStopped_ = false;
    if (!ready_.empty()) schedule();
}

void CooperatorState::stop() noexcept {
    Ref<CooperatorState> alive(this);
    isStopped_ = true;
    for (Tasks* each : {&ready_, &paused_}) {
        while (!each->empty()) {
            Ref<CooperativeTask> task = each->front();
            task->complete(CooperativeTask::State::schedulerStopped,
                           Failure::of<SchedulerStopped>());
        }
    }
}

void CooperatorState::setPaused(CooperativeTask& task, bool isPaused) {
    if (!isPaused) schedule();
    Tasks& to = isPaused ? paused_ : ready_;
    to.splice(to.end(), isPaused ? ready_ : paused_, *task.place_);
    disarmIfIdle();
}

void CooperatorState::remove(CooperativeTask& task) noexcept {
    if (!task.place_) return;
    Tasks& from = task.paused_ > 0 ? paused_ : ready_;
    Tasks last;  // released when the lists are in order
    last.splice(last.end(), from, *std::exchange(task.place_, std::nullopt));
    disarmIfIdle();
}

void CooperatorState::schedule() {
    if (isRunning() && !isTicking_ && !isArmed()) {
        time_.arm(*this, after(time_.now(), betweenSlices));
    }
}

void CooperatorState::disarmIfIdle() noexcept {
    if (ready_.empty() && isArmed()) time_.disarm(*this);
}

void CooperatorState::onDue(Timer& timer) noexcept {
    auto& self = static_cast<CooperatorState&>(timer);
    Ref<CooperatorState> alive(&self);
    self.tick();
}

void CooperatorState::tick() noexcept {
    isTicking_ = true;
    Time begin = time_.now();
    while (!ready_.empty() && isRunning()) {
        Ref<CooperativeTask> task = ready_.front();
        ready_.splice(ready_.end(), ready_, ready_.begin());
        task->runStep();
        if (time_.now() - begin >= slice_) break;
    }
    isTicking_ = false;
    try {
        if (!ready_.empty()) schedule();
    } catch (...) {
        log(LogLevel::critical, "cooperator: no memory to go on");
        stop();
    }
}

/// The one that a reactor's thread shares: there as long as it has tasks, and stopped with the
/// reactor.
class SharedCooperator final : public CooperatorState, public ReactorResource {
 public:
    explicit SharedCooperator(Reactor& reactor) noexcept
        : CooperatorState(reactor, std::chrono::milliseconds(10), true), ReactorResource(reactor) {}
    ~SharedCooperator() override {
        if (ofThread() == this) ofThread() = nullptr;
    }

    static Ref<CooperatorState> here() {
        Reactor* reactor = Reactor::current();
        WRING_ASSERT(reactor, "cooperate() needs a running reactor");
        SharedCooperator* shared = ofThread();
        if (!shared || &shared->reactor() != reactor || !shared->isRunning()) {
            shared = ofThread() = new SharedCooperator(*reactor);
        }
        return Ref<CooperatorState>(shared);
    }
    void reactorStopping() noexcept override {
        Ref<CooperatorState> alive(this);
        stop();
        leaveReactor();
    }

 private:
    [[gnu::noinline]] static SharedCooperator*& ofThread() noexcept {
        static thread_local SharedCooperator* shared = nullptr;
        return shared;
    }
};

Ref<CooperativeTask> cooperateHere(CooperativeTask::Step step) {
    return SharedCooperator::here()->add(std::move(step));
}

}  // namespace detail

CooperativeTask::CooperativeTask(Step step, Ref<detail::CooperatorState> cooperator) noexcept
    : step_(std::move(step)), cooperator_(std::move(cooperator)) {}

CooperativeTask::~CooperativeTask() {
    if (state_ != State::failed || isAsked_) return;
    log(LogLevel::critical,
        "Unhandled error in a cooperative task: " + result_.error().getErrorMessage());
}

Deferred<> CooperativeTask::whenDone() {
    isAsked_ = true;
    Deferred<> done;
    if (state_ == State::running) {
        waiters_.push_back(done);
    } else {
        done.callback(result_);
    }
    return done;
}

void CooperativeTask::throwIfEnded() const {
    if (state_ == State::done) throw TaskDone();
    if (state_ == State::failed) throw TaskFailed();
    if (state_ == State::stopped) throw TaskStopped();
    if (state_ == State::schedulerStopped) throw SchedulerStopped();
}

void CooperativeTask::pause() {
    throwIfEnded();
    addPause();
}

void CooperativeTask::addPause() {
    if (paused_ == 0) cooperator_->setPaused(*this, true);
    ++paused_;
}

void CooperativeTask::resume() {
    if (paused_ == 0) throw NotPaused();
    if (state_ == State::running && paused_ == 1) cooperator_->setPaused(*this, false);
    --paused_;
}

void CooperativeTask::stop() {
    throwIfEnded();
    Ref<CooperativeTask> alive(this);
    complete(State::stopped, Failure::of<TaskStopped>());
}

void CooperativeTask::runStep() noexcept {
    isInStep_ = true;
    Result<void> failed;
    try {
        CooperativeStep said = step_();
        if (state_ == State::running) {
            if (said.isDone()) {
                complete(State::done, {});
            } else if (said.wait()) {
                waitFor(*said.wait());
            }
        } else if (said.wait()) {
            Deferred<>(*said.wait()).cancel();  // it was stopped within its step
        }
    } catch (...) {
        failed = Failure::current();
    }
    if (!failed) complete(State::failed, std::move(failed));
    isInStep_ = false;
    if (state_ != State::running) step_ = nullptr;
}

void CooperativeTask::waitFor(Deferred<> wait) {
    if (wait.isReady() && !wait.state()->failure()) return;  // no need to leave the row
    addPause();
    wait_ = wait;
    wait.addBoth([task = Ref<CooperativeTask>(this)](Result<void> result) {
        task->continued(std::move(result));
    });
}

void CooperativeTask::continued(Result<void> result) noexcept {
    wait_.reset();
    if (state_ != State::running) return;
    if (!result) return complete(State::failed, std::move(result));
    try {
        resume();
    } catch (...) {
        complete(State::failed, Failure::current());
    }
}

void CooperativeTask::complete(State state, Result<void> result) noexcept {
    if (state_ != State::running) return;
    Ref<CooperativeTask> alive(this);
    state_ = state;
    result_ = std::move(result);
    Ref<detail::CooperatorState> cooperator = std::move(cooperator_);
    cooperator->remove(*this);
    if (!isInStep_) step_ = nullptr;
    if (std::optional<Deferred<>> wait = std::exchange(wait_, std::nullopt)) {
        try {
            wait->cancel();
        } catch (...) {
            detail::reportCancellerError();
        }
    }
    for (Deferred<>& each : std::exchange(waiters_, {})) {
        if (!each.called()) each.state()->fire(Result<void>(result_));
    }
}

Cooperator::Cooperator(IReactorTime& time, Duration slice, bool isStarted)
    : state_(makeRef<detail::CooperatorState>(time, slice, isStarted)) {}

Cooperator::~Cooperator() { state_->stop(); }

Ref<CooperativeTask> Cooperator::add(CooperativeTask::Step step) {
    return state_->add(std::move(step));
}
void Cooperator::start() { state_->start(); }
void Cooperator::stop() { Ref<detail::CooperatorState>(state_)->stop(); }
bool Cooperator::running() const noexcept { return state_->isRunning(); }

Deferred<> Cooperator::endOf(const Ref<CooperativeTask>& task) {
    Deferred<> done = task->whenDone();
    done.state()->setCanceller([task](detail::DeferredBase& state) {
        state.fail(Failure::of<CancelledError>());
        if (task->state_ == CooperativeTask::State::running) task->stop();
    });
    return done;
}

}  // namespace wring
