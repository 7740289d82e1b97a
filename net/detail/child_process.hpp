#pragma once

#include <wring/net/detail/child_pipes.hpp>
#include <wring/net/process_protocol.hpp>
#include <wring/runtime/detail/spawn.hpp>
#include <wring/runtime/reactor_resource.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace wring::detail {

/// What becomes of a process when its reactor stops.
enum class AtShutdown : std::uint8_t {
    goesOn,  // nobody hears of its end
    killed,  // and awaited
};

/// The transport of a child process. Keeps itself and the protocol until processEnded().
class ChildProcess final : public IProcessTransport, public ReactorResource, private PipeOwner {
 public:
    ChildProcess(Reactor& reactor, Ref<IProcessProtocol> protocol, SpawnedChild child,
                 AtShutdown atShutdown);
    ~ChildProcess() override;
    void begin();
    /// Kills the process and closes its pipes; what was queued is lost.
    void abort() noexcept;
    /// Stops or restarts childDataReceived() of one pipe.
    void pauseChildFD(int childFD, bool isPaused) noexcept;

    using IProcessTransport::signalProcess;
    using IProcessTransport::write;
    using IProcessTransport::writeToChild;
    void write(BytesView bytes) override { writeToChild(0, bytes); }
    void writeSequence(std::span<const BytesView> parts) override;
    void writeToChild(int childFD, BytesView bytes) override;
    void registerProducer(IProducer& producer, bool streaming) override;
    void unregisterProducer() override;
    void closeChildFD(int childFD) override;
    void loseConnection() override;
    void signalProcess(int number) override;
    std::optional<int> pid() const noexcept override;
    void pauseProducing() override { isPaused_ = true; }
    void resumeProducing() override;
    std::size_t queuedBytes() const override { return pipes_.queuedBytes(); }
    Reactor& reactor() const override { return ReactorResource::reactor(); }
    void reactorStopping() noexcept override;
    void turnEnded() noexcept override;

 private:
    struct Exit : Operation {
        explicit Exit(ChildProcess& child) noexcept
            : Operation(&ChildProcess::onExit), process(child) {}
        ChildProcess& process;
    };
    static void onExit(Operation& operation, Completion& completion) noexcept;
    void pipeRead(PipeReader& pipe) noexcept override;
    void pipeWritten(PipeWriter& pipe) noexcept override;
    ChildWriter* input() noexcept;
    void deliver(ChildReader& pipe) noexcept;
    void drained(ChildWriter& pipe) noexcept;
    void awaitExit() noexcept;
    void exited(ExitStatus status) noexcept;
    void finish() noexcept;
    template <class Call>
    void tell(const char* event, Call call) noexcept;

    Ref<ChildProcess> self_;
    Ref<IProcessProtocol> protocol_;
    ChildPipes pipes_;
    Exit exit_;
    FileDescriptor pidfd_;
    int pid_;
    AtShutdown atShutdown_;
    std::optional<Failure> reason_;  // once it has ended
    bool isPaused_ = false;
    bool isStopping_ = false;
};

/// Starts a program and connects `protocol` to it.
Ref<ChildProcess> startChild(Reactor& reactor, Ref<IProcessProtocol> protocol,
                             const std::string& executable, const std::vector<std::string>& args,
                             const ProcessOptions& options, AtShutdown atShutdown);

}  // namespace wring::detail
