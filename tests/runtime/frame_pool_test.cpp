#include <wring/runtime/frame_pool.hpp>

#include <gtest/gtest.h>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

namespace wring::detail {
namespace {

TEST(FramePoolTest, blocksOfAllSizesAreUsableAlignedAndCounted) {
    const long before = poolBlocksInUse();
    std::vector<std::pair<void*, std::size_t>> blocks;
    for (std::size_t bytes :
         {std::size_t{0}, std::size_t{1}, std::size_t{31}, std::size_t{32}, std::size_t{33},
          std::size_t{1024}, std::size_t{1025}, std::size_t{4096}, poolBlockMax, poolBlockMax + 1,
          std::size_t{1} << 20}) {
        void* block = poolAllocate(bytes);
        ASSERT_NE(block, nullptr);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 16, 0u) << bytes;
        std::memset(block, 0xA5, bytes);
        blocks.emplace_back(block, bytes);
    }
    EXPECT_EQ(poolBlocksInUse(), before + static_cast<long>(blocks.size()));
    for (auto [block, bytes] : blocks) poolFree(block, bytes);
    EXPECT_EQ(poolBlocksInUse(), before);
}

TEST(FramePoolTest, everySizeUpToTheLargestClassKeepsItsContents) {
    for (std::size_t bytes = 1; bytes <= poolBlockMax; bytes += 97 + bytes / 64) {
        auto* a = static_cast<unsigned char*>(poolAllocate(bytes));
        auto* b = static_cast<unsigned char*>(poolAllocate(bytes));
        std::memset(a, 1, bytes);
        std::memset(b, 2, bytes);
        ASSERT_EQ(a[0] + a[bytes - 1], 2) << bytes;
        ASSERT_EQ(b[0] + b[bytes - 1], 4) << bytes;
        poolFree(a, bytes);
        poolFree(b, bytes);
    }
}

TEST(FramePoolTest, freeingNothingIsAllowed) {
    const long before = poolBlocksInUse();
    poolFree(nullptr, 64);
    EXPECT_EQ(poolBlocksInUse(), before);
}

TEST(FramePoolTest, aBlockMayBeFreedInAnotherThread) {
    void* block = poolAllocate(100);
    std::memset(block, 1, 100);
    long theirs = 0;
    std::thread([&] {
        poolFree(block, 100);
        theirs = poolBlocksInUse();
    }).join();
    EXPECT_EQ(theirs, -1) << "freed for another";
}

TEST(FramePoolTest, moreThanItKeepsGoesBackToTheHeap) {
    const long before = poolBlocksInUse();
    std::vector<void*> blocks;
    for (int i = 0; i < 200; ++i) blocks.push_back(poolAllocate(poolBlockMax));
    for (void* block : blocks) poolFree(block, poolBlockMax);
    EXPECT_EQ(poolBlocksInUse(), before);
}

struct Small : Pooled {
    explicit Small(bool fails) {
        if (fails) throw 1;
    }
    char text[40];
};

TEST(FramePoolTest, pooledObjectsGiveTheirBlockBackEvenWhenTheConstructorThrows) {
    const long before = poolBlocksInUse();
    auto* made = new Small(false);
    EXPECT_EQ(poolBlocksInUse(), before + 1);
    delete made;
    EXPECT_THROW(new Small(true), int);
    EXPECT_EQ(poolBlocksInUse(), before);
}

}  // namespace
}  // namespace wring::detail
