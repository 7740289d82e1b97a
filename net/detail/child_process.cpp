#include <wring/net/detail/child_process.hpp>

#include <wring/net/spawn_process.hpp>
#include <wring/runtime/log.hpp>
#include <wring/runtime/reactor.hpp>

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <string>
#include <utility>

namespace wring::detail {

ChildProcess::ChildProcess(Reactor& reactor, Ref<IProcessProtocol> protocol, SpawnedChild child,
                           AtShutdown atShutdown)
    : ReactorResource(reactor),
      self_(this),
      protocol_(std::move(protocol)),
      pipes_(*this, std::move(child.reads), std::move(child.writes)),
      exit_(*this),
      pidfd_(std::move(child.pidfd)),
      pid_(child.pid),
      atShutdown_(atShutdown) {}

ChildProcess::~ChildProcess() = default;

template <class Call>
void ChildProcess::tell(const char* event, Call call) noexcept {
    Ref<IProcessProtocol> protocol = protocol_;
    try {
        call(*protocol);
    } catch (...) {
        log(LogLevel::error, std::string("process protocol: ") + event +
                                 " threw: " + Failure::current().getErrorMessage());
    }
}

void ChildProcess::begin() {
    ignoreBrokenPipes();
    tell("makeConnection", [this](IProcessProtocol& protocol) {
        protocol.makeConnection(Ref<IProcessTransport>(this));
    });
    endOfTurn();
}

ChildWriter* ChildProcess::input() noexcept {
    ChildWriter* pipe = pipes_.writer(0);
    return pipe && !pipe->isOver() ? pipe : nullptr;
}

void ChildProcess::writeSequence(std::span<const BytesView> parts) {
    for (BytesView part : parts) write(part);
}

// After a close only a registered producer has still something to say.
void ChildProcess::writeToChild(int childFD, BytesView bytes) {
    ChildWriter* pipe = pipes_.writer(childFD);
    if (bytes.empty() || !pipe || pipe->isOver()) return;
    if (pipe->isClosing && !pipe->queue().hasProducer()) return;
    pipe->queue().append(bytes);
    endOfTurn();
    pipe->queue().holdBack();
}

void ChildProcess::registerProducer(IProducer& producer, bool streaming) {
    ChildWriter* pipe = input();
    if (!pipe) return producer.stopProducing();
    pipe->queue().registerProducer(producer, streaming, pipe->isClosing);
}

void ChildProcess::unregisterProducer() {
    if (ChildWriter* pipe = input()) pipe->queue().unregisterProducer();
    endOfTurn();
}

void ChildProcess::closeChildFD(int childFD) {
    if (ChildWriter* pipe = pipes_.writer(childFD)) pipe->isClosing = true;
    if (ChildReader* pipe = pipes_.reader(childFD)) pipe->isClosing = true;
    endOfTurn();
}

void ChildProcess::loseConnection() {
    closeStdin();
    closeStderr();
    closeStdout();
}

// By the descriptor, as the number may have become somebody else's.
void ChildProcess::signalProcess(int number) {
    if (reason_ || pidfd_.get() < 0) throw ProcessExitedAlready(0, "kill");
    if (::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0) == 0) return;
    if (errno == ESRCH) throw ProcessExitedAlready(0, "kill");
    throw Error(errno, "kill", "signal " + std::to_string(number));
}

void ChildProcess::abort() noexcept {
    pipes_.drop();
    endOfTurn();
    if (reason_ || pidfd_.get() < 0) return;
    ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
}

std::optional<int> ChildProcess::pid() const noexcept {
    if (reason_ || pidfd_.get() < 0) return std::nullopt;
    return pid_;
}

void ChildProcess::resumeProducing() {
    if (!std::exchange(isPaused_, false)) return;
    endOfTurn();  // what came meanwhile is delivered from there, never from in here
}

void ChildProcess::pauseChildFD(int childFD, bool isPaused) noexcept {
    ChildReader* pipe = pipes_.reader(childFD);
    if (!pipe || std::exchange(pipe->isPaused, isPaused) == isPaused) return;
    endOfTurn();
}

void ChildProcess::pipeRead(PipeReader& pipe) noexcept {
    Ref<ChildProcess> alive(this);
    if (!isPaused_) deliver(static_cast<ChildReader&>(pipe));
    endOfTurn();
}

void ChildProcess::deliver(ChildReader& pipe) noexcept {
    if (!pipe.has() || pipe.isPaused || pipe.isClosing || pipe.isDelivering) return;
    pipe.isDelivering = true;
    bool isTaken = false;
    tell("childDataReceived", [&](IProcessProtocol& protocol) {
        protocol.childDataReceived(pipe.childFD, pipe.take());
        isTaken = true;
    });
    pipe.isDelivering = false;
    if (!isTaken) pipe.isClosing = true;
}

