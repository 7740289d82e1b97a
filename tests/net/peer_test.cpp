#include <wring/net/peer.hpp>

#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <sys/wait.h>
#include <unistd.h>

namespace wring {
namespace {

using namespace testing;
using PeerTest = ReactorTest;

struct UnixPair {
    UnixPair() {
        int fds[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        near = Peer(fds[0]);
        far = Peer(fds[1]);
    }
    Peer near, far;
};

void expectOurselves(const std::optional<PeerCredentials>& credentials) {
    ASSERT_TRUE(credentials);
    EXPECT_EQ(credentials->pid, ::getpid());
    EXPECT_EQ(credentials->uid, ::getuid());
    EXPECT_EQ(credentials->gid, ::getgid());
}

TEST_P(PeerTest, aUnixPeerIsKnownToSocketsStreamsAndProtocols) {
    run([](Reactor& reactor) -> Task<> {
        UnixPair ends;
        Socket socket(reactor, ends.near.release());
        expectOurselves(getPeerCredentials(socket));
        Stream stream(std::move(socket));
        expectOurselves(getPeerCredentials(stream));
        EXPECT_EQ(getProxyHeader(stream), nullptr);
        co_await stream.close();
        EXPECT_FALSE(getPeerCredentials(stream));

        Record record;
        UnixPair others;
        factory<Recorder>(&record)->connectionAccepted(Socket(reactor, others.near.release()));
        expectOurselves(getPeerCredentials(record.protocol->transport()));
        EXPECT_EQ(getProxyHeader(record.protocol->transport()), nullptr);
        co_await finish(reactor, &record);
    });
}

TEST_P(PeerTest, aTcpPeerHasNoCredentials) {
    run([](Reactor& reactor) -> Task<> {
        PeerPair ends;
        Stream stream(Socket(reactor, ends.near.release()));
        EXPECT_FALSE(getPeerCredentials(stream));
        co_await stream.close();
    });
}

TEST_P(PeerTest, aPeerThatHasExitedIsStillKnown) {
    run([](Reactor& reactor) -> Task<> {
        Peer listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sa_family_t family = AF_UNIX;  // the kernel finds a name
        EXPECT_EQ(::bind(listener.fd(), reinterpret_cast<sockaddr*>(&family), sizeof family), 0);
        EXPECT_EQ(::listen(listener.fd(), 4), 0);
        Address where = detail::hostOf(reactor, listener.fd());
        pid_t child = ::fork();
        if (child == 0) {
            int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
            ::_exit(::connect(fd, where.sockaddrData(), where.sockaddrSize()) == 0 ? 0 : 1);
        }
        int status = -1;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
        Socket socket(reactor, ::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
        auto credentials = getPeerCredentials(socket);
        EXPECT_TRUE(credentials && credentials->pid == child);
        co_return;
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, PeerTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
