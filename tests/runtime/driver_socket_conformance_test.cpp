#include <wring/tests/support/driver_fixture.hpp>

#include <poll.h>
#include <sys/uio.h>

// What every driver does with sockets: one row per verb, success, short, error.

namespace wring {
namespace {

using testing::Ends;
using testing::Probe;
using testing::Room;
using DriverSocketTest = testing::DriverTest;

constexpr int noSuchDescriptor = 900;

TEST_P(DriverSocketTest, nopCompletesOnceWithZeroAndNotWithinSubmit) {
    Probe nop;
    nop.prepareNop();
    driver().submit(nop);
    EXPECT_TRUE(nop.results.empty());
    EXPECT_TRUE(nop.inFlight());
    ASSERT_TRUE(untilEnd(nop));
    settle();
    EXPECT_EQ(nop.results, std::vector<int>{0});
    EXPECT_FALSE(nop.inFlight());
}

TEST_P(DriverSocketTest, everyVerbTellsAClosedDescriptorAndNotWithinSubmit) {
    for (int fd : {-1, noSuchDescriptor}) {
        Room<8> room;
        msghdr message{};
        sockaddr_in address{};
        address.sin_family = AF_INET;
        using Prepare = std::function<void(Probe&)>;
        const std::vector<std::pair<const char*, Prepare>> verbs = {
            {"accept", [&](Probe& p) { p.prepareAccept(fd); }},
            {"acceptMulti", [&](Probe& p) { p.prepareAcceptMulti(fd); }},
            {"connect", [&](Probe& p) { p.prepareConnect(fd, &address, sizeof address); }},
            {"recv", [&](Probe& p) { p.prepareRecv(fd, room.bytes); }},
            {"recvMulti", [&](Probe& p) { p.prepareRecvMulti(fd); }},
            {"send", [&](Probe& p) { p.prepareSend(fd, asBytes("x")); }},
            {"sendmsg", [&](Probe& p) { p.prepareSendmsg(fd, message); }},
            {"recvmsg", [&](Probe& p) { p.prepareRecvmsg(fd, message); }},
            {"recvmsgMulti", [&](Probe& p) { p.prepareRecvmsgMulti(fd, message); }},
            {"shutdown", [&](Probe& p) { p.prepareShutdown(fd, SHUT_WR); }},
            {"close", [&](Probe& p) { p.prepareClose(fd); }},
            {"poll", [&](Probe& p) { p.preparePoll(fd, POLLIN); }},
            {"read", [&](Probe& p) { p.prepareRead(fd, room.bytes); }},
            {"write", [&](Probe& p) { p.prepareWrite(fd, asBytes("x")); }},
        };
        for (const auto& [name, prepare] : verbs) {
            Probe probe;
            prepare(probe);
            driver().submit(probe);
            EXPECT_TRUE(probe.results.empty()) << name;
            ASSERT_TRUE(untilEnd(probe)) << name;
            EXPECT_EQ(probe.results, std::vector<int>{-EBADF}) << name << " of " << fd;
        }
    }
}

TEST_P(DriverSocketTest, recvGivesWhatIsThereEvenIfItIsLess) {
    Ends ends = socketPair();
    Room<16> room;
    Probe recv;
    recv.prepareRecv(ends.near, room.bytes);
    driver().submit(recv);
    settle();
    EXPECT_FALSE(recv.hasEnded());
    put(ends.far, "hello");
    ASSERT_TRUE(untilEnd(recv));
    EXPECT_EQ(recv.results, std::vector<int>{5});
    EXPECT_EQ(room.text(5), "hello");
}

TEST_P(DriverSocketTest, recvGivesZeroOnceThePeerHasFinished) {
    Ends ends = tcpPair();
    finish(ends.far);
    Room<16> room;
    Probe recv;
    recv.prepareRecv(ends.near, room.bytes);
    driver().submit(recv);
    ASSERT_TRUE(untilEnd(recv));
    EXPECT_EQ(recv.results, std::vector<int>{0});
}

TEST_P(DriverSocketTest, recvTellsAReset) {
    Ends ends = tcpPair();
    Room<16> room;
    Probe recv;
    recv.prepareRecv(ends.near, room.bytes);
    driver().submit(recv);
    settle();
    reset(ends.far);
    ASSERT_TRUE(untilEnd(recv));
    EXPECT_EQ(recv.results, std::vector<int>{-ECONNRESET});
}

TEST_P(DriverSocketTest, recvMultiTellsAResetAndEnds) {
    Ends ends = tcpPair();
    Probe multi;
    multi.prepareRecvMulti(ends.near);
    driver().submit(multi);
    settle();
    reset(ends.far);
    ASSERT_TRUE(untilEnd(multi));
    EXPECT_EQ(multi.results, std::vector<int>{-ECONNRESET});
}

TEST_P(DriverSocketTest, operationsOnOneDescriptorAreServedInTheirOrder) {
    Ends ends = socketPair();
    std::vector<int> order;
    Room<4> rooms[3];
    Probe recvs[3];
    for (int i = 0; i < 3; ++i) {
        recvs[i].prepareRecv(ends.near, rooms[i].bytes);
        recvs[i].then = [&order, i](int) { order.push_back(i); };
    }
    // With the data already there: what waits in the kernel together has no order there.
    put(ends.far, "aaaabbbbcccc");
    for (Probe& recv : recvs) driver().submit(recv);
    ASSERT_TRUE(until([&] { return order.size() == 3; }));
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
    EXPECT_EQ(rooms[0].text(4), "aaaa");
    EXPECT_EQ(rooms[1].text(4), "bbbb");
    EXPECT_EQ(rooms[2].text(4), "cccc");
}

TEST_P(DriverSocketTest, sendWaitsForRoomAndMayBeShort) {
    Ends ends = socketPair();
    const std::size_t before = fill(ends.near);
    ASSERT_GT(before, 0u);
    const std::string block(1 << 20, 'y');
    Probe send;
    send.prepareSend(ends.near, asBytes(block));
    driver().submit(send);
    settle();
    EXPECT_FALSE(send.hasEnded());
    for (std::size_t got = 0; got < before;) got += take(ends.far, 65536).size();
    ASSERT_TRUE(untilEnd(send));
    EXPECT_GT(send.result(), 0);
    EXPECT_LT(send.result(), 1 << 20);
}

TEST_P(DriverSocketTest, sendToAPeerThatIsGoneGivesEpipeAndRaisesNoSignal) {
    for (bool asMessage : {false, true}) {
        Ends ends = socketPair();
        closeOwned(ends.far);
        iovec part{const_cast<char*>("x"), 1};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        Probe send;
        if (asMessage) {
            send.prepareSendmsg(ends.near, message);
        } else {
            send.prepareSend(ends.near, asBytes("x"));
        }
        driver().submit(send);
        ASSERT_TRUE(untilEnd(send));
        EXPECT_EQ(send.results, std::vector<int>{-EPIPE});
    }
}

TEST_P(DriverSocketTest, sendmsgGathersAndRecvmsgScatters) {
    Ends ends = socketPair();
    iovec out[2] = {{const_cast<char*>("hello "), 6}, {const_cast<char*>("world"), 5}};
    msghdr toSend{};
    toSend.msg_iov = out;
    toSend.msg_iovlen = 2;
    Room<4> first;
    Room<16> second;
    iovec in[2] = {{first.bytes, 4}, {second.bytes, 16}};
    msghdr toFill{};
    toFill.msg_iov = in;
    toFill.msg_iovlen = 2;
    Probe send, recv;
    recv.prepareRecvmsg(ends.far, toFill);
    send.prepareSendmsg(ends.near, toSend);
    driver().submit(recv);
    driver().submit(send);
    ASSERT_TRUE(until([&] { return send.hasEnded() && recv.hasEnded(); }));
    EXPECT_EQ(send.result(), 11);
    EXPECT_EQ(recv.result(), 11);
    EXPECT_EQ(first.text(4), "hell");
    EXPECT_EQ(second.text(7), "o world");
}

TEST_P(DriverSocketTest, connectGivesZeroWhenConnected) {
    int port = listener();
    const sockaddr_in address = addressOf(port);
    int fd = own(driver().openSocket(AF_INET, SOCK_STREAM, 0));
    Probe connect;
    connect.prepareConnect(fd, &address, sizeof address);
    driver().submit(connect);
    ASSERT_TRUE(untilEnd(connect));
    EXPECT_EQ(connect.results, std::vector<int>{0});
    sockaddr_in peer{};
    std::size_t bytes = sizeof peer;
    EXPECT_EQ(driver().getPeerName(fd, &peer, bytes), 0);
    EXPECT_EQ(peer.sin_port, address.sin_port);
}

TEST_P(DriverSocketTest, connectTellsARefusal) {
    const sockaddr_in address = addressOf(listener(0));
    int fd = own(driver().openSocket(AF_INET, SOCK_STREAM, 0));
    Probe connect;
    connect.prepareConnect(fd, &address, sizeof address);
    driver().submit(connect);
    ASSERT_TRUE(untilEnd(connect));
    EXPECT_EQ(connect.results, std::vector<int>{-ECONNREFUSED});
}

TEST_P(DriverSocketTest, acceptGivesOneDescriptor) {
    int port = listener();
    Probe accept;
    accept.prepareAccept(port);
    driver().submit(accept);
    settle();
    EXPECT_FALSE(accept.hasEnded());
    int far = dial(port);
    dial(port);
    ASSERT_TRUE(untilEnd(accept));
    settle();
    ASSERT_EQ(accept.results.size(), 1u);
    int near = own(accept.result());
    put(far, "hi");
    EXPECT_EQ(take(near), "hi");
}

TEST_P(DriverSocketTest, acceptMultiGivesABurstAndGoesOn) {
    int port = listener();
    Probe accept;
    accept.prepareAcceptMulti(port);
    driver().submit(accept);
    for (int i = 0; i < 40; ++i) dial(port);
    ASSERT_TRUE(until([&] { return accept.results.size() == 40; }));
    dial(port);
    ASSERT_TRUE(until([&] { return accept.results.size() == 41; }));
    EXPECT_FALSE(accept.hasEnded());
    for (int fd : accept.results) own(fd);
    driver().cancel(accept);
    ASSERT_TRUE(untilEnd(accept));
    EXPECT_EQ(accept.result(), -ECANCELED);
    EXPECT_EQ(accept.results.size(), 42u);
}

TEST_P(DriverSocketTest, acceptAtTheLimitOfDescriptorsEndsWithAnError) {
    for (bool isMulti : {false, true}) {
        int port = listener();
        int far = dial(port);
        Probe accept;
        isMulti ? accept.prepareAcceptMulti(port) : accept.prepareAccept(port);
        driver().wait(Duration::zero());
        world().setAtDescriptorLimit(true);
        driver().submit(accept);
        bool ended = untilEnd(accept);
        world().setAtDescriptorLimit(false);
        ASSERT_TRUE(ended);
        EXPECT_EQ(accept.results, std::vector<int>{-EMFILE});

        accept.prepareAccept(port);  // the connection is still there
        driver().submit(accept);
        ASSERT_TRUE(until([&] { return accept.ends == 2; }));
        put(own(accept.result()), "late");
        EXPECT_EQ(take(far), "late");
    }
}

TEST_P(DriverSocketTest, shutdownSendsTheEndOfTheStream) {
    Ends ends = tcpPair();
    Probe shutdown;
    shutdown.prepareShutdown(ends.near, SHUT_WR);
    driver().submit(shutdown);
    ASSERT_TRUE(untilEnd(shutdown));
    EXPECT_EQ(shutdown.results, std::vector<int>{0});
    Room<1> room;
    EXPECT_EQ(world().receive(ends.far, room.bytes), 0);
}

TEST_P(DriverSocketTest, shutdownOfWhatIsNotConnectedIsAnError) {
    Probe shutdown;
    shutdown.prepareShutdown(own(driver().openSocket(AF_INET, SOCK_STREAM, 0)), SHUT_WR);
    driver().submit(shutdown);
    ASSERT_TRUE(untilEnd(shutdown));
    EXPECT_EQ(shutdown.results, std::vector<int>{-ENOTCONN});
}

TEST_P(DriverSocketTest, closeFreesTheDescriptorAndIsCounted) {
    Ends ends = socketPair();
    const std::uint64_t before = driver().closedCount();
    Probe close;
    close.prepareClose(ends.near);
    driver().submit(close);
    ASSERT_TRUE(untilEnd(close));
    EXPECT_EQ(close.results, std::vector<int>{0});
    EXPECT_FALSE(world().isOpen(ends.near));
    disown(ends.near);
    EXPECT_EQ(driver().closedCount(), before + 1);
    EXPECT_EQ(driver().closeNow(noSuchDescriptor), -EBADF);
    EXPECT_EQ(driver().closedCount(), before + 1) << "nothing was closed";
    closeOwned(ends.far);
    EXPECT_EQ(driver().closedCount(), before + 2);
}

TEST_P(DriverSocketTest, aNumberThatIsUsedAgainBelongsToTheNewConnection) {
    for (int round = 0; round < 20; ++round) {
        Ends ends = socketPair();
        Probe multi;
        multi.prepareRecvMulti(ends.near);
        driver().submit(multi);
        put(ends.far, "a");
        ASSERT_TRUE(until([&] { return multi.data == "a"; })) << round;
        driver().cancel(multi);
        ASSERT_TRUE(untilEnd(multi));
        closeOwned(ends.near);
        closeOwned(ends.far);
    }
}

TEST_P(DriverSocketTest, theCallsThatAreDoneAtOnceGiveTheErrno) {
    EXPECT_EQ(driver().openSocket(-1, SOCK_STREAM, 0), -EAFNOSUPPORT);
    EXPECT_EQ(driver().listen(noSuchDescriptor, 1), -EBADF);
    EXPECT_EQ(driver().bind(noSuchDescriptor, nullptr, 0), -EBADF);
    EXPECT_EQ(driver().shutdownNow(noSuchDescriptor, SHUT_RD), -EBADF);
    int fd = listener();
    int value = 0;
    std::size_t bytes = sizeof value;
    EXPECT_EQ(driver().getOption(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, bytes), 0);
    EXPECT_EQ(value, 1);
    EXPECT_EQ(driver().setOption(fd, SOL_SOCKET, -1, &value, sizeof value), -ENOPROTOOPT);
    bytes = sizeof value;
    EXPECT_EQ(driver().getPeerName(fd, &value, bytes), -ENOTCONN);
}

INSTANTIATE_TEST_SUITE_P(Drivers, DriverSocketTest, ::testing::ValuesIn(testing::everyDriver()),
                         testing::nameOf);

}  // namespace
}  // namespace wring
