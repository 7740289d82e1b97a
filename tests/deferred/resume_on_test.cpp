#include <wring/deferred/resume_on.hpp>

#include <wring/deferred/event.hpp>
#include <wring/deferred/gather.hpp>
#include <wring/deferred/start.hpp>
#include <wring/deferred/timeout.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/threads.hpp>

#include <gmock/gmock.h>
#include <atomic>

namespace wring {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::Gate;
using testing::ThreadedReactor;

/// A reactor in this thread and another one beside it, and what a coroutine notes on its way.
class ResumeOnTest : public testing::ReactorTest {
 public:
    using Notes = std::vector<std::string>;

    void SetUp() override {
        ReactorTest::SetUp();
        if (!IsSkipped()) reset(options());
    }
    void reset(const ReactorOptions& chosen) {
        other_ = std::make_unique<ThreadedReactor>(chosen);
        home_ = std::make_unique<Reactor>(chosen);
    }
    Reactor& home() { return *home_; }
    Reactor& other() { return **other_; }
    ThreadedReactor& otherThread() { return *other_; }
    /// Only the thread in which the coroutine is notes.
    void note(const std::string& word) { notes_.push_back(word); }
    std::string place() {
        Reactor* current = Reactor::current();
        bool isOtherThread = std::this_thread::get_id() == other_->id();
        if (current == home_.get() && !isOtherThread) return "home";
        return current == &other() && isOtherThread ? "away" : "lost";
    }

    /// Runs body(*this), a task, at home until it ends; then stops the home. Gives how it ended.
    std::string runBody(Task<> (*body)(ResumeOnTest&)) {
        std::string end = "not at all";
        home().callWhenRunning([&] {
            running_ = startCall(body, std::ref(*this));
            running_.addBoth([&](const Result<void>& result) {
                end = result ? "value" : result.error().className();
                if (place() != "home") end += " away";
                home().requestStop();
            });
        });
        home().run(false);
        EXPECT_TRUE(home().fibers().empty());
        EXPECT_EQ(other().resources(), 0u);
        return end;
    }

