#include <wring/runtime/system_events.hpp>

#include <wring/runtime/failure.hpp>
#include <wring/runtime/log.hpp>

#include <algorithm>

namespace wring {

void EventBarrier::release() {
    if (--held_ == 0 && open_) std::exchange(open_, nullptr)();
}

std::vector<SystemEvents::Entry>& SystemEvents::entriesOf(const std::string& event,
                                                          EventPhase phase) {
    auto found = std::find_if(events_.begin(), events_.end(),
                              [&](const auto& each) { return each->name == event; });
    if (found == events_.end()) {
        found = events_.insert(found, std::make_unique<Event>());
        (*found)->name = event;
    }
    return (*found)->phases[static_cast<std::size_t>(phase)];
}

TriggerHandle SystemEvents::add(EventPhase phase, const std::string& event, Trigger trigger) {
    auto& entries = entriesOf(event, phase);
    entries.push_back({nextId_, std::move(trigger)});
    return {nextId_++};
}

void SystemEvents::remove(TriggerHandle handle) {
    for (const auto& event : events_) {
        for (auto& entries : event->phases) {
            auto found = std::find_if(entries.begin(), entries.end(),
                                      [&](const Entry& entry) { return entry.id == handle.id; });
            if (found == entries.end()) continue;
            entries.erase(found);
            return;
        }
    }
    throw UsageError(0, "remove a trigger", "no such system event trigger, or it has run");
}

// One at a time from the front: a trigger may add to this phase or remove from it.
void SystemEvents::runPhase(const std::string& event, EventPhase phase,
                            const Ref<EventBarrier>& barrier) {
    auto& entries = entriesOf(event, phase);
    while (!entries.empty()) {
        Trigger trigger = std::move(entries.front().trigger);
        entries.erase(entries.begin());
        try {
            trigger(barrier);
        } catch (...) {
            log(LogLevel::error, "while handling the system event '" + event +
                                     "': " + Failure::current().getErrorMessage());
        }
    }
}

void SystemEvents::firePhased(const std::string& event, UniqueFunction<void()> enter) {
    auto barrier = makeRef<EventBarrier>(
        [this, event, enter = std::move(enter)]() mutable {
            if (enter) enter();
            runPhase(event, EventPhase::during, makeRef<EventBarrier>(nullptr));
        });
    runBefore(event, barrier);
}

void SystemEvents::runBefore(const std::string& event, const Ref<EventBarrier>& barrier) {
    std::erase_if(pending_, [](const Ref<EventBarrier>& each) { return each->isOpen(); });
    pending_.push_back(barrier);
    barrier->hold();
    runPhase(event, EventPhase::before, barrier);
    barrier->release();
}

void SystemEvents::forgetPending() noexcept {
    for (const Ref<EventBarrier>& each : pending_) each->disarm();
    pending_.clear();
}

void SystemEvents::runAfter(const std::string& event) {
    runPhase(event, EventPhase::after, makeRef<EventBarrier>(nullptr));
}

void SystemEvents::fire(const std::string& event, UniqueFunction<void()> done) {
    auto barrier = makeRef<EventBarrier>([this, event, done = std::move(done)]() mutable {
        runPhase(event, EventPhase::during, makeRef<EventBarrier>(nullptr));
        runAfter(event);
        if (done) done();
    });
    runBefore(event, barrier);
}

}  // namespace wring
