#include <wring/runtime/detail/sim_world.hpp>

#include <wring/runtime/detail/sim_kernel.hpp>
#include <wring/runtime/detail/sim_object.hpp>

#include <fmt/format.h>
#include <algorithm>

namespace wring::detail {

namespace {
using std::chrono::microseconds;
using std::chrono::milliseconds;
constexpr std::size_t violationsKept = 20;
}  // namespace

SimWorld::SimWorld(Choices choices, bool isUnkind)
    : choices_(std::move(choices)), faults_(choices_, isUnkind), isUnkind_(isUnkind) {}

SimWorld::~SimWorld() {
    events_.clear();
    kept_.clear();
}

bool SimWorld::isLater(const Event& a, const Event& b) noexcept {
    return a.when != b.when ? a.when > b.when : a.order > b.order;
}

void SimWorld::at(Time when, UniqueFunction<void()> what) {
    events_.push_back({std::max(when, now_), ++order_, std::move(what)});
    std::push_heap(events_.begin(), events_.end(), &isLater);
}

void SimWorld::runDue() {
    if (std::exchange(isRunning_, true)) return;
    while (nextDue() <= now_) {
        std::pop_heap(events_.begin(), events_.end(), &isLater);
        UniqueFunction<void()> what = std::move(events_.back().what);
        events_.pop_back();
        what();
    }
    isRunning_ = false;
}

void SimWorld::moveTo(Time when) noexcept { now_ = std::max(now_, when); }

bool SimWorld::isLess(const Pair& a, const Pair& b) noexcept {
    std::pair left(a.first->number(), a.second->number());
    return left < std::pair(b.first->number(), b.second->number());
}

SimWorld::Wire& SimWorld::wire(const SimKernel& from, const SimKernel& to) {
    auto [place, isNew] = wires_.try_emplace({&from, &to});
    Wire& wire = place->second;
    if (isNew && &from != &to) {
        wire.latency = microseconds(50) + microseconds(choices_.magnitude(isUnkind_ ? 30'000 : 0));
        wire.spread = microseconds(choices_.magnitude(isUnkind_ ? 50'000 : 0));
    }
    return wire;
}

Duration SimWorld::travelTime(const SimKernel& from, const SimKernel& to) {
    Wire& wire = this->wire(from, to);
    if (&from != &to) {
        if (faults_.strikes(Fault::cloggedDirection)) {
            clog(from, to, milliseconds(1 + choices_.magnitude(20'000)));
        }
        if (faults_.strikes(Fault::partition)) {
            Duration length = milliseconds(1 + choices_.magnitude(20'000));
            clog(from, to, length);
            clog(to, from, length);
        }
    }
    Duration time = wire.latency;
    if (wire.spread > Duration::zero()) {
        auto most = static_cast<std::uint64_t>(
            std::chrono::duration_cast<microseconds>(wire.spread).count());
        time += microseconds(choices_.magnitude(most));
    }
    if (faults_.strikes(Fault::slowSegment)) time = time * 100 + milliseconds(1);
    return time;
}

Time SimWorld::passableAt(const SimKernel& from, const SimKernel& to) const noexcept {
    auto place = wires_.find({&from, &to});
    return place == wires_.end() ? now_ : place->second.clearAt;
}

void SimWorld::clog(const SimKernel& from, const SimKernel& to, Duration length) {
    Wire& wire = this->wire(from, to);
    wire.clearAt = std::max(wire.clearAt, after(now_, length));
}

void SimWorld::heal() noexcept {
    faults_.heal();
    for (auto& [pair, wire] : wires_) {
        wire.clearAt = now_;
        wire.spread = {};
    }
    for (SimKernel* kernel : kernels_) kernel->healed();
}

void SimWorld::add(SimKernel& kernel) { kernels_.push_back(&kernel); }

void SimWorld::remove(SimKernel& kernel) noexcept { std::erase(kernels_, &kernel); }

SimKernel* SimWorld::hostAt(const std::string& address) const noexcept {
    for (SimKernel* kernel : kernels_) {
        if (kernel->hasAddress(address)) return kernel;
    }
    return nullptr;
}

void SimWorld::keep(SimObject& object) { kept_.push_back(Ref<SimObject>(&object)); }

void SimWorld::letGo(SimObject& object) noexcept {
    std::erase_if(kept_, [&](const Ref<SimObject>& each) { return each.get() == &object; });
}

void SimWorld::note(const SimKernel& where, const char* what, int fd,
                    std::int64_t detail) noexcept {
    ++happened_;
    std::int64_t time = now_.time_since_epoch().count();
    if (trace_) {
        trace_(fmt::format("{:12.6f} host {} {:<10} {:6} {}", static_cast<double>(time) / 1e9,
                           where.number(), what, fd, detail));
    }
    std::uint64_t kind = where.number();
    for (const char* each = what; *each; ++each)
        kind = kind * 31 + static_cast<std::uint8_t>(*each);
    for (std::uint64_t part :
         {kind, static_cast<std::uint64_t>(fd), static_cast<std::uint64_t>(detail),
          static_cast<std::uint64_t>(time)}) {
        digest_ = (digest_ ^ part) * 0x100000001b3;
        digest_ ^= digest_ >> 29;
    }
}

void SimWorld::violate(std::string what) {
    if (trace_) trace_("violation: " + what);
    if (violations_.size() < violationsKept) violations_.push_back(std::move(what));
}

}  // namespace wring::detail
