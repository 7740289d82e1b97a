#pragma once

#include <wring/runtime/ref.hpp>
#include <wring/runtime/unique_function.hpp>

#include <cstdint>
#include <memory>
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
    /// Nothing happens when it is released.
    void disarm() noexcept { open_ = nullptr; }
    /// Whether the event has gone on, or never will.
    bool isOpen() const noexcept { return !open_; }
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

    SystemEvents() = default;
    SystemEvents(const SystemEvents&) = delete;
    SystemEvents& operator=(const SystemEvents&) = delete;
    ~SystemEvents() { forgetPending(); }

    /// Adds a trigger; those of one phase run in this order.
    TriggerHandle add(EventPhase phase, const std::string& event, Trigger trigger);
    /// Throws UsageError for a handle that is not (or no longer) known.
    void remove(TriggerHandle handle);
    /// Runs `before`; when nothing holds the event back any more, `during` and `after`, then
    /// `done`. What a trigger throws is logged.
    void fire(const std::string& event, UniqueFunction<void()> done = nullptr);
    /// As fire(), up to `during`, before which `enter` is called; runAfter() runs the rest.
    void firePhased(const std::string& event, UniqueFunction<void()> enter);
    void runAfter(const std::string& event);
    /// Events that wait for something to be released do not happen any more.
    void forgetPending() noexcept;

 private:
    struct Entry {
        std::uint64_t id;
        Trigger trigger;
    };
    struct Event {
        std::string name;
        std::vector<Entry> phases[3];
    };
    std::vector<Entry>& entriesOf(const std::string& event, EventPhase phase);
    void runBefore(const std::string& event, const Ref<EventBarrier>& barrier);
    void runPhase(const std::string& event, EventPhase phase, const Ref<EventBarrier>& barrier);

    std::vector<std::unique_ptr<Event>> events_;  // few; each stays where it is
    std::vector<Ref<EventBarrier>> pending_;
    std::uint64_t nextId_ = 1;
};

}  // namespace wring
