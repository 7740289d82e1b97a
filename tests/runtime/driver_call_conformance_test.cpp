#include <wring/tests/support/driver_fixture.hpp>
#include <wring/tests/support/folder.hpp>

#include <netinet/tcp.h>
#include <sys/un.h>
#include <atomic>
#include <cstring>

// How connections come about and fail to, verbs on the wrong kind of descriptor, and the calls that
// are done at once.

namespace wring {
namespace {

using testing::Ends;
using testing::Folder;
using testing::Probe;
using testing::Room;

/// A name for a local socket that no file has and nobody else.
struct LocalName {
    sockaddr_un address{};
    std::size_t bytes = 0;
    explicit LocalName(bool isAbstract = true, const std::string& folder = "/nowhere") {
        static std::atomic<int> count = 0;
        std::string name = "wring-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
        name = isAbstract ? std::string(1, '\0') + name : folder + "/" + name;
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, name.data(), name.size());
        bytes = offsetof(sockaddr_un, sun_path) + name.size() + (isAbstract ? 0 : 1);
    }
};

/// What a case may use of the fixture.
class Kit : public testing::DriverWorldTest {
 public:
    using DriverWorldTest::addressOf;
    using DriverWorldTest::closeOwned;
    using DriverWorldTest::dial;
    using DriverWorldTest::driver;
    using DriverWorldTest::file;
    using DriverWorldTest::finish;
    using DriverWorldTest::listener;
    using DriverWorldTest::loopback;
    using DriverWorldTest::own;
    using DriverWorldTest::pipe;
    using DriverWorldTest::put;
    using DriverWorldTest::reset;
    using DriverWorldTest::resultOf;
    using DriverWorldTest::socket;
    using DriverWorldTest::socketPair;
    using DriverWorldTest::take;
    using DriverWorldTest::tcpPair;

