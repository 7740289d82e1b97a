#include <wring/tests/support/driver_fixture.hpp>

#include <poll.h>
#include <thread>

// read, write and poll on pipes, files and sockets.

namespace wring {
namespace {

using testing::Ends;
using testing::Probe;
using testing::Room;

class DriverFileTest : public testing::DriverTest {
 protected:
    /// A file that has no name any more.
    int file(std::string_view contents) {
        char name[] = "/tmp/wring_test_XXXXXX";
        int fd = own(::mkstemp(name));
        ::unlink(name);
        put(fd, contents);
        return fd;
    }
};

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
    char later[8];
    EXPECT_EQ(::read(pipe.near, later, sizeof later), 5);
}

TEST_P(DriverFileTest, writeGoesThroughAPipe) {
    Ends pipe = this->pipe();
    Probe write;
    write.prepareWrite(pipe.far, asBytes("through"));
    driver().submit(write);
    ASSERT_TRUE(untilEnd(write));
    EXPECT_EQ(write.results, std::vector<int>{7});
    char text[16];
    EXPECT_EQ(::read(pipe.near, text, sizeof text), 7);
    EXPECT_EQ(std::string_view(text, 7), "through");
}

// The pipe is one that blocks. Somebody else empties it, but only after a while: by then the
// driver has come back with what went in.
TEST_P(DriverFileTest, aWriteLargerThanThePipeDoesNotBlockTheDriver) {
    Ends pipe = this->pipe();
    Ends done = this->pipe();
    bool wasBlocked = false;
    std::thread drain([&] {
        pollfd finished{done.near, POLLIN, 0};
        wasBlocked = ::poll(&finished, 1, 1000) == 0;
        pollfd ready{pipe.near, POLLIN, 0};
        std::string block(1 << 20, '\0');
        while (::poll(&ready, 1, wasBlocked ? 100 : 0) > 0) {
            if (::read(pipe.near, block.data(), block.size()) <= 0) break;
        }
    });
    const std::string block(1 << 20, 'w');
    Probe write;
    write.prepareWrite(pipe.far, asBytes(block));
    driver().submit(write);
    settle();
    put(done.far, "d");
    drain.join();
    ASSERT_TRUE(untilEnd(write));
    EXPECT_FALSE(wasBlocked);
    EXPECT_GT(write.result(), 0);
    EXPECT_LT(write.result(), 1 << 20);
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
    char text[16];
    EXPECT_EQ(::pread(fd, text, sizeof text, 0), 10);
    EXPECT_EQ(std::string_view(text, 10), "01234567ab");
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
    char text[16];
    EXPECT_EQ(::pread(fd, text, sizeof text, 0), 6);
    EXPECT_EQ(std::string_view(text, 6), "onetwo");
}

TEST_P(DriverFileTest, writeToAFileOpenedForReadingIsAnError) {
    int fd = own(::open("/dev/null", O_RDONLY | O_CLOEXEC));
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

INSTANTIATE_TEST_SUITE_P(Drivers, DriverFileTest, ::testing::ValuesIn(testing::allDrivers()),
                         testing::nameOf);

}  // namespace
}  // namespace wring
