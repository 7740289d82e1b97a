#pragma once

#include <wring/runtime/choices.hpp>
#include <wring/runtime/driver.hpp>
#include <wring/runtime/faults.hpp>
#include <wring/runtime/unique_function.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace wring {

class Reactor;
class Simulation;

namespace detail {
class SimKernel;
class SimWorld;
class SimulatedDriver;
}  // namespace detail

/// One machine of a simulation: with addresses, a kernel of its own, and a reactor on it.
///
/// Lifetime  its simulation's.
class WRING_API SimulatedHost final : public IDriverSource {
 public:
    ~SimulatedHost() override;

    /// The number it was added as, from 0; its address is 10.0.0.(number + 1) and that as ::1 + …
    std::uint32_t number() const noexcept;
    std::string address() const;
    /// Its reactor, made when first asked for. From outside its turns use callWhenRunning() before
    /// the first step, and callFromThread() later.
    Reactor& reactor();
    /// Lets chance say which features the driver of the next reactor has, and how few buffers.
    void chooseDriver();
    /// Ends the reactor as a crash of the machine would: connections are reset, nothing is told.
    /// The next reactor() is a fresh one. From outside its turns only.
    void restart();
    /// Makes the driver of a reactor on this host; for those who construct the Reactor themselves,
    /// with DriverOptions::source.
    std::unique_ptr<Driver> makeDriver(const DriverOptions& options) override;
    /// How many descriptors its kernel has open, and how many it may have.
    int openDescriptors() const noexcept;
    void setDescriptorLimit(int limit) noexcept;
    /// The kernel, for tests of drivers.
    detail::SimKernel& kernel() noexcept { return *kernel_; }

 private:
    friend class Simulation;
    SimulatedHost(Simulation& simulation, std::uint32_t number);

    Simulation& simulation_;
    std::unique_ptr<detail::SimKernel> kernel_;
    std::unique_ptr<Reactor> reactor_;
    detail::SimulatedDriver* driver_ = nullptr;
    DriverOptions options_;
    bool isOver_ = false;
};

/// A world of hosts that talk to each other over a simulated network, in simulated time, on
/// simulated kernels that are as unkind as real ones may be: any wring program runs in it
/// unchanged, thousands of times faster than the clock, and the same seed gives the same run.
///
/// Files     those of this machine, and with them the paths of UNIX sockets.
/// Thread    one. What a program does in other threads is not simulated.
class WRING_API Simulation {
 public:
    /// A kind world: nothing goes wrong but what faults() is set to.
    Simulation();
    /// A world whose faults, delays and order of events come from `choices`.
    explicit Simulation(Choices choices);
    Simulation(const Simulation&) = delete;
    Simulation& operator=(const Simulation&) = delete;
    ~Simulation();

    /// Adds a machine.
    SimulatedHost& addHost();

    /// Lets everything happen for so long, of simulated time, or until nothing can happen any more.
    /// False in that case: every reactor has stopped or waits for ever.
    bool runFor(Duration length);
    /// One step: a turn of a reactor that has something to do, or the time moves to when one has.
    /// False when nothing will happen any more.
    bool step();

    /// Now, in this world.
    Time now() const noexcept;
    Choices& choices() noexcept;
    Faults& faults() noexcept;
    /// Nothing goes wrong from now on, and what was cut off can be reached.
    void heal() noexcept;
    /// Nothing passes between the two, in either direction, for so long.
    void partition(SimulatedHost& one, SimulatedHost& other, Duration length);

    /// How much has happened so far, in steps and in what hosts were told, sent or received; and a
    /// digest of the latter: equal for equal runs.
    std::uint64_t events() const noexcept;
    std::uint64_t digest() const noexcept;
    /// What must not be and was seen: a descriptor closed twice, an operation on one that is
    /// closed, memory changed while the kernel had it.
    const std::vector<std::string>& violations() const noexcept;
    void violate(std::string what);
    /// Gives `sink` a line, without its end, for each thing that happens. It must not throw.
    void traceTo(UniqueFunction<void(std::string_view)> sink) noexcept;

 private:
    friend class SimulatedHost;
    SimulatedHost* chooseHost();

    std::unique_ptr<detail::SimWorld> world_;
    std::vector<std::unique_ptr<SimulatedHost>> hosts_;
    std::vector<SimulatedHost*> candidates_;
    std::uint64_t steps_ = 0;
    bool isStepped_ = false;
};

}  // namespace wring
