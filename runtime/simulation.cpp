#include <wring/runtime/simulation.hpp>

#include <wring/runtime/detail/sim_driver.hpp>
#include <wring/runtime/reactor.hpp>

#include <algorithm>

namespace wring {

namespace {

std::vector<std::string> addressesOf(std::uint32_t number) {
    std::string four{10, 0, static_cast<char>(number >> 8), static_cast<char>(number + 1)};
    std::string six(16, '\0');
    six[0] = '\xfd';
    six[15] = four[3];
    six[14] = four[2];
    return {four, six};
}

}  // namespace

SimulatedHost::SimulatedHost(Simulation& simulation, std::uint32_t number)
    : simulation_(simulation),
      kernel_(
          std::make_unique<detail::SimKernel>(*simulation.world_, number, addressesOf(number))) {}

SimulatedHost::~SimulatedHost() = default;

std::uint32_t SimulatedHost::number() const noexcept { return kernel_->number(); }

std::string SimulatedHost::address() const {
    return "10.0." + std::to_string(number() >> 8) + "." + std::to_string((number() & 255) + 1);
}

std::unique_ptr<Driver> SimulatedHost::makeDriver(const DriverOptions& options) {
    auto driver =
        std::make_unique<detail::SimulatedDriver>(*kernel_, options, simulation_.isStepped_);
    driver_ = driver.get();
    return driver;
}

Reactor& SimulatedHost::reactor() {
    if (!reactor_) {
        ReactorOptions options;
        options.driver = options_;
        options.driver.source = this;
        reactor_ = std::make_unique<Reactor>(options);
        isOver_ = false;
    }
    return *reactor_;
}

void SimulatedHost::chooseDriver() {
    Choices& choices = simulation_.choices();
    if (choices.choose(2)) options_.disabled.push_back("inline_send");
    if (choices.happens(3)) {
        options_.buffersInitial = 1 + choices.choose(4);
        options_.buffersMax = options_.buffersInitial + choices.choose(4);
        options_.bufferBytes = 1 + static_cast<std::uint32_t>(choices.magnitude(8191));
    }
}

void SimulatedHost::restart() {
    reactor_.reset();
    driver_ = nullptr;
}

int SimulatedHost::openDescriptors() const noexcept { return kernel_->openDescriptors(); }

void SimulatedHost::setDescriptorLimit(int limit) noexcept { kernel_->setDescriptorLimit(limit); }

Simulation::Simulation()
    : world_(std::make_unique<detail::SimWorld>(Choices(Choices::Tape()), false)) {}

Simulation::Simulation(Choices choices)
    : world_(std::make_unique<detail::SimWorld>(std::move(choices), true)) {
    world_->isStrict = true;
}

Simulation::~Simulation() {
    isStepped_ = false;  // what is left of the reactors ends in waits of their own
    for (auto& each : hosts_) each->reactor_.reset();
    // What is closed here may still send to there: all of them, before the first kernel goes.
    for (auto& each : hosts_) each->kernel_->closeAll();
}

SimulatedHost& Simulation::addHost() {
    auto number = static_cast<std::uint32_t>(hosts_.size());
    hosts_.emplace_back(new SimulatedHost(*this, number));
    return *hosts_.back();
}

// One of those that have something to do now.
SimulatedHost* Simulation::chooseHost() {
    candidates_.clear();
    for (auto& each : hosts_) {
        bool isReady = each->reactor_ && !each->isOver_ && each->driver_->dueAt() <= now();
        if (isReady) candidates_.push_back(each.get());
    }
    if (candidates_.empty()) return nullptr;
    return candidates_[choices().choose(static_cast<std::uint32_t>(candidates_.size()))];
}

bool Simulation::step() {
    world_->runDue();
    ++steps_;
    if (SimulatedHost* host = chooseHost()) {
        isStepped_ = true;
        host->isOver_ = !host->reactor_->runOnce(Duration::max());
        isStepped_ = false;
        return true;
    }
    Time next = world_->nextDue();
    for (auto& each : hosts_) {
        if (each->reactor_ && !each->isOver_) next = std::min(next, each->driver_->dueAt());
    }
    if (next == never) return false;
    world_->moveTo(next);
    return true;
}

bool Simulation::runFor(Duration length) {
    for (auto& each : hosts_) {
        if (each->reactor_ && !each->isOver_) each->driver_->lookAgain();
    }
    for (Time limit = after(now(), length); now() < limit;) {
        if (!step()) return false;
    }
    return true;
}

Time Simulation::now() const noexcept { return world_->now(); }
Choices& Simulation::choices() noexcept { return world_->choices(); }
Faults& Simulation::faults() noexcept { return world_->faults(); }
void Simulation::heal() noexcept { world_->heal(); }

void Simulation::partition(SimulatedHost& one, SimulatedHost& other, Duration length) {
    world_->clog(*one.kernel_, *other.kernel_, length);
    world_->clog(*other.kernel_, *one.kernel_, length);
}

std::uint64_t Simulation::events() const noexcept { return world_->happened() + steps_; }
std::uint64_t Simulation::digest() const noexcept { return world_->digest(); }
const std::vector<std::string>& Simulation::violations() const noexcept {
    return world_->violations();
}
void Simulation::traceTo(UniqueFunction<void(std::string_view)> sink) noexcept {
    world_->traceTo(std::move(sink));
}
void Simulation::violate(std::string what) { world_->violate(std::move(what)); }

}  // namespace wring