    Deferred<> running_;
    Notes notes_;
    Gate gate_;
    std::unique_ptr<ThreadedReactor> other_;
    std::unique_ptr<Reactor> home_;
};

class ResumeOnDeath : public ResumeOnTest {};

TEST_P(ResumeOnTest, goesOnInTheOtherThreadAndComesBack) {
    EXPECT_EQ(runBody([](ResumeOnTest& test) -> Task<> {
                  test.note(test.place());
                  co_await resumeOn(test.other());
                  test.note(test.place());
                  co_await resumeOn(test.home());
                  test.note(test.place());
              }),
              "value");
    EXPECT_THAT(notes_, ElementsAre("home", "away", "home"));
}

TEST_P(ResumeOnTest, whereItIsAlreadyItDoesNotWait) {
    EXPECT_EQ(runBody([](ResumeOnTest& test) -> Task<> {
                  auto turn = test.home().turns();
                  co_await resumeOn(test.home());
                  EXPECT_EQ(test.home().turns(), turn);
                  co_await resumeOn(test.other());
                  co_await resumeOn(test.other());
                  test.note(test.place());
                  co_await resumeOn(test.home());
              }),
              "value");
    EXPECT_THAT(notes_, ElementsAre("away"));
}

Task<std::string> placeAfterSleep(ResumeOnTest& test) {
    co_await sleepFor(1ms);
    co_return test.place();
}

Task<> nap() { co_await sleepFor(1h); }

TEST_P(ResumeOnTest, whatItAwaitsAwayIsTheOtherReactors) {
    EXPECT_EQ(runBody([](ResumeOnTest& test) -> Task<> {
                  co_await resumeOn(test.other());
                  test.note(co_await placeAfterSleep(test));
                  test.note(co_await start(placeAfterSleep(test)));
                  auto late = co_await outcome(withTimeout(1ms, nap()));
                  test.note(late ? "value" : late.error().className());
                  co_await resumeOn(test.home());
              }),
              "value");
    EXPECT_THAT(notes_, ElementsAre("away", "away", "TimeoutError"));
}

Task<> thereAndBack(ResumeOnTest& test) {
    co_await resumeOn(test.other());
    co_await resumeOn(test.home());
}

TEST_P(ResumeOnTest, aTaskMayTravelWithinItsAwaiter) {
    EXPECT_EQ(runBody([](ResumeOnTest& test) -> Task<> {
                  for (int i = 0; i < 100; ++i) co_await thereAndBack(test);
                  test.note(test.place());
              }),
              "value");
    EXPECT_THAT(notes_, ElementsAre("home"));
}

TEST_P(ResumeOnTest, manyCoroutinesTravelAtOnce) {
    EXPECT_EQ(runBody([](ResumeOnTest& test) -> Task<> {
                  std::vector<Deferred<>> all;
                  for (int i = 0; i < 50; ++i) all.push_back(start(thereAndBack(test)));
                  co_await gatherResults(std::move(all));
                  test.note(test.place());
              }),
              "value");
    EXPECT_THAT(notes_, ElementsAre("home"));
}

TEST_P(ResumeOnTest, aReactorThatHasStoppedIsAnErrorAtHome) {
    otherThread().stop();
    EXPECT_EQ(runBody([](ResumeOnTest& test) -> Task<> {
                  auto gone = co_await outcome(resumeOn(test.other()));
                  test.note(gone ? "value" : gone.error().className());
                  test.note(test.place());
              }),
              "value");
    EXPECT_THAT(notes_, ElementsAre("ReactorStopped", "home"));
}

TEST_P(ResumeOnTest, aReactorThatIsDestroyedWithoutRunningSendsItBack) {
    static std::unique_ptr<Reactor> never;
    never = std::make_unique<Reactor>(options());
    home().callLater(1ms, [] { never.reset(); });
    EXPECT_EQ(runBody([](ResumeOnTest& test) -> Task<> {
                  auto gone = co_await outcome(resumeOn(*never));
                  test.note(gone ? "value" : gone.error().className());
                  test.note(test.place());
              }),
              "value");
    EXPECT_THAT(notes_, ElementsAre("ReactorStopped", "home"));
}

TEST_P(ResumeOnTest, cancelledBeforeItGoesItStaysHome) {
    EXPECT_EQ(runBody([](ResumeOnTest& test) -> Task<> {
                  co_await sleepFor(0s);
                  test.running_.cancel();
                  auto cancelled = co_await outcome(resumeOn(test.other()));
                  test.note(cancelled ? "value" : cancelled.error().className());
                  test.note(test.place());
              }),
              "value");
    EXPECT_THAT(notes_, ElementsAre("CancelledError", "home"));
}

TEST_P(ResumeOnTest, cancelledWhileItWaitsToGoItStaysHome) {
    EXPECT_EQ(runBody([](ResumeOnTest& test) -> Task<> {
                  auto going = start(thereAndBack(test));
                  EXPECT_FALSE(going.called());
                  going.cancel();
                  EXPECT_TRUE(going.called());
                  co_await going;
              }),
              "CancelledError");
}

TEST_P(ResumeOnTest, cancelledWhileAwayItFeelsThatWhenItIsBack) {
    EXPECT_EQ(runBody([](ResumeOnTest& test) -> Task<> {
                  co_await resumeOn(test.other());
                  Gate isCancelled;
                  test.home().callFromThread([&] {
                      test.running_.cancel();
                      isCancelled.open();
                  });
                  isCancelled.wait();
                  co_await sleepFor(0s);
                  test.note("still " + test.place());
                  co_await resumeOn(test.home());
                  test.note("back " + test.place());
                  co_await sleepFor(1h);
              }),
              "CancelledError");
    EXPECT_THAT(notes_, ElementsAre("still away", "back home"));
}

Task<> awayUntilDue(ResumeOnTest& test) {
    co_await resumeOn(test.other());
    Time due = test.other().now() + 5ms;
    while (test.other().now() < due) co_await sleepFor(1ms);
    test.note("stayed " + test.place());
    co_await resumeOn(test.home());
    co_await sleepFor(1h);
}

TEST_P(ResumeOnTest, aTimeOutOfItsHomeIsFeltWhenItIsBack) {
    EXPECT_EQ(runBody([](ResumeOnTest& test) -> Task<> {
                  co_await withTimeout(1ms, awayUntilDue(test));
              }),
              "TimeoutError");
    EXPECT_THAT(notes_, ElementsAre("stayed away"));
}

TEST_P(ResumeOnTest, aShieldOfItsHomeBeginsToCountWhenItIsBack) {
    EXPECT_EQ(runBody([](ResumeOnTest& test) -> Task<> {
                  co_await withTimeout(1ms, shield(1ms, awayUntilDue(test)));
              }),
              "TimeoutError");
    EXPECT_THAT(notes_, ElementsAre("stayed away"));
}

TEST_P(ResumeOnTest, theShutdownOfItsHomeWaitsForIt) {
    home().addSystemEventTrigger(EventPhase::during, "shutdown", [this] { gate_.open(); });
    EXPECT_EQ(runBody([](ResumeOnTest& test) -> Task<> {
                  co_await resumeOn(test.other());
                  test.home().callFromThread([&] { test.home().requestStop(); });
                  test.gate_.wait();
                  co_await sleepFor(1ms);
                  test.note("still " + test.place());
                  co_await resumeOn(test.home());
                  test.note("back " + test.place());
                  co_await sleepFor(1h);
              }),
              "CancelledError");
    EXPECT_THAT(notes_, ElementsAre("still away", "back home"));
}

TEST_P(ResumeOnTest, theShutdownOfTheReactorItVisitsCancelsItThereAndWaits) {
    EXPECT_EQ(runBody([](ResumeOnTest& test) -> Task<> {
                  co_await resumeOn(test.other());
                  test.other().requestStop();
                  auto slept = co_await outcome(sleepFor(1h));
                  test.note(slept ? "value" : slept.error().className());
                  auto again = co_await outcome(sleepFor(0s));
                  test.note(again ? "value" : again.error().className());
                  test.note(test.place());
                  co_await resumeOn(test.home());
                  co_await sleepFor(0s);
                  test.note(test.place());
              }),
              "value");
    EXPECT_THAT(notes_, ElementsAre("CancelledError", "CancelledError", "away", "home"));
}

TEST_P(ResumeOnDeath, whatDoesNotComeHomeInTimeEndsTheProcess) {
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    using Body = Task<> (*)(ResumeOnTest&);
    const std::pair<const char*, Body> cases[] = {
        {"ended in another reactor's thread",
         [](ResumeOnTest& test) -> Task<> { co_await resumeOn(test.other()); }},
        {"ended while its coroutine was away",
         [](ResumeOnTest& test) -> Task<> {
             auto stray = [](ResumeOnTest& inner) -> Task<> { co_await resumeOn(inner.other()); };
             co_await withTimeout(1h, stray(test));
         }},
        {"end before the coroutine moves again",
         [](ResumeOnTest& test) -> Task<> {
             co_await resumeOn(test.other());
             auto early = [](ResumeOnTest& inner) -> Task<> { co_await resumeOn(inner.home()); };
             co_await withTimeout(1h, early(test));
         }},
    };
    for (const auto& [message, body] : cases) EXPECT_DEATH(runBody(body), message);
}

TEST_P(ResumeOnDeath, fromElsewhereToAThirdEndsTheProcess) {
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    static std::unique_ptr<Reactor> third;
    third = std::make_unique<Reactor>(options());
    EXPECT_DEATH(runBody([](ResumeOnTest& test) -> Task<> {
                     co_await resumeOn(test.other());
                     co_await resumeOn(*third);
                 }),
                 "can only go home");
    third.reset();
}

INSTANTIATE_TEST_SUITE_P(Drivers, ResumeOnDeath, ::testing::ValuesIn(testing::bothDrivers()),
                         testing::nameOf);
INSTANTIATE_TEST_SUITE_P(Drivers, ResumeOnTest, ::testing::ValuesIn(testing::bothDrivers()),
                         testing::nameOf);

}  // namespace
}  // namespace wring
