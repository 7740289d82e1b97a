#include <wring/net/detail/acceptor.hpp>

#include <wring/tests/support/descriptors.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <sys/resource.h>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using AcceptorTest = ReactorTest;

/// Collects what it accepts, or serves it by a factory.
class Collector final : public detail::Acceptor {
 public:
    Collector(Reactor& reactor, int fd, Ref<IFactory> factory = nullptr)
        : Acceptor(reactor, fd), factory_(std::move(factory)) {
        startAccepting();
    }
    using Acceptor::beginClose;
    using Acceptor::startAccepting;
    using Acceptor::stopAccepting;
    void reactorStopping() noexcept override { beginClose(); }

    std::vector<Socket> sockets;
    Event closed;
    int error = 0;
    int count = 0;

 private:
    void accepted(Socket socket) noexcept override {
        ++count;
        if (factory_) return factory_->connectionAccepted(std::move(socket));
        sockets.push_back(std::move(socket));
    }
    void acceptorClosed(int code) noexcept override {
        error = code;
        closed.set();
    }
    Ref<IFactory> factory_;
};

Task<> close(Collector* acceptor) {
    acceptor->beginClose();
    co_await acceptor->closed.wait();
}

int listeningSocket(PlainListener& listener) {
    return ::fcntl(listener.fd(), F_DUPFD_CLOEXEC, 0);
}

Task<> echo(Stream peer) {
    while (Bytes chunk = co_await peer.read()) co_await peer.write(std::move(chunk));
}

std::chrono::microseconds processorTime() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    auto sum = [](timeval value) {
        return std::chrono::seconds(value.tv_sec) + std::chrono::microseconds(value.tv_usec);
    };
    return sum(used.ru_utime) + sum(used.ru_stime);
}

// The check of vtables, which comes with the address sanitizer's build, opens a pipe to see whether
// memory can be read, and takes a refusal for a broken object.
#if defined(__SANITIZE_ADDRESS__)
#define WRING_NEEDS_ALL_DESCRIPTORS() \
    GTEST_SKIP() << "the sanitizer needs descriptors of its own"
#else
#define WRING_NEEDS_ALL_DESCRIPTORS() static_assert(true)
#endif

TEST_P(AcceptorTest, aBurstOfAHundredIsTakenInOneGo) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener(128);
        Collector acceptor(reactor, listeningSocket(listener));
        std::vector<Peer> clients;
        for (int i = 0; i < 100; ++i) clients.push_back(connectPeer(listener.address()));
        co_await until(reactor, [&] { return acceptor.count > 0; });
        // A kernel without multishot accept is asked again for each.
        bool isUring = std::string_view(reactor.driver().name()) == "uring";
        bool asksForEach = isUring && !reactor.driver().features().multishotAccept;
        co_await turns(reactor, asksForEach ? 200 : 10);
        EXPECT_EQ(acceptor.count, 100);
        acceptor.sockets.clear();
        co_await close(&acceptor);
        EXPECT_EQ(acceptor.error, 0);
    });
}

TEST_P(AcceptorTest, eachSocketBelongsToTheClientThatConnected) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        Collector acceptor(reactor, listeningSocket(listener));
        for (int i = 0; i < 3; ++i) {
            Peer client = connectPeer(listener.address());
            co_await until(reactor, [&] { return acceptor.sockets.size() == 1; });
            EXPECT_EQ(acceptor.sockets[0].getHost(), listener.address());
            client.send("mine");
            Stream stream(std::move(acceptor.sockets[0]));
            acceptor.sockets.clear();
            EXPECT_EQ(co_await readText(&stream), "mine");
        }
        co_await close(&acceptor);
    });
}

TEST_P(AcceptorTest, whileItDoesNotAcceptClientsWaitAndAreTakenLater) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        Collector acceptor(reactor, listeningSocket(listener));
        acceptor.stopAccepting();
        co_await turns(reactor);
        Peer client = connectPeer(listener.address());
        co_await turns(reactor);
        EXPECT_EQ(acceptor.count, 0);
        acceptor.startAccepting();
        co_await until(reactor, [&] { return acceptor.count == 1; });
        acceptor.sockets.clear();
        co_await close(&acceptor);
    });
}

TEST_P(AcceptorTest, aClientThatResetAlreadyDoesNoHarm) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        Collector acceptor(reactor, listeningSocket(listener));
        connectPeer(listener.address()).reset();
        Peer client = connectPeer(listener.address());
        co_await until(reactor, [&] {
            return !acceptor.sockets.empty() &&
                   acceptor.sockets.back().getPeer().family() != AddressFamily::none;
        });
        acceptor.sockets.clear();
        co_await close(&acceptor);
    });
}

TEST_P(AcceptorTest, aDescriptorThatDoesNotListenEndsItWithTheError) {
    run([](Reactor& reactor) -> Task<> {
        CapturedLog log;
        Collector acceptor(reactor, ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        co_await acceptor.closed.wait();
        EXPECT_EQ(acceptor.error, EINVAL);
        EXPECT_TRUE(log.has("EINVAL"));
    });
}

TEST_P(AcceptorTest, withoutDescriptorsItRestsAndTheRestIsServedWhenSomeReturnSlow) {
    WRING_NEEDS_ALL_DESCRIPTORS();
    run([](Reactor& reactor) -> Task<> {
        CapturedLog log;
        constexpr std::size_t clientCount = 40, allowed = 8;
        PlainListener listener(64);
        Collector acceptor(reactor, listeningSocket(listener), serve(echo));
        std::vector<Peer> clients;
        for (std::size_t i = 0; i < clientCount; ++i) {
            clients.push_back(connectPeer(listener.address()));
        }
        DescriptorLimit limit(allowed);
        co_await until(reactor, [&] { return acceptor.count == allowed; });
        auto before = processorTime();
        auto turnsBefore = reactor.turns();
        co_await sleepFor(300ms);
        EXPECT_LT(processorTime() - before, 60ms);
        EXPECT_LT(reactor.turns() - turnsBefore, 50u);
        EXPECT_EQ(acceptor.count, static_cast<int>(allowed));
        EXPECT_TRUE(log.has("accepting pauses: EMFILE"));
        EXPECT_EQ(CapturedLog::lines().size(), 1u);
        for (std::size_t i = 0; i < clientCount; ++i) {
            clients[i].send("hello");
            EXPECT_EQ(co_await receiveText(reactor, &clients[i], 5), "hello") << i;
            clients[i].finishSending();
        }
        EXPECT_EQ(acceptor.count, static_cast<int>(clientCount));
        co_await close(&acceptor);
    });
}

TEST_P(AcceptorTest, canBeClosedWhileItRests) {
    WRING_NEEDS_ALL_DESCRIPTORS();
    run([](Reactor& reactor) -> Task<> {
        CapturedLog log;
        PlainListener listener;
        Collector acceptor(reactor, listeningSocket(listener));
        Peer client = connectPeer(listener.address());
        DescriptorLimit limit(0);
        co_await until(reactor, [&] { return log.has("EMFILE"); });
        co_await close(&acceptor);
        EXPECT_TRUE(acceptor.isClosed());
        EXPECT_EQ(acceptor.error, 0);
    });
}

TEST_P(AcceptorTest, closingRefusesClientsAtOnce) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener listener;
        Collector acceptor(reactor, listeningSocket(listener));
        co_await turns(reactor);
        acceptor.beginClose();
        Peer client = connectPeer(listener.address());
        EXPECT_EQ(client.fd(), -1);
        co_await acceptor.closed.wait();
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, AcceptorTest, ::testing::ValuesIn(allDrivers()), nameOf);

}  // namespace
}  // namespace wring