    int connect(int fd, const void* address, std::size_t bytes) {
        Probe probe;
        probe.prepareConnect(fd, address, bytes);
        return resultOf(probe);
    }
    int connectTo(int fd, int listener) {
        const sockaddr_in address = addressOf(listener);
        return connect(fd, &address, sizeof address);
    }
    int connectTo(int fd, const LocalName& name) { return connect(fd, &name.address, name.bytes); }
    int localListener(const LocalName& name, int backlog = 8) {
        int fd = socket(AF_UNIX);
        EXPECT_EQ(driver().bind(fd, &name.address, name.bytes), 0);
        EXPECT_EQ(backlog > 0 ? driver().listen(fd, backlog) : 0, 0);
        return fd;
    }
    int bind(int fd, const sockaddr_in& address) {
        return driver().bind(fd, &address, sizeof address);
    }
    int set(int fd, int level, int option, int value) {
        return driver().setOption(fd, level, option, &value, sizeof value);
    }
    /// The value, or a negative errno.
    int get(int fd, int level, int option) {
        int value = 0;
        std::size_t bytes = sizeof value;
        int outcome = driver().getOption(fd, level, option, &value, bytes);
        return outcome < 0 ? outcome : value;
    }
    int acceptOne(int listener) {
        Probe probe;
        probe.prepareAccept(listener);
        return own(resultOf(probe));
    }
};

/// Something that is done, and what it gives.
struct Call {
    const char* name;
    int expected;
    int (*make)(Kit& kit);
};

void PrintTo(const Call& call, std::ostream* out) { *out << call.name; }

const std::vector<Call> connects = {
    {"toAListener", 0, [](Kit& k) { return k.connectTo(k.socket(), k.listener()); }},
    {"toABoundSocket", -ECONNREFUSED,
     [](Kit& k) { return k.connectTo(k.socket(), k.listener(0)); }},
    {"toAClosedListener", -ECONNREFUSED,
     [](Kit& k) {
         int port = k.listener();
         const sockaddr_in address = k.addressOf(port);
         k.closeOwned(port);
         return k.connect(k.socket(), &address, sizeof address);
     }},
    {"toAListenerThatWasShut", -ECONNREFUSED,
     [](Kit& k) {
         int port = k.listener();
         EXPECT_EQ(k.driver().shutdownNow(port, SHUT_RD), 0);
         return k.connectTo(k.socket(), port);
     }},
    {"afterARefusal", 0,
     [](Kit& k) {
         int fd = k.socket();
         EXPECT_EQ(k.connectTo(fd, k.listener(0)), -ECONNREFUSED);
         return k.connectTo(fd, k.listener());
     }},
    {"afterTwoRefusals", -ECONNREFUSED,
     [](Kit& k) {
         int fd = k.socket(), port = k.listener(0);
         EXPECT_EQ(k.connectTo(fd, port), -ECONNREFUSED);
         EXPECT_EQ(k.connectTo(fd, port), -ECONNREFUSED);
         return k.connectTo(fd, port);
     }},
    {"again", -EISCONN,
     [](Kit& k) {
         int fd = k.socket(), port = k.listener();
         EXPECT_EQ(k.connectTo(fd, port), 0);
         return k.connectTo(fd, port);
     }},
    {"ofAListener", -EISCONN, [](Kit& k) { return k.connectTo(k.listener(), k.listener()); }},
    {"ofABoundSocket", 0, [](Kit& k) { return k.connectTo(k.listener(0), k.listener()); }},
    {"toTheAnyAddress", 0,
     [](Kit& k) {
         sockaddr_in address = k.addressOf(k.listener());
         address.sin_addr.s_addr = INADDR_ANY;
         return k.connect(k.socket(), &address, sizeof address);
     }},
    {"withAShortAddress", -EINVAL,
     [](Kit& k) {
         const sockaddr_in address = k.loopback();
         return k.connect(k.socket(), &address, 4);
     }},
    {"withAnAddressOfAnotherFamily", -EAFNOSUPPORT,
     [](Kit& k) {
         sockaddr_in6 address{};
         address.sin6_family = AF_INET6;
         return k.connect(k.socket(), &address, sizeof address);
     }},
    {"toALocalListener", 0,
     [](Kit& k) {
         LocalName name;
         k.localListener(name);
         return k.connectTo(k.socket(AF_UNIX), name);
     }},
    {"toALocalNameThatNobodyHas", -ECONNREFUSED,
     [](Kit& k) { return k.connectTo(k.socket(AF_UNIX), LocalName()); }},
    {"toAPathThatDoesNotExist", -ENOENT,
     [](Kit& k) { return k.connectTo(k.socket(AF_UNIX), LocalName(false)); }},
    {"toAPathWithAListener", 0,
     [](Kit& k) {
         Folder folder;
         LocalName name(false, folder.path());
         k.localListener(name);
         return k.connectTo(k.socket(AF_UNIX), name);
     }},
    {"toAPathWhoseListenerIsGone", -ECONNREFUSED,
     [](Kit& k) {
         Folder folder;
         LocalName name(false, folder.path());
         k.closeOwned(k.localListener(name));
         return k.connectTo(k.socket(AF_UNIX), name);
     }},
    {"toALocalSocketThatDoesNotListen", -ECONNREFUSED,
     [](Kit& k) {
         LocalName name;
         k.localListener(name, 0);
         return k.connectTo(k.socket(AF_UNIX), name);
     }},
    {"ofALocalSocketAgain", -EISCONN,
     [](Kit& k) {
         LocalName name;
         int fd = k.socket(AF_UNIX);
         k.localListener(name);
         EXPECT_EQ(k.connectTo(fd, name), 0);
         return k.connectTo(fd, name);
     }},
};

const std::vector<Call> accepts = {
    {"ofOneThatHasSent", 4,
     [](Kit& k) {
         int port = k.listener();
         k.put(k.dial(port), "data");
         int fd = k.acceptOne(port);
         Room<8> room;
         Probe recv;
         recv.prepareRecv(fd, room.bytes);
         return k.resultOf(recv);
     }},
    {"ofOneThatHasFinished", 0,
     [](Kit& k) {
         int port = k.listener();
         k.finish(k.dial(port));
         Room<8> room;
         Probe recv;
         recv.prepareRecv(k.acceptOne(port), room.bytes);
         return k.resultOf(recv);
     }},
    {"ofOneThatHasSentAndClosed", 0,
     [](Kit& k) {
         int port = k.listener(), far = k.dial(port);
         k.put(far, "data");
         k.closeOwned(far);
         Probe recv;
         recv.prepareRecvMulti(k.acceptOne(port));
         int end = k.resultOf(recv);
         EXPECT_EQ(recv.data, "data");
         return end;
     }},
    {"ofOneThatWasReset", -ECONNRESET,
     [](Kit& k) {
         int port = k.listener();
         k.reset(k.dial(port));
         Room<8> room;
         Probe recv;
         recv.prepareRecv(k.acceptOne(port), room.bytes);
         return k.resultOf(recv);
     }},
    {"ofOneThatHasSentAndWasReset", -ECONNRESET,
     [](Kit& k) {
         int port = k.listener(), far = k.dial(port);
         k.put(far, "data");
         k.reset(far);
         Probe recv;
         recv.prepareRecvMulti(k.acceptOne(port));
         int end = k.resultOf(recv);
         EXPECT_EQ(recv.data, "data");
         return end;
     }},
    {"givesThePeersName", 0,
     [](Kit& k) {
         int port = k.listener(), far = k.dial(port), near = k.acceptOne(port);
         sockaddr_in peer{};
         std::size_t bytes = sizeof peer;
         int outcome = k.driver().getPeerName(near, &peer, bytes);
         EXPECT_EQ(peer.sin_port, k.addressOf(far).sin_port);
         EXPECT_EQ(k.addressOf(near).sin_port, k.addressOf(port).sin_port);
         return outcome;
     }},
    {"inTheOrderOfConnecting", 0,
     [](Kit& k) {
         int port = k.listener();
         std::string order;
         for (const char* each : {"a", "b", "c"}) k.put(k.dial(port), each);
         for (int i = 0; i < 3; ++i) order += k.take(k.acceptOne(port));
         return order.compare("abc");
     }},
    {"whenTheListenerIsClosedResetsTheOthers", -ECONNRESET,
     [](Kit& k) {
         int port = k.listener(), fd = k.socket();
         EXPECT_EQ(k.connectTo(fd, port), 0);
         k.closeOwned(port);
         Room<8> room;
         Probe recv;
         recv.prepareRecv(fd, room.bytes);
         return k.resultOf(recv);
     }},
    {"ofALocalOne", 4,
     [](Kit& k) {
         LocalName name;
         int port = k.localListener(name), far = k.socket(AF_UNIX);
         EXPECT_EQ(k.connectTo(far, name), 0);
         k.put(far, "data");
         return static_cast<int>(k.take(k.acceptOne(port)).size());
     }},
};

template <class Prepare>
int onAPipe(Kit& k, Prepare prepare) {
    Ends ends = k.pipe();
    k.put(ends.far, "data");
    Probe probe;
    prepare(probe, ends.near);
    return k.resultOf(probe);
}

const std::vector<Call> wrongDescriptors = {
    {"acceptOnAFreshSocket", -EINVAL,
     [](Kit& k) {
         Probe probe;
         probe.prepareAccept(k.socket());
         return k.resultOf(probe);
     }},
    {"acceptMultiOnAFreshSocket", -EINVAL,
     [](Kit& k) {
         Probe probe;
         probe.prepareAcceptMulti(k.socket());
         return k.resultOf(probe);
     }},
    {"acceptOnALocalConnection", -EINVAL,
     [](Kit& k) {
         Ends ends = k.socketPair();
         k.put(ends.far, "x");
         Probe probe;
         probe.prepareAccept(ends.near);
         return k.resultOf(probe);
     }},
    {"acceptOnAConnection", -EINVAL,
     [](Kit& k) {
         Ends ends = k.tcpPair();
         k.put(ends.far, "x");
         Probe probe;
         probe.prepareAccept(ends.near);
         return k.resultOf(probe);
     }},
    {"acceptOnAPipe", -ENOTSOCK,
     [](Kit& k) { return onAPipe(k, [](Probe& probe, int fd) { probe.prepareAccept(fd); }); }},
    {"recvMultiOnAPipe", -ENOTSOCK,
     [](Kit& k) { return onAPipe(k, [](Probe& probe, int fd) { probe.prepareRecvMulti(fd); }); }},
    {"recvOnAPipe", -ENOTSOCK,
     [](Kit& k) {
         Room<8> room;
         return onAPipe(k, [&](Probe& probe, int fd) { probe.prepareRecv(fd, room.bytes); });
     }},
    {"sendOnAPipe", -ENOTSOCK,
     [](Kit& k) {
         return onAPipe(k, [](Probe& probe, int fd) { probe.prepareSend(fd, asBytes("x")); });
     }},
    {"shutdownOfAPipe", -ENOTSOCK,
     [](Kit& k) {
         return onAPipe(k, [](Probe& probe, int fd) { probe.prepareShutdown(fd, SHUT_WR); });
     }},
    {"connectOfAPipe", -ENOTSOCK,
     [](Kit& k) {
         const sockaddr_in address = k.loopback(9);
         return onAPipe(
             k, [&](Probe& probe, int fd) { probe.prepareConnect(fd, &address, sizeof address); });
     }},
    {"recvOnAFile", -ENOTSOCK,
     [](Kit& k) {
         Room<8> room;
         Probe probe;
         probe.prepareRecv(k.file("contents"), room.bytes);
         return k.resultOf(probe);
     }},
};

const std::vector<Call> immediateCalls = {
    {"bindTwice", -EINVAL, [](Kit& k) { return k.bind(k.listener(0), k.loopback()); }},
    {"bindToATakenPort", -EADDRINUSE,
     [](Kit& k) { return k.bind(k.socket(), k.addressOf(k.listener())); }},
    {"bindToTheAnyAddressOfATakenPort", -EADDRINUSE,
     [](Kit& k) {
         sockaddr_in address = k.addressOf(k.listener());
         address.sin_addr.s_addr = INADDR_ANY;
         return k.bind(k.socket(), address);
     }},
    {"bindToAPortThatIsFreeAgain", 0,
     [](Kit& k) {
         int first = k.listener();
         const sockaddr_in address = k.addressOf(first);
         k.closeOwned(first);
         return k.bind(k.socket(), address);
     }},
    {"bindToAnAddressThatIsNotOurs", -EADDRNOTAVAIL,
     [](Kit& k) {
         sockaddr_in address = k.loopback();
         address.sin_addr.s_addr = ::htonl(0xC0000201);
         return k.bind(k.socket(), address);
     }},
    {"bindWithAShortAddress", -EINVAL,
     [](Kit& k) {
         const sockaddr_in address = k.loopback();
         return k.driver().bind(k.socket(), &address, 4);
     }},
    {"bindToALocalNameTwice", -EADDRINUSE,
     [](Kit& k) {
         LocalName name;
         k.localListener(name);
         return k.driver().bind(k.socket(AF_UNIX), &name.address, name.bytes);
     }},
    {"bindToAPathThatIsTaken", -EADDRINUSE,
     [](Kit& k) {
         Folder folder;
         LocalName name(false, folder.path());
         k.closeOwned(k.localListener(name));
         return k.driver().bind(k.socket(AF_UNIX), &name.address, name.bytes);
     }},
    {"bindToAPathInNoFolder", -ENOENT,
     [](Kit& k) {
         LocalName name(false);
         return k.driver().bind(k.socket(AF_UNIX), &name.address, name.bytes);
     }},
    {"bindAPipe", -ENOTSOCK, [](Kit& k) { return k.bind(k.pipe().near, k.loopback()); }},
    {"listenTwice", 0, [](Kit& k) { return k.driver().listen(k.listener(), 9); }},
    {"listenUnbound", 0,
     [](Kit& k) {
         int fd = k.socket();
         int outcome = k.driver().listen(fd, 1);
         EXPECT_NE(k.addressOf(fd).sin_port, 0);
         return outcome;
     }},
    {"listenOnAConnection", -EINVAL, [](Kit& k) { return k.driver().listen(k.tcpPair().near, 1); }},
    {"listenOnAPipe", -ENOTSOCK, [](Kit& k) { return k.driver().listen(k.pipe().near, 1); }},
    {"listenOnALocalSocketWithoutAName", -EINVAL,
     [](Kit& k) { return k.driver().listen(k.socket(AF_UNIX), 1); }},
    {"nameOfAPipe", -ENOTSOCK,
     [](Kit& k) {
         sockaddr_in address{};
         std::size_t bytes = sizeof address;
         return k.driver().getSocketName(k.pipe().near, &address, bytes);
     }},
    {"typeOfASocket", SOCK_STREAM, [](Kit& k) { return k.get(k.socket(), SOL_SOCKET, SO_TYPE); }},
    {"errorOfASocketThatHasNone", 0,
     [](Kit& k) { return k.get(k.tcpPair().near, SOL_SOCKET, SO_ERROR); }},
    {"acceptsConnections", 0, [](Kit& k) { return k.get(k.socket(), SOL_SOCKET, SO_ACCEPTCONN); }},
    {"delayIsOff", 1,
     [](Kit& k) {
         int fd = k.socket();
         EXPECT_EQ(k.set(fd, IPPROTO_TCP, TCP_NODELAY, 1), 0);
         return k.get(fd, IPPROTO_TCP, TCP_NODELAY);
     }},
    {"delayOfALocalSocket", -EOPNOTSUPP,
     [](Kit& k) { return k.set(k.socket(AF_UNIX), IPPROTO_TCP, TCP_NODELAY, 1); }},
    {"sendBufferIsDoubled", 65536,
     [](Kit& k) {
         int fd = k.socket();
         EXPECT_EQ(k.set(fd, SOL_SOCKET, SO_SNDBUF, 32768), 0);
         return k.get(fd, SOL_SOCKET, SO_SNDBUF);
     }},
    {"optionOfAPipe", -ENOTSOCK,
     [](Kit& k) { return k.set(k.pipe().near, SOL_SOCKET, SO_SNDBUF, 32768); }},
    {"shutdownOfAListenerForSending", 0,
     [](Kit& k) { return k.driver().shutdownNow(k.listener(), SHUT_WR); }},
    {"shutdownAfterShutdown", 0,
     [](Kit& k) {
         Ends ends = k.tcpPair();
         k.finish(ends.near);
         return k.driver().shutdownNow(ends.near, SHUT_WR);
     }},
    {"shutdownInAWayThatThereIsNot", -EINVAL,
     [](Kit& k) { return k.driver().shutdownNow(k.tcpPair().near, 3); }},
    {"closeTwice", -EBADF,
     [](Kit& k) {
         int fd = k.socket();
         k.closeOwned(fd);
         return k.driver().closeNow(fd);
     }},
    {"streamsOfAProtocolForDatagrams", -EPROTONOSUPPORT,
     [](Kit& k) { return k.driver().openSocket(AF_INET, SOCK_STREAM, IPPROTO_UDP); }},
};

class DriverCallTest
    : public Kit,
      public ::testing::WithParamInterface<std::tuple<testing::DriverSetup, Call>> {
 public:
    static std::string nameOf(
        const ::testing::TestParamInfo<std::tuple<testing::DriverSetup, Call>>& info) {
        return std::get<0>(info.param).name + "_" + std::get<1>(info.param).name;
    }

 protected:
    const testing::DriverSetup& setup() const override { return std::get<0>(GetParam()); }
};

TEST_P(DriverCallTest, givesWhatItShould) {
    const Call& call = std::get<1>(GetParam());
    EXPECT_EQ(call.make(*this), call.expected);
}

const auto everyDriver = ::testing::ValuesIn(testing::everyDriver());

INSTANTIATE_TEST_SUITE_P(Connect, DriverCallTest,
                         ::testing::Combine(everyDriver, ::testing::ValuesIn(connects)),
                         DriverCallTest::nameOf);
INSTANTIATE_TEST_SUITE_P(Accept, DriverCallTest,
                         ::testing::Combine(everyDriver, ::testing::ValuesIn(accepts)),
                         DriverCallTest::nameOf);
INSTANTIATE_TEST_SUITE_P(WrongDescriptor, DriverCallTest,
                         ::testing::Combine(everyDriver, ::testing::ValuesIn(wrongDescriptors)),
                         DriverCallTest::nameOf);
INSTANTIATE_TEST_SUITE_P(AtOnce, DriverCallTest,
                         ::testing::Combine(everyDriver, ::testing::ValuesIn(immediateCalls)),
                         DriverCallTest::nameOf);

}  // namespace
}  // namespace wring
