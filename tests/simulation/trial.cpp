#include <wring/tests/simulation/trial.hpp>

#include <wring/runtime/frame_pool.hpp>
#include <wring/runtime/log.hpp>

#include <cstdio>
#include <cstdlib>
#include <numeric>

namespace wring::testing {

using namespace std::chrono_literals;

namespace {
constexpr Duration patience = 300s;  // after the faults have healed

/// Takes what is logged as long as it lives. Faults make wring warn all the time; what is worse,
/// and nobody's plan, is kept.
class LogWatch {
 public:
    LogWatch() noexcept : before_(setLogSink(take)) { complaints.clear(); }
    LogWatch(const LogWatch&) = delete;
    LogWatch& operator=(const LogWatch&) = delete;
    ~LogWatch() { setLogSink(before_); }

    static inline std::vector<std::string> complaints;

 private:
    static void take(LogLevel level, std::string_view message) {
        // Graphs of Deferreds that nobody follows any more may end in a failure that nobody sees.
        for (std::string_view planned : {"a planned failure", "deferred_workload.cpp"}) {
            if (message.find(planned) != message.npos) return;
        }
        if (level >= LogLevel::critical) complaints.emplace_back(message);
    }

    LogSink before_;
};
}  // namespace

Trial::Trial(Choices choices, std::uint64_t events) : world_(std::move(choices)), events_(events) {
    if (std::getenv("WRING_SIM_TRACE")) {
        world_.traceTo([](std::string_view line) {
            std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
        });
    }
    std::uint32_t count = 2 + choose(2);
    for (std::uint32_t i = 0; i < count; ++i) {
        SimulatedHost& host = world_.addHost();
        host.chooseDriver();
        hosts_.push_back(&host);
        host.reactor();
    }
}

SimulatedHost& Trial::client() {
    return *hosts_[1 + choose(static_cast<std::uint32_t>(hosts_.size() - 1))];
}

Duration Trial::pause() {
    if (isFinishing_) return Duration::zero();
    std::uint64_t most = happens(8) ? 10'000'000 : 20'000;
    return std::chrono::microseconds(world_.choices().magnitude(most));
}

std::uint64_t Trial::struck() {
    const Faults::Counts& counts = world_.faults().counts();
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

void Trial::failed(const Failure& failure) { reached(failure.className().c_str()); }

void Trial::chooseWorkloads() {
    std::uint32_t count = 1 + choose(4);
    for (std::uint32_t i = 0; i < count; ++i) {
        workloads_.push_back(makeWorkload(choose(workloadKinds)));
        workloads_.back()->begin(*this);
    }
}

void Trial::runEvents() {
    Time limit = after(world_.now(), 24h);
    bool mayStopOne = happens(4);
    std::uint64_t stopAt = mayStopOne ? choose(static_cast<std::uint32_t>(events_)) : events_;
    while (world_.events() < stopAt && world_.now() < limit && world_.step()) {
    }
    if (mayStopOne) stopOne();
    while (world_.events() < events_ && world_.now() < limit && world_.step()) {
    }
}

// In the midst of everything one machine shuts down, or loses power.
void Trial::stopOne() {
    SimulatedHost& host = client();
    reached("stopInTheMidst");
    tellToStop(host);
}

void Trial::tellToStop(SimulatedHost& host) {
    Reactor& reactor = host.reactor();
    reactor.callFromThread([&reactor] { reactor.requestStop(); });
}

void Trial::heal() {
    world_.heal();
    isFinishing_ = true;
    Time limit = after(world_.now(), patience);
    auto areOver = [this] {
        for (auto& each : workloads_) {
            if (!each->hasEnded()) return false;
        }
        return true;
    };
    std::uint64_t eventsMax = world_.events() + 20'000'000;
    while (!areOver() && world_.now() < limit && world_.events() < eventsMax && world_.step()) {
    }
    if (!areOver()) {
        std::string running;
        for (SimulatedHost* host : hosts_) running += host->reactor().dumpTasks();
        violate("liveness: not everything ended after the faults had healed:\n" + running);
    }
}

void Trial::stopAll() {
    for (SimulatedHost* host : hosts_) tellToStop(*host);
    Time limit = after(world_.now(), 60s);
    while (world_.now() < limit && world_.step()) {
    }
}

void Trial::checkHost(SimulatedHost& host) {
    Reactor& reactor = host.reactor();
    DriverStats stats = reactor.driver().stats();
    if (stats.starvations > 0) reached("starvedReceiver");
    expect(stats.buffers <= reactor.options().driver.buffersMax,
           "more receive buffers than may be");
    if (stats.overflows > 0) reached("completionOverflow");
    expect(reactor.hasStopped(), "a reactor that was told to stop did not");
    expect(reactor.fibers().empty(), "a task is left after the reactor has stopped");
    expect(reactor.resources() == 0, "a connection or port is left after the reactor has stopped");
    expect(stats.inFlight == 0, "an operation is in flight after the reactor has stopped");
    expect(stats.buffersLent == 0, "a receive buffer is lent after the reactor has stopped");
    expect(host.openDescriptors() == 0, "a descriptor is open after the reactor has stopped");
}

Verdict Trial::run() {
    chooseWorkloads();
    runEvents();
    heal();
    stopAll();
    for (auto& each : workloads_) each->check(*this);
    workloads_.clear();
    for (SimulatedHost* host : hosts_) checkHost(*host);
    for (SimulatedHost* host : hosts_) host->restart();
    return {world_.violations(),      world_.events(), world_.digest(),
            world_.faults().counts(), reached_,        world_.choices().tape()};
}

Verdict runTrial(Choices choices, std::uint64_t events) {
    long blocksBefore = detail::poolBlocksInUse();
    LogWatch log;
    Verdict verdict;
    {
        Trial trial(std::move(choices), events);
        verdict = trial.run();
    }
    if (detail::poolBlocksInUse() != blocksBefore) {
        verdict.violations.push_back("a frame or pooled block is left");
    }
    for (const std::string& each : LogWatch::complaints)
        verdict.violations.push_back("logged: " + each);
    return verdict;
}

}  // namespace wring::testing
