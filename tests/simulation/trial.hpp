#pragma once

#include <wring/deferred/sleep.hpp>
#include <wring/deferred/start.hpp>
#include <wring/runtime/outcome.hpp>
#include <wring/runtime/reactor.hpp>
#include <wring/runtime/simulation.hpp>

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace wring::testing {

class Trial;

/// What a workload throws on purpose; anything else that wring reports as unhandled is a violation.
struct PlannedFailure : std::runtime_error {
    PlannedFailure() : std::runtime_error("a planned failure") {}
};

/// Something that programs do with each other, and what must hold of it whatever goes wrong.
class Workload {
 public:
    virtual ~Workload() = default;
    /// Starts what it does. It goes on until the trial is finishing, and ends then by itself.
    virtual void begin(Trial& trial) = 0;
    /// Whether everything that it started has ended.
    virtual bool hasEnded() const = 0;
    /// Looks at what must hold in the end.
    virtual void check(Trial&) {}
};

/// What came of a trial.
struct Verdict {
    std::vector<std::string> violations;
    std::uint64_t events = 0;
    std::uint64_t digest = 0;
    Faults::Counts faults{};
    std::map<std::string, std::uint64_t> reached;
    Choices::Tape tape;
};

/// One run: a simulation with some hosts, some workloads on them, faults for a number of events;
/// then the faults heal, and everything has to come to its end.
class Trial {
 public:
    Trial(Choices choices, std::uint64_t events);
    Verdict run();

    SimulatedHost& server() noexcept { return *hosts_.front(); }
    /// One of the others, chosen.
    SimulatedHost& client();
    std::uint32_t choose(std::uint32_t count) { return world_.choices().choose(count); }
    bool happens(std::uint32_t oneIn) { return world_.choices().happens(oneIn); }
    Time now() const noexcept { return world_.now(); }
    /// No new rounds: what runs shall come to its end.
    bool isFinishing() const noexcept { return isFinishing_; }
    /// A length of time: mostly some milliseconds, sometimes seconds.
    Duration pause();
    /// A port that no other workload has.
    std::uint16_t newPort() noexcept { return nextPort_++; }
    /// A number that no other connection has.
    std::uint32_t newIdentity() noexcept { return ++identities_; }

    /// How often that fault has struck by now, and how often any.
    std::uint64_t struck(Fault fault) {
        return world_.faults().counts()[static_cast<std::size_t>(fault)];
    }
    std::uint64_t struck();

    /// Something that must not be has been seen.
    void violate(std::string what) { world_.violate(std::move(what)); }
    void expect(bool holds, const char* what) {
        if (!holds) violate(what);
    }
    /// A path that is rarely taken was.
    void reached(const char* path) { ++reached_[path]; }
    /// What went wrong, by its class; nothing that is no violation.
    void failed(const Failure& failure);

    /// Runs body(trial, host, args…), a task, on that host, now or as soon as it runs; `running` is
    /// counted down at its end.
    template <class F, class... Args>
    void start(SimulatedHost& host, int& running, F body, Args... args) {
        ++running;
        host.reactor().callWhenRunning([this, &host, &running, body, args...] {
            startCall(body, this, &host, args...).addBoth([this, &running](Result<void> result) {
                --running;
                if (!result) failed(result.error());
            });
        });
    }

 private:
    void chooseWorkloads();
    void runEvents();
    void heal();
    void stopAll();
    void stopOne();
    static void tellToStop(SimulatedHost& host);
    void checkHost(SimulatedHost& host);

    Simulation world_;
    std::uint64_t events_;
    std::vector<SimulatedHost*> hosts_;
    std::vector<std::unique_ptr<Workload>> workloads_;
    std::map<std::string, std::uint64_t> reached_;
    std::uint16_t nextPort_ = 1000;
    std::uint32_t identities_ = 0;
    bool isFinishing_ = false;
};

/// Runs one trial, and sees that it leaves nothing in memory.
Verdict runTrial(Choices choices, std::uint64_t events);

/// The kinds there are.
std::unique_ptr<Workload> makeWorkload(std::uint32_t kind);
inline constexpr std::uint32_t workloadKinds = 17;

}  // namespace wring::testing