void ChildProcess::pipeWritten(PipeWriter& pipe) noexcept {
    Ref<ChildProcess> alive(this);
    if (pipe.queue().empty() && !pipe.isOver()) drained(static_cast<ChildWriter&>(pipe));
    endOfTurn();
}

void ChildProcess::drained(ChildWriter& pipe) noexcept {
    try {
        pipe.queue().resumeProducer();
    } catch (...) {
        log(LogLevel::error,
            "process: resumeProducing threw: " + Failure::current().getErrorMessage());
        pipe.end();
    }
}

void ChildProcess::awaitExit() noexcept {
    if (pidfd_.get() < 0 || exit_.inFlight()) return;
    exit_.preparePoll(pidfd_.get(), POLLIN);
    reactor().driver().submit(exit_);
}

void ChildProcess::onExit(Operation& operation, Completion&) noexcept {
    ChildProcess& self = static_cast<Exit&>(operation).process;
    Ref<ChildProcess> alive(&self);
    if (!self.reason_) {
        if (auto status = reapChild(self.pidfd_.get())) self.exited(*status);
    }
    self.endOfTurn();
}

void ChildProcess::exited(ExitStatus status) noexcept {
    try {
        reason_ = processFailure(status);
    } catch (...) {
        reason_ = Failure::current();
    }
    // Still under watch when the reactor's end was first to look.
    reactor().driver().cancel(exit_);
    if (!exit_.inFlight()) reactor().closeDescriptor(pidfd_.release());
    tell("processExited", [this](IProcessProtocol& protocol) { protocol.processExited(*reason_); });
}

void ChildProcess::turnEnded() noexcept {
    Ref<ChildProcess> alive(this);
    for (int last = -1; !isPaused_;) {
        ChildReader* pipe = pipes_.readerAfter(last);
        if (!pipe) break;
        last = pipe->childFD;
        deliver(*pipe);
    }
    pipes_.start(reactor().driver(), !isPaused_);
    while (auto childFD = pipes_.closeOne(reactor(), isPaused_)) {
        tell("childConnectionLost",
             [childFD](IProcessProtocol& protocol) { protocol.childConnectionLost(*childFD); });
    }
    if (!protocol_) return;
    bool isLeft = isStopping_ && atShutdown_ == AtShutdown::goesOn;
    if (!reason_ && !isLeft) awaitExit();
    if (pipes_.empty() && (reason_ || isLeft) && !exit_.inFlight()) finish();
}

void ChildProcess::reactorStopping() noexcept {
    Ref<ChildProcess> alive(this);
    isStopping_ = true;
    if (atShutdown_ == AtShutdown::killed) return abort();
    pipes_.drop();
    endOfTurn();
    if (reason_) return;
    if (auto status = reapChild(pidfd_.get())) return exited(*status);
    reactor().driver().cancel(exit_);
}

void ChildProcess::finish() noexcept {
    Ref<ChildProcess> last = std::move(self_);
    if (pidfd_.get() >= 0) reactor().closeDescriptor(pidfd_.release());
    leaveReactor();
    tell("processEnded", [this](IProcessProtocol& protocol) {
        protocol.processEnded(reason_ ? *reason_ : stoppedFailure());
    });
    Ref<IProcessProtocol> protocol = std::move(protocol_);
    protocol->ended().set();
}

Ref<ChildProcess> startChild(Reactor& reactor, Ref<IProcessProtocol> protocol,
                             const std::string& executable, const std::vector<std::string>& args,
                             const ProcessOptions& options, AtShutdown atShutdown) {
    if (std::string_view(reactor.driver().name()) == "sim") {
        throw SpawnError(ENOSYS, "spawn", "a simulated machine has no processes: " + executable);
    }
    SpawnedChild child = spawnChild(executable, args, options);
    auto process =
        makeRef<ChildProcess>(reactor, std::move(protocol), std::move(child), atShutdown);
    process->begin();
    return process;
}

}  // namespace wring::detail

namespace wring {

Ref<IProcessTransport> spawnProcess(Reactor& reactor, Ref<IProcessProtocol> protocol,
                                    const std::string& executable,
                                    const std::vector<std::string>& args,
                                    const ProcessOptions& options) {
    return detail::startChild(reactor, std::move(protocol), executable, args, options,
                              detail::AtShutdown::goesOn);
}

}  // namespace wring
