#include <wring/runtime/system_events.hpp>

#include <wring/runtime/error.hpp>
#include <wring/runtime/log.hpp>

#include <gtest/gtest.h>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace wring {
namespace {

class SystemEventsTest : public ::testing::Test {
 protected:
    using Words = std::vector<std::string>;

    TriggerHandle add(EventPhase phase, const char* event, const char* word) {
        return events_->add(phase, event,
                            [this, word](const Ref<EventBarrier>&) { words_.push_back(word); });
    }
    /// A trigger that holds the event back; the barrier is what is released later.
    void addHolder(const char* event) {
        events_->add(EventPhase::before, event, [this](Ref<EventBarrier> barrier) {
            barrier->hold();
            barriers_.push_back(std::move(barrier));
        });
    }

    Words words_;
    std::vector<Ref<EventBarrier>> barriers_;
    std::unique_ptr<SystemEvents> events_ = std::make_unique<SystemEvents>();
};

TEST_F(SystemEventsTest, triggersRunByPhaseInOrderAndOnce) {
    add(EventPhase::after, "party", "after");
    add(EventPhase::during, "party", "during");
    add(EventPhase::before, "party", "before 1");
    add(EventPhase::before, "party", "before 2");
    add(EventPhase::before, "other", "not this");
    events_->fire("party", [this] { words_.push_back("done"); });
    EXPECT_EQ(words_, (Words{"before 1", "before 2", "during", "after", "done"}));
    events_->fire("party");
    EXPECT_EQ(words_.size(), 5u);
    events_->fire("unheard of");
    EXPECT_EQ(words_.size(), 5u);
}

TEST_F(SystemEventsTest, triggersMayBeAddedAndRemovedDuringFiring) {
    TriggerHandle during = add(EventPhase::during, "party", "removed"), later;
    events_->add(EventPhase::before, "party", [&](const Ref<EventBarrier>&) {
        add(EventPhase::before, "party", "added before");
        add(EventPhase::after, "party", "added after");
        events_->remove(during);
        events_->remove(later);
    });
    later = add(EventPhase::before, "party", "removed too");
    events_->fire("party");
    EXPECT_EQ(words_, (Words{"added before", "added after"}));
}

TEST_F(SystemEventsTest, removingWhatIsNotThereIsAnError) {
    TriggerHandle handle = add(EventPhase::before, "party", "x");
    events_->remove(handle);
    EXPECT_THROW(events_->remove(handle), UsageError);
    EXPECT_THROW(events_->remove(TriggerHandle{}), UsageError);
    handle = add(EventPhase::before, "party", "run");
    events_->fire("party");
    EXPECT_THROW(events_->remove(handle), UsageError) << "it has run";
}

TEST_F(SystemEventsTest, theEventWaitsUntilAllHaveReleasedIt) {
    addHolder("party");
    addHolder("party");
    add(EventPhase::before, "party", "before");
    TriggerHandle removed = add(EventPhase::during, "party", "removed");
    add(EventPhase::during, "party", "during");
    events_->fire("party");
    EXPECT_EQ(words_, Words{"before"});
    barriers_[0]->release();
    EXPECT_EQ(words_, Words{"before"});
    events_->remove(removed);
    add(EventPhase::during, "party", "added while waiting");
    barriers_[1]->release();
    EXPECT_EQ(words_, (Words{"before", "during", "added while waiting"}));
}

TEST_F(SystemEventsTest, eventsDoNotWaitForEachOther) {
    addHolder("first");
    add(EventPhase::during, "first", "first");
    add(EventPhase::during, "second", "second");
    events_->fire("first");
    events_->fire("second");
    EXPECT_EQ(words_, Words{"second"});
    barriers_[0]->release();
    EXPECT_EQ(words_, (Words{"second", "first"}));
}

TEST_F(SystemEventsTest, whatATriggerThrowsIsLoggedAndTheNextRuns) {
    static std::string logged;
    logged.clear();
    LogSink before = setLogSink([](LogLevel, std::string_view message) { logged += message; });
    for (EventPhase phase : {EventPhase::before, EventPhase::during, EventPhase::after}) {
        events_->add(phase, "party",
                     [](const Ref<EventBarrier>&) { throw std::runtime_error("boom;"); });
        add(phase, "party", "next");
    }
    events_->fire("party");
    setLogSink(before);
    EXPECT_EQ(words_, (Words{"next", "next", "next"}));
    EXPECT_NE(logged.find("'party': boom;"), std::string::npos) << logged;
}

TEST_F(SystemEventsTest, aReleaseAfterTheEndHarmsNobody) {
    addHolder("party");
    add(EventPhase::during, "party", "during");
    events_->fire("party");
    events_.reset();
    barriers_[0]->release();
    EXPECT_TRUE(words_.empty());
}

}  // namespace
}  // namespace wring
