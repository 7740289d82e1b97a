#include <wring/endpoints/adopted_endpoint.hpp>

#include <wring/tests/endpoints/endpoint_strings.hpp>
#include <wring/tests/support/folder.hpp>
#include <wring/tests/support/streams.hpp>

#include <fcntl.h>
#include <cstdlib>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using AdoptedEndpointTest = ReactorTest;

Task<> echo(Stream peer) {
    while (Bytes chunk = co_await peer.read()) co_await peer.write(std::move(chunk));
}

/// A duplicate of the listening descriptor, to be given away.
int copyOf(int fd) { return ::fcntl(fd, F_DUPFD_CLOEXEC, 0); }

Deferred<Ref<IListeningPort>> adopt(Reactor& reactor, int fd,
                                    AddressFamily family = AddressFamily::none) {
    return makeRef<AdoptedStreamServerEndpoint>(reactor, fd, family)->listen(serve(echo));
}

Task<> expectServed(Reactor& reactor, const Address* where) {
    Peer client = connectPeer(*where);
    client.send("anybody?");
    EXPECT_EQ(co_await receiveText(reactor, &client, 8), "anybody?");
}

TEST_P(AdoptedEndpointTest, servesOnADescriptorThatIsTakenOver) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        Address where = listener.address();
        int given = copyOf(listener.fd());
        auto port = co_await adopt(reactor, given, AddressFamily::ipv4);
        EXPECT_EQ(::fcntl(given, F_GETFD), -1) << "the original is closed";
        EXPECT_EQ(port->getHost(), where);
        co_await expectServed(reactor, &where);
        co_await port->drain(10s);
    });
}

TEST_P(AdoptedEndpointTest, servesWhateverModeTheDescriptorIsIn) {
    run([](Reactor& reactor) -> Task<> {
        for (int mode : {0, O_NONBLOCK}) {
            PlainListener listener;
            Address where = listener.address();
            ::fcntl(listener.fd(), F_SETFL, mode);
            auto port = co_await adopt(reactor, copyOf(listener.fd()));
            co_await turns(reactor);
            co_await expectServed(reactor, &where);
            co_await expectServed(reactor, &where);
            co_await port->drain(10s);
        }
    });
}

TEST_P(AdoptedEndpointTest, stoppingLeavesTheSocketToThoseWhoShareIt) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        auto port = co_await adopt(reactor, copyOf(listener.fd()));
        co_await port->stopListening();
        Peer client = connectPeer(listener.address());
        EXPECT_NE(client.fd(), -1);
        Peer taken = listener.accept();
        client.send("for you");
        EXPECT_EQ(taken.receive(), "for you");
    });
}

TEST_P(AdoptedEndpointTest, aStoppedPortCannotListenAgain) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        auto port = co_await adopt(reactor, copyOf(listener.fd()));
        co_await port->stopListening();
        EXPECT_THROW(port->startListening(), AlreadyListened);
        EXPECT_TRUE(port->stopped().isSet());
    });
}

TEST_P(AdoptedEndpointTest, theSecondListenFailsAlsoAfterAFailedFirst) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        auto endpoint = makeRef<AdoptedStreamServerEndpoint>(reactor, copyOf(listener.fd()),
                                                             AddressFamily::ipv4);
        auto port = co_await endpoint->listen(serve(echo));
        auto again = co_await outcome(endpoint->listen(serve(echo)));
        EXPECT_TRUE(!again && again.error().check<AlreadyListened>());
        co_await port->stopListening();

        auto wrong =
            makeRef<AdoptedStreamServerEndpoint>(reactor, listener.fd(), AddressFamily::ipv6);
        auto first = co_await outcome(wrong->listen(serve(echo)));
        EXPECT_TRUE(!first && first.error().check<CannotListenError>());
        auto second = co_await outcome(wrong->listen(serve(echo)));
        EXPECT_TRUE(!second && second.error().check<AlreadyListened>());
    });
}

struct Refused {
    int fd;
    AddressFamily family;
    std::string text;
};

