#include <wring/net/process.hpp>

#include <wring/net/detail/child_process.hpp>

#include <cerrno>
#include <utility>

namespace wring {

namespace {
constexpr std::size_t keptBytes = 65536;
}  // namespace

namespace detail {

/// What came from a process and was not taken, and who waits for what.
class ProcessState final : public IProcessProtocol, public IProducer {
 public:
    struct Pipe {
        std::string kept;
        Event changed;
        bool isOver = false;
    };

    void makeConnection(Ref<IProcessTransport> made) override {
        made->registerProducer(*this, true);
    }
    void childDataReceived(int childFD, BytesView data) override {
        Pipe& pipe = pipes[childFD];
        pipe.kept += asText(data);
        if (pipe.kept.size() >= keptBytes) child->pauseChildFD(childFD, true);
        pipe.changed.set();
    }
    void childConnectionLost(int childFD) override {
        pipes[childFD].isOver = true;
        pipes[childFD].changed.set();
    }
    void processExited(const Failure& reason) override {
        status = exitStatusOf(reason);
        exited.set();
    }
    void processEnded(const Failure&) override { exited.set(); }
    void pauseProducing() override { writable.clear(); }
    void resumeProducing() override { writable.set(); }
    void stopProducing() override {
        isInputOver = true;
        writable.set();
    }

    Ref<ChildProcess> child;
    std::map<int, Pipe> pipes;
    ExitStatus status;
    Event exited;
    Event writable;
    bool isInputOver = false;
};

namespace {

Task<std::string> readPipe(Ref<ProcessState> state, int childFD) {
    auto found = state->pipes.find(childFD);
    if (found == state->pipes.end()) {
        throw UsageError(0, "read", "descriptor " + std::to_string(childFD) + " has no such pipe");
    }
    ProcessState::Pipe& pipe = found->second;
    while (pipe.kept.empty() && !pipe.isOver) {
        pipe.changed.clear();
        co_await pipe.changed.wait();
    }
    state->child->pauseChildFD(childFD, false);
    co_return std::exchange(pipe.kept, {});
}

Task<> writeInput(Ref<ProcessState> state, std::string text) {
    if (!state->isInputOver) state->child->write(asBytes(text));
    co_await state->writable.wait();
    if (state->isInputOver) lostFailure(EPIPE).raise();
}

Task<ExitStatus> awaitExit(Ref<ProcessState> state) {
    co_await state->exited.wait();
    co_return state->status;
}

}  // namespace
}  // namespace detail

Process::Process(Reactor& reactor, const std::string& executable,
                 const std::vector<std::string>& args, const ProcessOptions& options)
    : state_(makeRef<detail::ProcessState>()) {
    for (const auto& [number, what] : options.childFDs()) {
        if (what.kind() == ChildFD::Kind::parentReads) state_->pipes[number];
    }
    state_->writable.set();
    state_->child =
        detail::startChild(reactor, state_, executable, args, options, detail::AtShutdown::killed);
}

Process::Process(Process&& other) noexcept = default;

Process& Process::operator=(Process&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
}

// State and child keep each other until the end of the process.
Process::~Process() {
    if (state_) state_->child->abort();
}

std::optional<int> Process::pid() const noexcept { return state_->child->pid(); }
void Process::signal(int number) { state_->child->signalProcess(number); }
void Process::signal(std::string_view name) { state_->child->signalProcess(name); }

Task<std::string> Process::read(int childFD) { return detail::readPipe(state_, childFD); }

Task<> Process::write(std::string text) { return detail::writeInput(state_, std::move(text)); }

void Process::closeStdin() {
    state_->isInputOver = true;
    state_->child->unregisterProducer();
    state_->child->closeStdin();
}

Task<ExitStatus> Process::wait() { return detail::awaitExit(state_); }

}  // namespace wring
