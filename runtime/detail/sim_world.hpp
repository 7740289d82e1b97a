#pragma once

#include <wring/runtime/choices.hpp>
#include <wring/runtime/faults.hpp>
#include <wring/runtime/ref.hpp>
#include <wring/runtime/time.hpp>
#include <wring/runtime/unique_function.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace wring::detail {

class SimKernel;
class SimObject;

/// What all hosts of a simulation share: the time, what will happen, chance, and the wires.
///
/// Thread    one.
class SimWorld {
 public:
    /// A kind one leaves nothing to chance but what its faults are set to.
    SimWorld(Choices choices, bool isUnkind);
    SimWorld(const SimWorld&) = delete;
    SimWorld& operator=(const SimWorld&) = delete;
    ~SimWorld();

    Time now() const noexcept { return now_; }
    Choices& choices() noexcept { return choices_; }
    Faults& faults() noexcept { return faults_; }

    /// Has `what` happen at `when`; what is due together happens in the order of asking.
    void at(Time when, UniqueFunction<void()> what);
    void in(Duration delay, UniqueFunction<void()> what) {
        at(after(now_, delay), std::move(what));
    }
    /// Lets happen what is due. From within what happens: no effect.
    void runDue();
    /// When the next thing happens, or `never`.
    Time nextDue() const noexcept { return events_.empty() ? never : events_.front().when; }
    /// Moves the time on; not backwards.
    void moveTo(Time when) noexcept;

    /// How long a packet takes from one host to the other now.
    Duration travelTime(const SimKernel& from, const SimKernel& to);
    /// When something may pass again; now(), or earlier, if it may.
    Time passableAt(const SimKernel& from, const SimKernel& to) const noexcept;
    /// Nothing passes from one to the other for so long.
    void clog(const SimKernel& from, const SimKernel& to, Duration length);
    /// No faults from now on, and everything passes.
    void heal() noexcept;

    void add(SimKernel& kernel);
    void remove(SimKernel& kernel) noexcept;
    /// The host with that address (family and bytes), or null.
    SimKernel* hostAt(const std::string& address) const noexcept;

    /// Keeps an object alive that nobody has a descriptor of, and lets go of it.
    void keep(SimObject& object);
    void letGo(SimObject& object) noexcept;

    /// Things that happened, and a digest of what they were and when.
    std::uint64_t happened() const noexcept { return happened_; }
    std::uint64_t digest() const noexcept { return digest_; }
    /// Takes note of something for the digest, and for the trace if there is one.
    void note(const SimKernel& where, const char* what, int fd, std::int64_t detail) noexcept;
    void traceTo(UniqueFunction<void(std::string_view)> sink) noexcept { trace_ = std::move(sink); }
    /// Something that must not be; the first ones are kept.
    void violate(std::string what);
    const std::vector<std::string>& violations() const noexcept { return violations_; }
    /// Whether calls that no correct program makes count as violations.
    bool isStrict = false;

 private:
    struct Event {
        Time when;
        std::uint64_t order;
        UniqueFunction<void()> what;
    };
    static bool isLater(const Event& a, const Event& b) noexcept;
    using Pair = std::pair<const SimKernel*, const SimKernel*>;
    static bool isLess(const Pair& a, const Pair& b) noexcept;
    struct Wire {
        Duration latency{};
        Duration spread{};
        Time clearAt{};
    };
    struct PairOrder {
        bool operator()(const Pair& a, const Pair& b) const noexcept { return isLess(a, b); }
    };
    Wire& wire(const SimKernel& from, const SimKernel& to);

    Choices choices_;
    Faults faults_;
    bool isUnkind_;
    Time now_{std::chrono::seconds(1000)};
    std::vector<Event> events_;  // a heap
    std::uint64_t order_ = 0;
    bool isRunning_ = false;
    std::map<Pair, Wire, PairOrder> wires_;
    std::vector<SimKernel*> kernels_;
    std::vector<Ref<SimObject>> kept_;
    std::uint64_t happened_ = 0;
    std::uint64_t digest_ = 0xcbf29ce484222325;
    std::vector<std::string> violations_;
    UniqueFunction<void(std::string_view)> trace_;
};

}  // namespace wring::detail