TEST_P(AdoptedEndpointTest, whatCannotBeListenedOnIsRefusedByNameAndStaysOpen) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        Peer unbound(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        Peer datagrams(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        Peer netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
        Peer file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        auto name = [](int fd) { return "fd " + std::to_string(fd); };
        std::vector<Refused> all = {
            {listener.fd(), AddressFamily::ipv6,
             name(listener.fd()) + " is AF_INET, endpoint wants AF_INET6"},
            {listener.fd(), AddressFamily::unixSocket, "endpoint wants AF_UNIX"},
            {unbound.fd(), AddressFamily::ipv4, "not a listening socket"},
            {datagrams.fd(), AddressFamily::none, "is not a stream socket"},
            {netlink.fd(), AddressFamily::none, "Address family is not supported"},
            {file.fd(), AddressFamily::none, "[Errno 88]"}};
        for (const Refused& each : all) {
            auto port = co_await outcome(adopt(reactor, each.fd, each.family));
            EXPECT_FALSE(port);
            std::string text = port ? "" : port.error().getErrorMessage();
            EXPECT_NE(text.find(each.text), std::string::npos) << text;
            EXPECT_NE(::fcntl(each.fd, F_GETFD), -1);
        }
        auto closed = co_await outcome(adopt(reactor, 1 << 20));
        EXPECT_TRUE(!closed && closed.error().number() == EBADF);
    });
}

TEST_P(AdoptedEndpointTest, anEndpointStringNamesADescriptor) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        Address where = listener.address();
        for (std::string rest : {"", ":INET", ":domain=INET"}) {
            std::string text = "fd:" + std::to_string(copyOf(listener.fd())) + rest;
            auto port = co_await serverFromString(reactor, text)->listen(serve(echo));
            co_await expectServed(reactor, &where);
            co_await port->drain(10s);
        }
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, AdoptedEndpointTest, ::testing::ValuesIn(bothDrivers()), nameOf);

/// Hands this process three descriptors, as systemd would, before anything looks for them.
class Activated final : public ::testing::Environment {
 public:
    void SetUp() override {
        hand(listener.fd(), 3);
        hand(::socket(AF_UNIX, SOCK_STREAM, 0), 4);
        hand(listener.fd(), 5);
        ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
        ::setenv("LISTEN_FDS", "3", 1);
        ::setenv("LISTEN_FDNAMES", "web:twice:twice", 1);
    }
    static void hand(int from, int to) { EXPECT_EQ(::dup2(from, to), to); }
    PlainListener listener{4};
};

[[maybe_unused]] const auto* const activated = ::testing::AddGlobalTestEnvironment(new Activated);

using SystemdStringTest = EndpointStringTest;

TEST_F(SystemdStringTest, indexAndNameFindADescriptor) {
    for (const char* text : {"systemd:domain=INET:index=0", "systemd:INET:0",
                             "systemd:domain=UNIX:index=1", "systemd:domain=INET6:index=2",
                             "systemd:domain=INET:name=web", "SYSTEMD:INET:name=web"}) {
        EXPECT_EQ(server(text), "accepted") << text;
    }
    EXPECT_EQ(::getenv("LISTEN_FDS"), nullptr);
}

TEST_F(SystemdStringTest, whatFindsNoneIsNamed) {
    struct Bad {
        const char* text;
        const char* complaint;
    };
    for (Bad each : {Bad{"systemd", "missing domain"}, Bad{"systemd:domain=", "domain is empty"},
                     Bad{"systemd:domain=inet:index=0", "'inet' is none of INET, INET6, UNIX"},
                     Bad{"systemd:domain=INET", "exactly one of index or name"},
                     Bad{"systemd:INET:0:web", "exactly one of index or name"},
                     Bad{"systemd:domain=INET:index=3", "index 3 out of 0..2"},
                     Bad{"systemd:domain=INET:index=-1", "index -1 out of 0.."},
                     Bad{"systemd:domain=INET:index=x", "'x' is not a decimal number"},
                     Bad{"systemd:domain=INET:name=mail", "'mail' is no inherited descriptor's"},
                     Bad{"systemd:domain=INET:name=twice", "is several descriptors': use index"},
                     Bad{"fd", "missing descriptor"}, Bad{"fd:", "descriptor is empty"},
                     Bad{"fd:-1", "descriptor -1 out of 0.."}, Bad{"fd:x", "not a decimal number"},
                     Bad{"fd:3:domain=X", "'X' is none of"}, Bad{"fd:3:INET:4", "too many"}}) {
        EXPECT_PRED2(has, server(each.text), each.complaint) << each.text;
    }
    EXPECT_PRED2(has, client("systemd:domain=INET:index=0"), "unknown endpoint type");
}

}  // namespace
}  // namespace wring
