#include <wring/deferred/deferred_semaphore.hpp>
#include <wring/tests/deferred/run_holding.hpp>
#include <wring/tests/deferred/turns.hpp>

namespace wring::testing {

/// One token: a lock.
class OneToken : public DeferredSemaphore {
 public:
    OneToken() : DeferredSemaphore(1) {}
    bool locked() const { return tokens() == 0; }
};

INSTANTIATE_TYPED_TEST_SUITE_P(DeferredSemaphore, Turns, OneToken);
INSTANTIATE_TYPED_TEST_SUITE_P(DeferredSemaphore, RunHolding, OneToken);
INSTANTIATE_TYPED_TEST_SUITE_P(DeferredSemaphore, TurnsDeathTest, OneToken);

}  // namespace wring::testing

namespace wring {
namespace {

using ::testing::ElementsAre;
using testing::Ending;
using ::testing::HasSubstr;
using testing::Notes;

using DeferredSemaphoreTest = testing::QuietTest;
using DeferredSemaphoreDeathTest = testing::QuietTest;

std::string refusalOf(std::ptrdiff_t tokens) {
    try {
        DeferredSemaphore semaphore(tokens);
        return "none";
    } catch (const UsageError& error) {
        return error.what();
    }
}

TEST_F(DeferredSemaphoreTest, lessThanOneTokenIsRefused) {
    EXPECT_THAT(refusalOf(0), HasSubstr("tokens >= 1"));
    EXPECT_THAT(refusalOf(-1), HasSubstr("tokens >= 1"));
    EXPECT_EQ(refusalOf(1), "none");
}

TEST_F(DeferredSemaphoreTest, tokensSaysHowManyAreFreeAndLimitHowManyThereAre) {
    DeferredSemaphore semaphore(3);
    EXPECT_EQ(semaphore.tokens(), 3);
    Held first = semaphore.tryAcquire();
    Ending<Held> second(semaphore.acquire());
    EXPECT_EQ(semaphore.tokens(), 1);
    EXPECT_EQ(semaphore.limit(), 3);
    first.release();
    second.drop();
    EXPECT_EQ(semaphore.tokens(), 3);
}

TEST_F(DeferredSemaphoreTest, asManyAsThereAreTokensGetOneAtOnceTheOthersInOrder) {
    DeferredSemaphore semaphore(2);
    std::vector<Ending<Held>> ends;
    for (int i = 0; i < 4; ++i) ends.emplace_back(semaphore.acquire());
    auto texts = [&] {
        Notes all;
        for (auto& each : ends) all.push_back(each.text());
        return all;
    };
    EXPECT_THAT(texts(), ElementsAre("value", "value", "waiting", "waiting"));
    ends[1].value().release();
    EXPECT_THAT(texts(), ElementsAre("value", "value", "value", "waiting"));
    ends[0].value().release();
    EXPECT_THAT(texts(), ElementsAre("value", "value", "value", "value"));
    EXPECT_EQ(semaphore.tokens(), 0);
}

TEST_F(DeferredSemaphoreTest, tokensThatComeBackWhileOneIsHandedOnServeThoseWhoWaitFirst) {
    DeferredSemaphore semaphore(2);
    Notes notes;
    Held first = semaphore.tryAcquire();
    Held second = semaphore.tryAcquire();
    semaphore.acquire().addCallback([&](Held held) {
        second.release();
        held.release();
        // One of the two is promised, the other is free for who comes now.
        notes.push_back(std::to_string(semaphore.tokens()));
        notes.push_back(semaphore.tryAcquire() ? "free" : "none");
    });
    semaphore.acquire().addCallback([&](Held) { notes.push_back("last"); });
    first.release();
    EXPECT_THAT(notes, ElementsAre("1", "free", "last"));
    EXPECT_EQ(semaphore.tokens(), 2);
}

TEST_F(DeferredSemaphoreTest, plainReleaseGivesBackAsManyAsWereDetached) {
    DeferredSemaphore semaphore(2);
    semaphore.tryAcquire().detach();
    semaphore.tryAcquire().detach();
    semaphore.release();
    EXPECT_EQ(semaphore.tokens(), 1);
    semaphore.release();
    EXPECT_EQ(semaphore.tokens(), semaphore.limit());
}

TEST_F(DeferredSemaphoreDeathTest, plainReleaseBeyondTheLimitEndsTheProcess) {
    DeferredSemaphore semaphore(2);
    semaphore.tryAcquire().detach();
    semaphore.release();
    EXPECT_EQ(semaphore.tokens(), 2);
    EXPECT_DEATH(semaphore.release(), "of which nobody but Helds");
}

}  // namespace
}  // namespace wring
