#include <wring/runtime/detail/buffer_pool.hpp>

#include <gtest/gtest.h>
#include <algorithm>
#include <set>

namespace wring::detail {
namespace {

/// Keeps the free buffers, as a driver does.
struct Keeper final : BufferPool::Owner {
    void bufferReturned(std::uint32_t buffer) noexcept override { free.push_back(buffer); }
    std::uint32_t take() {
        std::uint32_t buffer = free.back();
        free.pop_back();
        return buffer;
    }
    std::vector<std::uint32_t> free;
};

struct BufferPoolTest : ::testing::Test {
    void make(std::uint32_t initial, std::uint32_t limit) {
        pool = new BufferPool(64, initial, limit);
        pool->attach(keeper);
    }
    Keeper keeper;
    BufferPool* pool = nullptr;
};

TEST_F(BufferPoolTest, givesAllBuffersToItsOwner) {
    make(4, 16);
    EXPECT_EQ(keeper.free.size(), 4u);
    EXPECT_EQ(pool->size(), 4u);
    EXPECT_EQ(pool->limit(), 16u);
    EXPECT_EQ(pool->bufferBytes(), 64u);
    pool->detach();
}

TEST_F(BufferPoolTest, buffersDoNotOverlap) {
    make(3, 12);
    while (pool->grow()) {
    }
    std::vector<std::byte*> places;
    for (std::uint32_t i = 0; i < pool->size(); ++i) places.push_back(pool->at(i));
    std::sort(places.begin(), places.end());
    for (std::size_t i = 1; i < places.size(); ++i) EXPECT_GE(places[i] - places[i - 1], 64);
    EXPECT_EQ(pool->size(), 12u);
    pool->detach();
}

TEST_F(BufferPoolTest, growsByDoublingUpToTheLimit) {
    make(2, 16);
    std::vector<std::uint32_t> sizes;
    while (pool->grow()) sizes.push_back(pool->size());
    EXPECT_EQ(sizes, (std::vector<std::uint32_t>{4, 8, 16}));
    EXPECT_FALSE(pool->grow());
    EXPECT_EQ(keeper.free.size(), 16u);
    EXPECT_EQ(std::set<std::uint32_t>(keeper.free.begin(), keeper.free.end()).size(), 16u);
    pool->detach();
}

TEST_F(BufferPoolTest, placesStayWhenItGrows) {
    make(2, 1024);
    std::byte* first = pool->at(1);
    while (pool->grow()) {
    }
    EXPECT_EQ(pool->at(1), first);
    pool->detach();
}

TEST_F(BufferPoolTest, aLimitBelowTheStartIsTheStart) {
    make(4, 2);
    EXPECT_EQ(pool->limit(), 4u);
    EXPECT_FALSE(pool->grow());
    pool->detach();
}

TEST_F(BufferPoolTest, whatIsLentComesBackWhenItsBytesEnd) {
    make(2, 2);
    const std::uint32_t buffer = keeper.take();
    std::copy_n("hello", 5, reinterpret_cast<char*>(pool->at(buffer)));
    {
        Bytes bytes = pool->lend(buffer, 5);
        EXPECT_TRUE(bytes.isLent());
        EXPECT_EQ(bytes.text(), "hello");
        EXPECT_EQ(pool->lent(), 1u);
        EXPECT_EQ(keeper.free.size(), 1u);
        bytes.removePrefix(5);
        EXPECT_EQ(pool->lent(), 1u) << "an empty slice is still a slice";
    }
    EXPECT_EQ(pool->lent(), 0u);
    EXPECT_EQ(keeper.free.back(), buffer);
    pool->detach();
}

TEST_F(BufferPoolTest, isScarceWhenMoreThanHalfIsLent) {
    make(4, 4);
    Bytes a = pool->lend(keeper.take(), 1), b = pool->lend(keeper.take(), 1);
    EXPECT_FALSE(pool->isScarce());
    Bytes c = pool->lend(keeper.take(), 1);
    EXPECT_TRUE(pool->isScarce());
    c = Bytes();
    EXPECT_FALSE(pool->isScarce());
    a = Bytes();
    b = Bytes();
    pool->detach();
}

TEST_F(BufferPoolTest, bytesOutliveTheOwner) {
    make(2, 2);
    Bytes first = pool->lend(keeper.take(), 1), second = pool->lend(keeper.take(), 1);
    pool->detach();
    first = Bytes();
    EXPECT_EQ(second.size(), 1u);
    EXPECT_TRUE(keeper.free.empty()) << "the owner has gone and is told nothing";
}

TEST(BufferPoolDeathTest, aPoolHasBuffers) {
    EXPECT_DEATH(new BufferPool(64, 0, 4), "1 to 32768 buffers");
    EXPECT_DEATH(new BufferPool(64, 1, 40000), "1 to 32768 buffers");
}

}  // namespace
}  // namespace wring::detail
