#include <wring/runtime/detail/operation_slots.hpp>

#include <gtest/gtest.h>
#include <array>
#include <memory>
#include <set>

namespace wring::detail {
namespace {

struct Asked : Operation {
    Asked() : Operation([](Operation&, Completion&) noexcept {}) {}
};

std::uint32_t takeOne(OperationSlots& slots, Operation& operation) {
    EXPECT_TRUE(slots.hasRoom());
    return slots.take(operation);
}

TEST(OperationSlots, findWhatWasGivenAnIdentityUntilItHasGone) {
    OperationSlots slots;
    Asked one, other;
    std::uint32_t slot = takeOne(slots, one), otherSlot = takeOne(slots, other);
    std::uint64_t identity = slots.identity(slot), otherIdentity = slots.identity(otherSlot);
    EXPECT_EQ(slots.find(identity), &one);
    EXPECT_EQ(slots.find(otherIdentity), &other);
    slots.free(slot);
    EXPECT_EQ(slots.find(identity), nullptr);
    EXPECT_EQ(slots.find(otherIdentity), &other);
}

TEST(OperationSlots, neverTakeALateIdentityForThatOfTheNextOneInTheSlot) {
    OperationSlots slots;
    Asked first, next;
    std::uint32_t slot = takeOne(slots, first);
    std::uint64_t late = slots.identity(slot);
    slots.free(slot);
    ASSERT_EQ(takeOne(slots, next), slot);
    EXPECT_NE(slots.identity(slot), late);
    EXPECT_EQ(slots.find(late), nullptr);
    EXPECT_EQ(slots.find(slots.identity(slot)), &next);
}

TEST(OperationSlots, giveAThousandIdentitiesAndAThousandOthersInTheSameSlots) {
    OperationSlots slots;
    std::array<Asked, 1000> asked;
    std::set<std::uint64_t> identities;
    std::set<std::uint32_t> numbers;
    for (int round = 0; round < 2; ++round) {
        std::array<std::uint32_t, 1000> taken;
        for (std::size_t i = 0; i < asked.size(); ++i) taken[i] = takeOne(slots, asked[i]);
        for (std::size_t i = 0; i < asked.size(); ++i) {
            EXPECT_EQ(slots.find(slots.identity(taken[i])), &asked[i]);
            EXPECT_EQ(slots.identity(taken[i]) >> 63, 0u) << "the highest bit is others'";
            identities.insert(slots.identity(taken[i]));
            numbers.insert(taken[i]);
        }
        for (std::uint32_t each : taken) slots.free(each);
    }
    EXPECT_EQ(identities.size(), 2000u);
    EXPECT_EQ(numbers.size(), 1000u);
}

TEST(OperationSlots, visitThoseThatAreThereAndNoneThatHasGone) {
    OperationSlots slots;
    std::array<Asked, 3> asked;
    auto gone = std::make_unique<Asked>();
    std::uint32_t slotOfGone = takeOne(slots, *gone);
    for (Asked& each : asked) takeOne(slots, each);
    slots.free(slotOfGone);
    gone.reset();
    std::set<Operation*> visited;
    slots.forEach([&](Operation& each) { visited.insert(&each); });
    EXPECT_EQ(visited, (std::set<Operation*>{&asked[0], &asked[1], &asked[2]}));
}

}  // namespace
}  // namespace wring::detail
