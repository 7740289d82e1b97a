#include <wring/runtime/ref.hpp>

#include <gtest/gtest.h>
#include <vector>

namespace wring {
namespace {

struct Base : RefCounted {
    explicit Base(int& alive) : alive_(alive) { ++alive_; }
    ~Base() override { --alive_; }
    int& alive_;
};
struct Derived : Base {
    using Base::Base;
    int value = 7;
};

struct RefTest : ::testing::Test {
    int alive = 0;
};

TEST_F(RefTest, theObjectDiesWithItsLastHandle) {
    auto first = makeRef<Base>(alive);
    EXPECT_EQ(first->useCount(), 1u);
    {
        Ref<Base> second = first;
        EXPECT_EQ(first->useCount(), 2u);
        EXPECT_EQ(first, second);
    }
    EXPECT_EQ(first->useCount(), 1u);
    EXPECT_EQ(alive, 1);
    first = nullptr;
    EXPECT_EQ(alive, 0);
    EXPECT_FALSE(first);
    EXPECT_EQ(first.get(), nullptr);
}

TEST_F(RefTest, movingDoesNotCount) {
    auto first = makeRef<Base>(alive);
    Ref<Base> second = std::move(first);
    EXPECT_FALSE(first);  // NOLINT: the state after a move is promised
    EXPECT_EQ(second->useCount(), 1u);
    Ref<Base>& self = second;
    second = self;
    EXPECT_EQ(second->useCount(), 1u);
    EXPECT_EQ(alive, 1);
}

TEST_F(RefTest, aHandleOfADerivedClassBecomesOneOfTheBase) {
    auto derived = makeRef<Derived>(alive);
    Ref<Base> base = derived;
    EXPECT_EQ(base.get(), derived.get());
    EXPECT_EQ(base->useCount(), 2u);
    derived = nullptr;
    EXPECT_EQ(alive, 1);
    base = makeRef<Derived>(alive);
    EXPECT_EQ(alive, 1);
    static_assert(!std::is_convertible_v<Ref<Base>, Ref<Derived>>);
}

TEST_F(RefTest, assignmentReleasesWhatWasHeld) {
    auto first = makeRef<Base>(alive), second = makeRef<Base>(alive);
    EXPECT_EQ(alive, 2);
    first = second;
    EXPECT_EQ(alive, 1);
    EXPECT_EQ(first, second);
}

TEST_F(RefTest, leakHandsTheCountOver) {
    auto handle = makeRef<Base>(alive);
    Ref<Base> other = handle;
    Base* object = other.leak();
    EXPECT_FALSE(other);
    EXPECT_EQ(object->useCount(), 2u);
    handle = nullptr;
    EXPECT_EQ(alive, 1) << "the count that was handed over keeps it";
    delete object;  // in place of a release by who took the count over
    EXPECT_EQ(alive, 0);
}

TEST_F(RefTest, handlesMaySitInContainers) {
    std::vector<Ref<Base>> handles(100, makeRef<Base>(alive));
    EXPECT_EQ(handles[0]->useCount(), 100u);
    handles.erase(handles.begin(), handles.begin() + 50);
    EXPECT_EQ(handles[0]->useCount(), 50u);
    handles.clear();
    EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace wring
