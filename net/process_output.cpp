#include <wring/net/process_output.hpp>

#include <wring/deferred/timeout.hpp>
#include <wring/net/detail/child_process.hpp>
#include <wring/net/detail/quoted_bytes.hpp>
#include <wring/runtime/reactor.hpp>

#include <utility>

namespace wring {

namespace {

constexpr Duration killLimit = std::chrono::seconds(10);

/// Keeps what a program writes.
class Collector final : public ProcessProtocol {
 public:
    enum class Errors : std::uint8_t { kept, mixed, unwanted };

    explicit Collector(Errors errors) noexcept : errors_(errors) {}
    void outReceived(BytesView data) override { written.output += asText(data); }
    void errReceived(BytesView data) override {
        (errors_ == Errors::mixed ? written.output : written.errorOutput) += asText(data);
        if (errors_ == Errors::unwanted) decided.set();
    }
    void processEnded(const Failure& reason) override {
        written.exitCode = exitStatusOf(reason).exitCode;
        end = reason;
        decided.set();
    }

    ProcessOutput written;
    std::optional<Failure> end;
    Event decided;

 private:
    const Errors errors_;
};

/// A program of which somebody wants to know something.
struct Program {
    Reactor& reactor;
    std::string executable;
    std::vector<std::string> args;
    ProcessOptions options;
};

Program programOf(Reactor& reactor, const std::string& executable,
                  const std::vector<std::string>& args, const ProcessOptions& options) {
    std::vector<std::string> all{executable};
    all.insert(all.end(), args.begin(), args.end());
    return {reactor, executable, std::move(all), options};
}

Ref<detail::ChildProcess> begin(const Program& program, Ref<Collector> collector) {
    return detail::startChild(program.reactor, collector, program.executable, program.args,
                              program.options, detail::AtShutdown::killed);
}

Task<> awaitEnd(Ref<Collector> collector) { co_await collector->ended().wait(); }

Task<> decision(Ref<detail::ChildProcess> child, Ref<Collector> collector) {
    auto waited = co_await outcome(collector->decided.wait());
    if (waited) co_return;
    child->abort();
    co_await shield(killLimit, awaitEnd(collector));
    waited.value();
}

// Fails unless it has ended with some code.
void checkEnd(const Collector& collector) {
    if (collector.written.exitCode < 0) collector.end->raise();
}

Deferred<> endOf(Ref<Collector> collector) { co_await collector->ended().wait(); }

Deferred<std::string> collectOutput(Program program, Collector::Errors errors) {
    auto collector = makeRef<Collector>(errors);
    auto child = begin(program, collector);
    co_await decision(child, collector);
    if (errors == Collector::Errors::unwanted && !collector->written.errorOutput.empty()) {
        child->loseConnection();
        throw UnexpectedErrorOutput(asBytes(collector->written.errorOutput), endOf(collector));
    }
    co_return std::move(collector->written.output);
}

Deferred<int> collectValue(Program program) {
    auto collector = makeRef<Collector>(Collector::Errors::kept);
    auto child = begin(program, collector);
    co_await decision(child, collector);
    checkEnd(*collector);
    co_return collector->written.exitCode;
}

Deferred<ProcessOutput> collectAll(Program program, std::optional<std::string> input) {
    auto collector = makeRef<Collector>(Collector::Errors::kept);
    auto child = begin(program, collector);
    if (input) {
        child->write(asBytes(*input));
        child->closeStdin();
        input.reset();
    }
    co_await decision(child, collector);
    ExitStatus status = exitStatusOf(*collector->end);
    if (status.signal > 0) {
        collector->written.exitCode = 0;
        throw ProcessKilled(status, std::move(collector->written));
    }
    checkEnd(*collector);
    co_return std::move(collector->written);
}

}  // namespace

UnexpectedErrorOutput::UnexpectedErrorOutput(BytesView came, Deferred<> ended)
    : Error(errorClass(), 0, "run", detail::quotedBytes(came)), processEnded(std::move(ended)) {}

UnexpectedErrorOutput::UnexpectedErrorOutput(int code, const char* operation)
    : Error(errorClass(), code, operation, {}), processEnded(succeed()) {}

const ErrorClass& UnexpectedErrorOutput::errorClass() noexcept {
    static const ErrorClass description{
        "UnexpectedErrorOutput",        "got stderr", &Error::errorClass(),
        &typeid(UnexpectedErrorOutput), false,        &detail::raiseError<UnexpectedErrorOutput>};
    return description;
}

ProcessKilled::ProcessKilled(ExitStatus status, ProcessOutput written)
    : ProcessTerminated(errorClass(), status),
      written_(std::make_shared<const ProcessOutput>(std::move(written))) {}

ProcessKilled::ProcessKilled(int code, const char* operation)
    : ProcessTerminated(code, operation), written_(std::make_shared<const ProcessOutput>()) {}

const ErrorClass& ProcessKilled::errorClass() noexcept {
    static const ErrorClass description{"ProcessKilled",
                                        ProcessTerminated::errorClass().message,
                                        &ProcessTerminated::errorClass(),
                                        &typeid(ProcessKilled),
                                        false,
                                        &detail::raiseError<ProcessKilled>};
    return description;
}

const ProcessOptions& detail::defaultProcessOptions() noexcept {
    static const ProcessOptions options;
    return options;
}

Deferred<std::string> getProcessOutput(Reactor& reactor, const std::string& executable,
                                       const std::vector<std::string>& args,
                                       const ProcessOptions& options, bool errortoo) {
    return collectOutput(programOf(reactor, executable, args, options),
                         errortoo ? Collector::Errors::mixed : Collector::Errors::unwanted);
}

Deferred<int> getProcessValue(Reactor& reactor, const std::string& executable,
                              const std::vector<std::string>& args, const ProcessOptions& options) {
    return collectValue(programOf(reactor, executable, args, options));
}

Deferred<ProcessOutput> getProcessOutputAndValue(Reactor& reactor, const std::string& executable,
                                                 const std::vector<std::string>& args,
                                                 const ProcessOptions& options,
                                                 std::optional<std::string> input) {
    return collectAll(programOf(reactor, executable, args, options), std::move(input));
}

}  // namespace wring
