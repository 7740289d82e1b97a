#include <wring/tests/support/driver_fixture.hpp>

#include <poll.h>

// read, write and poll on pipes, files and sockets.

namespace wring {
namespace {

using testing::Ends;
using testing::Probe;
using testing::Room;
using DriverFileTest = testing::DriverTest;

TEST_P(DriverFileTest, readWaitsForAPipe) {
    Ends pipe = this->pipe();
    Room<16> room;
    Probe read;
    read.prepareRead(pipe.near, room.bytes);
    driver().submit(read);
    settle();
    EXPECT_FALSE(read.hasEnded());
    put(pipe.far, "through");
    ASSERT_TRUE(untilEnd(read));
    EXPECT_EQ(read.results, std::vector<int>{7});
    EXPECT_EQ(room.text(7), "through");
}

TEST_P(DriverFileTest, readGivesZeroWhenThePipeHasNoWriter) {
    Ends pipe = this->pipe();
    Room<16> room;
    Probe read;
    read.prepareRead(pipe.near, room.bytes);
    driver().submit(read);
    settle();
    closeOwned(pipe.far);
    ASSERT_TRUE(untilEnd(read));
    EXPECT_EQ(read.results, std::vector<int>{0});
}

TEST_P(DriverFileTest, aReadThatIsCancelledEndsOnceAndTakesNothing) {
    Ends pipe = this->pipe();
    Room<16> room;
    Probe read;
    read.prepareRead(pipe.near, room.bytes);
    driver().submit(read);
    settle();
    driver().cancel(read);
    ASSERT_TRUE(untilEnd(read));
    EXPECT_EQ(read.results, std::vector<int>{-ECANCELED});
    put(pipe.far, "later");
    EXPECT_EQ(take(pipe.near), "later");
}

TEST_P(DriverFileTest, writeGoesThroughAPipe) {
    Ends pipe = this->pipe();
    Probe write;
    write.prepareWrite(pipe.far, asBytes("through"));
    driver().submit(write);
    ASSERT_TRUE(untilEnd(write));
    EXPECT_EQ(write.results, std::vector<int>{7});
    EXPECT_EQ(take(pipe.near), "through");
}

TEST_P(DriverFileTest, readAndWriteOfAFileUseTheOffset) {
    int fd = file("0123456789");
    Room<4> room;
    Probe read, write;
    read.prepareRead(fd, room.bytes, 3);
    driver().submit(read);
    ASSERT_TRUE(untilEnd(read));
    EXPECT_EQ(read.result(), 4);
    EXPECT_EQ(room.text(4), "3456");
    write.prepareWrite(fd, asBytes("ab"), 8);
    driver().submit(write);
    ASSERT_TRUE(untilEnd(write));
    EXPECT_EQ(write.result(), 2);
    EXPECT_EQ(world().contentsOf(fd), "01234567ab");
}

TEST_P(DriverFileTest, readOfAFileIsShortAtItsEndAndThenZero) {
    int fd = file("0123456789");
    Room<16> room;
    Probe read;
    read.prepareRead(fd, room.bytes, 6);
    driver().submit(read);
    ASSERT_TRUE(untilEnd(read));
    EXPECT_EQ(read.result(), 4);
    read.prepareRead(fd, room.bytes, 10);
    driver().submit(read);
    ASSERT_TRUE(until([&] { return read.ends == 2; }));
    EXPECT_EQ(read.result(), 0);
}

TEST_P(DriverFileTest, anOffsetOfMinusOneIsTheFilesOwnPosition) {
    int fd = file("");
    Probe write;
    for (const char* piece : {"one", "two"}) {
        write.prepareWrite(fd, asBytes(piece));
        driver().submit(write);
        ASSERT_TRUE(until([&] { return !write.inFlight(); }));
    }
    EXPECT_EQ(world().contentsOf(fd), "onetwo");
}

TEST_P(DriverFileTest, writeToAFileOpenedForReadingIsAnError) {
    int fd = own(world().readOnlyFile());
    Probe write;
    write.prepareWrite(fd, asBytes("x"), 0);
    driver().submit(write);
    ASSERT_TRUE(untilEnd(write));
    EXPECT_EQ(write.results, std::vector<int>{-EBADF});
}

TEST_P(DriverFileTest, pollGivesTheStateAtOnceOrWaitsForIt) {
    Ends ends = socketPair();
    Probe in, out;
    in.preparePoll(ends.near, POLLIN);
    out.preparePoll(ends.near, POLLOUT);
    driver().submit(in);
    driver().submit(out);
    ASSERT_TRUE(untilEnd(out));
    EXPECT_EQ(out.results, std::vector<int>{POLLOUT});
    settle();
    EXPECT_FALSE(in.hasEnded());
    put(ends.far, "x");
    ASSERT_TRUE(untilEnd(in));
    EXPECT_EQ(in.results, std::vector<int>{POLLIN});
}

TEST_P(DriverFileTest, pollTellsAHangUpThatWasNotAskedFor) {
    Ends ends = socketPair();
    Probe poll;
    poll.preparePoll(ends.near, POLLIN);
    driver().submit(poll);
    settle();
    closeOwned(ends.far);
    ASSERT_TRUE(untilEnd(poll));
    EXPECT_GT(poll.result(), 0);
    EXPECT_TRUE(poll.result() & POLLHUP);
}

TEST_P(DriverFileTest, pollForBothDirectionsEndsWithEither) {
    Ends ends = socketPair();
    fill(ends.near);
    Probe poll;
    poll.preparePoll(ends.near, POLLIN | POLLOUT);
    driver().submit(poll);
    settle();
    EXPECT_FALSE(poll.hasEnded());
    put(ends.far, "x");
    EXPECT_TRUE(untilEnd(poll));
    EXPECT_EQ(poll.result(), POLLIN);
    if (!poll.hasEnded()) driver().cancel(poll);
    ASSERT_TRUE(untilEnd(poll));
}

TEST_P(DriverFileTest, aPollForSomethingElseDoesNotHoldUpAReceiver) {
    Ends ends = socketPair();
    Room<8> room;
    Probe poll, recv;
    poll.preparePoll(ends.near, POLLPRI);
    recv.prepareRecv(ends.near, room.bytes);
    driver().submit(poll);
    driver().submit(recv);
    settle();
    put(ends.far, "x");
    EXPECT_TRUE(untilEnd(recv));
    EXPECT_EQ(recv.result(), 1);
    driver().cancel(poll);
    if (!recv.hasEnded()) driver().cancel(recv);
    ASSERT_TRUE(until([&] { return driver().stats().inFlight == 0; }));
    EXPECT_EQ(poll.results, std::vector<int>{-ECANCELED});
}

INSTANTIATE_TEST_SUITE_P(Drivers, DriverFileTest, ::testing::ValuesIn(testing::everyDriver()),
                         testing::nameOf);

}  // namespace
}  // namespace wring
