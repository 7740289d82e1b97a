#pragma once

#include <wring/runtime/ref.hpp>
#include <wring/runtime/unique_function.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace wring {

/// When a trigger runs, relative to its event.
enum class EventPhase : std::uint8_t { before, during, after };

/// Which trigger, for removal.
struct TriggerHandle {
    std::uint64_t id = 0;
};

/// Holds an event back until it is released as often as it was held. Triggers that return
/// something with addBoth (a Deferred) hold the event until that fires.
class WRING_API EventBarrier : public RefCounted {
 public:
    explicit EventBarrier(UniqueFunction<void()> open) noexcept : open_(std::move(open)) {}
    /// The event waits for one more release().
    void hold() noexcept { ++held_; }
    /// The last one lets the event go on, at once.
    void release();

 private:
    UniqueFunction<void()> open_;
    unsigned held_ = 0;
};

/// Named events with triggers in three phases.
///
/// Source    Twisted: IReactorCore.addSystemEventTrigger, _ThreePhaseEvent.
class WRING_API SystemEvents {
 public:
    using Trigger = UniqueFunction<void(Ref<EventBarrier>)>;

    SystemEvents();
    SystemEvents(const SystemEvents&) = delete;
    SystemEvents& operator=(const SystemEvents&) = delete;
    ~SystemEvents();

    TriggerHandle add(EventPhase phase, const std::string& event, Trigger trigger);
    /// Throws UsageError for a handle that is not (or no longer) known.
    void remove(TriggerHandle handle);
    /// Runs `before`; when nothing holds the event back any more, `during` and `after`, then
    /// `done`. What a trigger throws is logged.
    void fire(const std::string& event, UniqueFunction<void()> done = nullptr);
    /// As fire(), with a stop between the phases: `enter` is called before `during` and `between`
    /// in place of `after`, which runAfter() runs.
    void firePhased(const std::string& event, UniqueFunction<void()> enter);
    void runAfter(const std::string& event);

 private:
    struct Entry {
        std::uint64_t id;
        Trigger trigger;
    };
    struct Event {
        std::vector<Entry> phases[3];
    };
    void runPhase(const std::string& event, EventPhase phase, const Ref<EventBarrier>& barrier);

    /// What holds an event back may be released after all this has gone.
    struct Life : RefCounted {
        bool hasEnded = false;
    };

    Ref<Life> life_;
    std::map<std::string, Event> events_;
    std::uint64_t nextId_ = 1;
};

}  // namespace wring
