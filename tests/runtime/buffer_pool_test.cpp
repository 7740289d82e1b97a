#include <wring/runtime/detail/buffer_pool.hpp>

#include <wring/runtime/driver.hpp>

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
    void make(std::uint32_t initial, std::uint32_t limit) { makeAs({64, initial, limit, 64, 64}); }
    void makeAs(const BufferLayout& layout) {
        pool = new BufferPool(layout);
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

DriverOptions optionsFor(std::uint32_t initial, std::uint32_t most, std::uint32_t bytes) {
    DriverOptions options;
    options.buffersInitial = initial;
    options.buffersMax = most;
    options.bufferBytes = bytes;
    return options;
}

TEST(BufferLayoutTest, singleBuffersAreThoseAskedFor) {
    BufferLayout layout = BufferLayout::single(optionsFor(64, 1024, 8192));
    EXPECT_EQ(layout.bytes, 8192u);
    EXPECT_EQ(layout.initial, 64u);
    EXPECT_EQ(layout.limit, 1024u);
    EXPECT_EQ(layout.leastRoom, 8192u);
}

TEST(BufferLayoutTest, aLimitBelowTheStartIsTheStart) {
    EXPECT_EQ(BufferLayout::single(optionsFor(4, 2, 64)).limit, 4u);
    EXPECT_EQ(BufferLayout::joined(optionsFor(64, 2, 64), true).limit, 1u);
}

TEST(BufferLayoutTest, joinedBuffersHaveAsMuchMemory) {
    BufferLayout layout = BufferLayout::joined(optionsFor(64, 1024, 8192), true);
    EXPECT_EQ(layout.bytes, 524288u);
    EXPECT_EQ(layout.initial, 1u);
    EXPECT_EQ(layout.limit, 16u);
    EXPECT_EQ(layout.leastRoom, 8192u);
    EXPECT_EQ(layout.messageBytes, 8192u);
    EXPECT_EQ(BufferLayout::joined(optionsFor(64, 1024, 8192), false).leastRoom, 1u);
}

TEST(BufferLayoutTest, aHandfulIsNotJoined) {
    EXPECT_EQ(BufferLayout::joined(optionsFor(63, 1024, 64), true).bytes, 64u);
    EXPECT_EQ(BufferLayout::joined(optionsFor(64, 1024, 64), true).bytes, 4096u);
    EXPECT_EQ(BufferLayout::joined(optionsFor(64, 64, 1u << 24), true).bytes, 1u << 24);
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

TEST_F(BufferPoolTest, aJoinedBufferIsLentPieceByPiece) {
    makeAs({256, 2, 2, 64, 1});
    const std::uint32_t buffer = keeper.free.front();
    Bytes first = pool->lend(buffer, 100), second = pool->lend(buffer, 156);
    EXPECT_EQ(first.data(), pool->at(buffer));
    EXPECT_EQ(second.data(), pool->at(buffer) + 100);
    EXPECT_TRUE(pool->isFull(buffer));
    EXPECT_EQ(pool->lent(), 2u);
    EXPECT_EQ(pool->available(), 1u);
    EXPECT_EQ(keeper.free.size(), 2u);
    first = Bytes();
    EXPECT_EQ(keeper.free.size(), 2u) << "a piece of it is lent";
    EXPECT_EQ(pool->available(), 1u);
    second = Bytes();
    EXPECT_EQ(keeper.free.back(), buffer);
    EXPECT_EQ(pool->available(), 2u);
    EXPECT_EQ(pool->room(buffer).size(), 256u);
    pool->detach();
}

TEST_F(BufferPoolTest, whatTheKernelFillsIsNotRewound) {
    makeAs({256, 2, 2, 64, 1});
    pool->lend(0, 100);
    EXPECT_EQ(pool->lent(), 0u);
    EXPECT_EQ(pool->room(0).data(), pool->at(0) + 100);
    EXPECT_EQ(pool->available(), 2u);
    pool->detach();
}

TEST_F(BufferPoolTest, whatTheDriverFillsIsRewoundWhenNothingIsLent) {
    makeAs({256, 2, 2, 64, 64, true});
    Bytes first = pool->lend(0, 10);
    EXPECT_EQ(pool->room(0).data(), pool->at(0) + 64) << "each piece has lines of its own";
    Bytes second = pool->lend(0, 120);
    EXPECT_FALSE(pool->isFull(0));
    EXPECT_EQ(pool->room(0).size(), 64u);
    first = Bytes();
    EXPECT_EQ(pool->room(0).size(), 64u);
    second = Bytes();
    EXPECT_EQ(pool->room(0).size(), 256u);
    EXPECT_EQ(keeper.free.size(), 2u) << "it was never taken away";
    pool->detach();
}

TEST_F(BufferPoolTest, withLessThanTheLeastRoomLeftABufferIsFull) {
    makeAs({256, 2, 2, 64, 64, true});
    Bytes piece = pool->lend(0, 193);
    EXPECT_TRUE(pool->isFull(0));
    EXPECT_EQ(pool->available(), 1u);
    piece = Bytes();
    EXPECT_EQ(keeper.free.size(), 3u);
    EXPECT_EQ(keeper.free.back(), 0u);
    EXPECT_EQ(pool->available(), 2u);
    pool->detach();
}

TEST_F(BufferPoolTest, aPieceIsDearThatHoldsUpMuchMoreThanItIs) {
    makeAs({256, 2, 2, 64, 1});
    EXPECT_TRUE(pool->isDear(64));
    EXPECT_FALSE(pool->isDear(65));
    Bytes both[] = {pool->lend(0, 256), pool->lend(1, 256)};
    EXPECT_TRUE(pool->isDear(256)) << "they are scarce";
    both[0] = Bytes();
    both[1] = Bytes();
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
    EXPECT_DEATH(new BufferPool({64, 0, 4, 64, 64}), "1 to 32768 buffers");
    EXPECT_DEATH(new BufferPool({64, 1, 40000, 64, 64}), "1 to 32768 buffers");
}

}  // namespace
}  // namespace wring::detail
