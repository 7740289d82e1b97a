#include <wring/endpoints/unix_endpoints.hpp>

#include <wring/endpoints/registry.hpp>
#include <wring/net/unix_address.hpp>
#include <wring/net/unix_errors.hpp>

#include <wring/tests/support/folder.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <atomic>
#include <fstream>
#include <thread>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using UnixEndpointsTest = ReactorTest;

Task<> echo(Stream peer) {
    while (Bytes chunk = co_await peer.read()) co_await peer.write(std::move(chunk));
}

Peer connectPath(const std::string& path, int flags = 0) {
    Peer peer(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
    Address address = Address::fromPath(path).value();
    if (::connect(peer.fd(), address.sockaddrData(), address.sockaddrSize()) != 0) peer.close();
    return peer;
}

/// A plain socket at a path; closing it leaves the file there.
Peer bindPath(const std::string& path, int backlog = -1) {
    Peer peer(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    Address address = Address::fromPath(path).value();
    EXPECT_EQ(::bind(peer.fd(), address.sockaddrData(), address.sockaddrSize()), 0);
    if (backlog >= 0) {
        EXPECT_EQ(::listen(peer.fd(), backlog), 0);
    }
    return peer;
}

/// A listening socket whose backlog is full.
struct FullPath {
    explicit FullPath(const std::string& path) : listener(bindPath(path, 0)) {
        waiting = connectPath(path);
    }
    Peer takeOne() { return Peer(::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC)); }
    Peer listener;
    Peer waiting;
};

int modeOf(const std::string& path) {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0 ? static_cast<int>(status.st_mode & 07777) : -1;
}

bool exists(const std::string& path) { return modeOf(path) != -1; }

void lockFor(const std::string& path, pid_t owner) {
    ASSERT_EQ(::symlink(std::to_string(owner).c_str(), (path + ".lock").c_str()), 0);
}

pid_t pastProcess() {
    pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    ::waitpid(child, nullptr, 0);
    return child;
}

/// The process's umask while it lives.
struct Umask {
    explicit Umask(mode_t mask) : before(::umask(mask)) {}
    Umask(const Umask&) = delete;
    Umask& operator=(const Umask&) = delete;
    ~Umask() { ::umask(before); }
    mode_t before;
};

Deferred<Ref<IListeningPort>> listenAt(Reactor& reactor, const std::string& text,
                                       Ref<IFactory> factory = serve(echo)) {
    return serverFromString(reactor, "unix:" + text)->listen(std::move(factory));
}

/// What listening fails with; empty when it does not.
Task<std::string> refusal(Reactor& reactor, std::string text) {
    auto port = co_await outcome(listenAt(reactor, text));
    if (port) {
        co_await (*port)->stopListening();
        co_return std::string();
    }
    EXPECT_TRUE(port.error().check<CannotListenError>());
    co_return port.error().getErrorMessage();
}

Task<> expectEcho(Reactor& reactor, Peer* peer) {
    peer->send("over here");
    EXPECT_EQ(co_await receiveText(reactor, peer, 9), "over here");
}

TEST_P(UnixEndpointsTest, aListeningStringServesAConnectingStringAndLeavesNothing) {
    Folder folder;
    run(
        [](Reactor& reactor, std::string path) -> Task<> {
            auto port = co_await listenAt(reactor, path);
            EXPECT_EQ(port->getHost().path(), path);
            EXPECT_TRUE(exists(path) && exists(path + ".lock"));
            Stream stream =
                co_await clientFromString(reactor, "unix:" + path + ":lockfile=1")->connectStream();
            co_await stream.write("round trip");
            EXPECT_EQ(co_await readText(&stream), "round trip");
            co_await stream.close();
            co_await port->drain(10s);
        },
        folder / "sock");
    EXPECT_EQ(folder.size(), 0u);
}

TEST_P(UnixEndpointsTest, bothEndsKnowTheListeningPathAndTheClientHasNone) {
    Folder folder;
    run(
        [](Reactor& reactor, std::string path) -> Task<> {
            Record server, client;
            auto port = co_await listenAt(reactor, path, factory<Recorder>(&server));
            auto protocol = co_await clientFromString(reactor, "unix:" + path)
                                ->connect(factory<Recorder>(&client));
            co_await until(reactor, [&] { return server.made == 1; });
            ITransport& near = client.protocol->transport();
            ITransport& far = server.protocol->transport();
            UNIXAddress listening(path);
            EXPECT_EQ(UNIXAddress::from(near.getPeer()), listening);
            EXPECT_EQ(UNIXAddress::from(far.getHost()), listening);
            EXPECT_EQ(UNIXAddress::from(near.getHost()), UNIXAddress());
            EXPECT_EQ(UNIXAddress::from(far.getPeer()), UNIXAddress());
            near.loseConnection();
            co_await port->drain(10s);
            co_await protocol;
        },
        folder / "sock");
}

TEST_P(UnixEndpointsTest, theModeIsTheOneAskedForWhateverTheUmaskIs) {
    Folder folder;
    run(
        [](Reactor& reactor, std::string path) -> Task<> {
            for (mode_t mask : {0u, 022u, 0777u}) {
                Umask umask(mask);
                for (const char* mode : {"0", "600", "666", "777"}) {
                    auto port = co_await listenAt(reactor, path + ":mode=" + mode);
                    EXPECT_EQ(modeOf(path), std::stoi(mode, nullptr, 8))
                        << mode << " under " << mask;
                    co_await port->stopListening();
                }
                auto port = co_await listenAt(reactor, path);
                EXPECT_EQ(modeOf(path), 0666);
                co_await port->stopListening();
            }
        },
        folder / "sock");
}

TEST_P(UnixEndpointsTest, nobodyEverSeesAWiderMode) {
    Folder folder;
    Umask umask(0);
    std::string watched = folder / "sock";
    std::atomic<bool> isOver = false;
    std::atomic<int> seen = 0, wrong = 0;
    std::thread watcher([&] {
        while (!isOver) {
            int mode = modeOf(watched);
            if (mode >= 0) ++seen;
            if (mode > 0 && mode != 0600) ++wrong;
        }
    });
    run(
        [](Reactor& reactor, std::string path, std::atomic<int>* times) -> Task<> {
            for (int i = 0; i < 50; ++i) {
                auto port = co_await listenAt(reactor, path + ":mode=600:lockfile=0");
                if (i == 0) {
                    co_await until(reactor, [&] { return times->load() > 0; });
                }
                co_await port->stopListening();
            }
        },
        watched, &seen);
    isOver = true;
    watcher.join();
    EXPECT_EQ(wrong, 0);
}

TEST_P(UnixEndpointsTest, aPathInUseIsRefusedAndStaysWhatItWas) {
    Folder folder;
    std::string thing = folder / "thing";
    auto bodyOf = [](Reactor& reactor, std::string path) -> Task<> {
        std::string wanted =
            "Couldn't listen on any:" + path + ": [Errno 98] Address already in use.";
        int mode = modeOf(path);
        EXPECT_EQ(co_await refusal(reactor, path + ":lockfile=0"), wanted);
        lockFor(path, pastProcess());
        CapturedLog log;
        EXPECT_EQ(co_await refusal(reactor, path), wanted);
        EXPECT_TRUE(log.has("unclean previous exit"));
        EXPECT_EQ(modeOf(path), mode);
        EXPECT_FALSE(exists(path + ".lock"));
    };
    std::ofstream(thing).put('x');
    run(bodyOf, thing);
    std::filesystem::remove(thing);
    std::filesystem::create_directory(thing);
    run(bodyOf, thing);
    std::filesystem::remove(thing);
    ASSERT_EQ(::symlink("elsewhere", thing.c_str()), 0);
    run(bodyOf, thing);
    std::filesystem::remove(thing);
    Peer living = bindPath(thing, 4);
    run(bodyOf, thing);
}

TEST_P(UnixEndpointsTest, aStaleSocketIsRefusedWithoutALock) {
    Folder folder;
    run(
        [](Reactor& reactor, std::string path) -> Task<> {
            bindPath(path).close();
            EXPECT_NE(co_await refusal(reactor, path + ":lockfile=0"), "");
            EXPECT_NE(co_await refusal(reactor, path), "") << "a lock of our own proves nothing";
            EXPECT_TRUE(exists(path));
            EXPECT_FALSE(exists(path + ".lock"));
        },
        folder / "sock");
}

TEST_P(UnixEndpointsTest, aStaleSocketWithAStaleLockIsRecovered) {
    Folder folder;
    run(
        [](Reactor& reactor, std::string path) -> Task<> {
            CapturedLog log;
            bindPath(path).close();
            lockFor(path, pastProcess());
            auto port = co_await listenAt(reactor, path);
            EXPECT_TRUE(log.has("unclean previous exit"));
            EXPECT_EQ(CapturedLog::lines().size(), 1u);
            Peer client = connectPath(path);
            co_await expectEcho(reactor, &client);
            client.close();
            co_await port->drain(10s);
        },
        folder / "sock");
    EXPECT_EQ(folder.size(), 0u);
}

TEST_P(UnixEndpointsTest, aLockThatSomebodyHoldsIsToldWithHisNumber) {
    Folder folder;
    run(
        [](Reactor& reactor, std::string path) -> Task<> {
            lockFor(path, ::getppid());
            EXPECT_EQ(co_await refusal(reactor, path),
                      "Couldn't listen on any:" + path + ": Cannot acquire lock: " + path +
                          ".lock is locked by pid " + std::to_string(::getppid()) + ".");
            EXPECT_TRUE(exists(path + ".lock"));
            EXPECT_FALSE(exists(path));
        },
        folder / "sock");
}

TEST_P(UnixEndpointsTest, whatTheFileSystemSaysIsToldWithThePath) {
    Folder folder;
    std::ofstream(folder / "file").put('x');
    run(
        [](Reactor& reactor, std::string in) -> Task<> {
            struct Place {
                std::string path, said;
            };
            std::vector<Place> places{{in + "/missing/sock", "[Errno 2] No such file or directory"},
                                      {in + "/file/sock", "[Errno 20] Not a directory"}};
            for (const Place& each : places) {
                std::string start = "Couldn't listen on any:" + each.path + ": " + each.said;
                EXPECT_EQ(co_await refusal(reactor, each.path + ":lockfile=0"), start + ".");
                EXPECT_EQ(co_await refusal(reactor, each.path),
                          start + ": " + each.path + ".lock.");
            }
        },
        folder.path());
    EXPECT_EQ(folder.size(), 1u);
}

TEST_P(UnixEndpointsTest, anAbstractNameNeedsNoFile) {
    run([](Reactor& reactor) -> Task<> {
        std::string name = '\0' + ("wring-test-" + std::to_string(::getpid()));
        name.resize(108, 'x');
        auto port = co_await listenAt(reactor, name);
        EXPECT_EQ(port->getHost().path(), name);
        Peer client = connectPath(name);
        co_await expectEcho(reactor, &client);
        client.close();
        EXPECT_NE(co_await refusal(reactor, name), "");
        co_await port->drain(10s);
        UNIXListenOptions locked(name);
        locked.wantPID = true;
        auto endpoint = makeRef<UNIXServerEndpoint>(reactor, locked);
        auto refused = co_await outcome(endpoint->listen(serve(echo)));
        EXPECT_TRUE(!refused && refused.error().check<CannotListenError>());
    });
}

TEST_P(UnixEndpointsTest, aFileDeletedMeanwhileChangesNothingForThoseWhoAreThere) {
    Folder folder;
    run(
        [](Reactor& reactor, std::string path) -> Task<> {
            auto port = co_await listenAt(reactor, path);
            Peer client = connectPath(path);
            co_await expectEcho(reactor, &client);
            std::filesystem::remove(path);
            co_await expectEcho(reactor, &client);
            co_await port->stopListening();
            co_await expectEcho(reactor, &client);
            client.close();
            co_await port->drain(10s);
        },
        folder / "sock");
    EXPECT_EQ(folder.size(), 0u);
}

TEST_P(UnixEndpointsTest, theFileOfSomebodyElseIsLeftAlone) {
    Folder folder;
    run(
        [](Reactor& reactor, std::string path) -> Task<> {
            auto port = co_await listenAt(reactor, path);
            std::filesystem::rename(path, path + ".old");
            Peer other = bindPath(path, 4);
            co_await port->stopListening();
            EXPECT_NE(connectPath(path).fd(), -1);
        },
        folder / "sock");
}

TEST_P(UnixEndpointsTest, aRelativePathIsRemovedWhereItWasMade) {
    Folder folder, other;
    std::filesystem::path before = std::filesystem::current_path();
    std::filesystem::current_path(folder.path());
    run(
        [](Reactor& reactor, std::string elsewhere) -> Task<> {
            auto port = co_await listenAt(reactor, "sock");
            std::filesystem::current_path(elsewhere);
            bindPath("sock");
            co_await port->stopListening();
        },
        other.path());
    std::filesystem::current_path(before);
    EXPECT_EQ(folder.size(), 0u);
    EXPECT_EQ(other.size(), 1u);
}

TEST_P(UnixEndpointsTest, listensAgainAtTheSamePlace) {
    Folder folder;
    run(
        [](Reactor& reactor, std::string path) -> Task<> {
            auto port = co_await listenAt(reactor, path);
            for (int i = 0; i < 3; ++i) {
                EXPECT_NE(connectPath(path).fd(), -1);
                co_await port->stopListening();
                EXPECT_EQ(connectPath(path).fd(), -1);
                port->startListening();
            }
            co_await port->drain(10s);
        },
        folder / "sock");
}

TEST_P(UnixEndpointsTest, whereNobodyListensTheErrorSaysWhy) {
    Folder folder;
    run(
        [](Reactor& reactor, std::string path) -> Task<> {
            auto none =
                co_await outcome(clientFromString(reactor, "unix:" + path)->connectStream());
            EXPECT_TRUE(!none && none.error().check<ConnectError>());
            EXPECT_EQ(none ? 0 : none.error().number(), ENOENT);
            bindPath(path).close();
            auto stale =
                co_await outcome(clientFromString(reactor, "unix:" + path)->connectStream());
            EXPECT_TRUE(!stale && stale.error().check<ConnectionRefusedError>());
            auto bad = co_await outcome(
                makeRef<UNIXClientEndpoint>(reactor, UNIXConnectOptions(std::string(200, 'x')))
                    ->connectStream());
            EXPECT_TRUE(!bad && bad.error().check<BadFileError>());
        },
        folder / "sock");
}

TEST_P(UnixEndpointsTest, checkPIDWantsALockWithALivingOwner) {
    Folder folder;
    run(
        [](Reactor& reactor, std::string path) -> Task<> {
            Peer listener = bindPath(path, 4);
            auto endpoint = clientFromString(reactor, "unix:" + path + ":checkPID=1");
            auto tells = [](const Result<Stream>& got) {
                return got ? "connected" : got.error().className();
            };
            EXPECT_EQ(tells(co_await outcome(endpoint->connectStream())), "BadFileError");
            lockFor(path, pastProcess());
            EXPECT_EQ(tells(co_await outcome(endpoint->connectStream())), "BadFileError");
            EXPECT_TRUE(std::filesystem::remove(path + ".lock"));
            EXPECT_EQ(::symlink("no number", (path + ".lock").c_str()), 0);
            EXPECT_EQ(tells(co_await outcome(endpoint->connectStream())), "BadFileError");
            std::filesystem::remove(path + ".lock");
            lockFor(path, ::getpid());
            EXPECT_EQ(tells(co_await outcome(endpoint->connectStream())), "connected");
        },
        folder / "sock");
}

TEST_P(UnixEndpointsTest, whoMeetsAFullBacklogWaitsForHisTurn) {
    Folder folder;
    run(
        [](Reactor& reactor, std::string path) -> Task<> {
            FullPath full(path);
            auto connecting = clientFromString(reactor, "unix:" + path)->connectStream();
            co_await turns(reactor);
            EXPECT_FALSE(connecting.called());
            full.takeOne();
            Stream stream = co_await connecting;
            co_await stream.write("at last");
            EXPECT_EQ(full.takeOne().receive(), "at last");
        },
        folder / "sock");
}

TEST_P(UnixEndpointsTest, theTimeOutEndsTheWaitForATurn) {
    Folder folder;
    run(
        [](Reactor& reactor, std::string path) -> Task<> {
            FullPath full(path);
            auto endpoint = clientFromString(reactor, "unix:" + path + ":timeout=0.001");
            auto got = co_await outcome(endpoint->connectStream());
            EXPECT_TRUE(!got && got.error().check<TimeoutError>());
        },
        folder / "sock");
}

TEST_P(UnixEndpointsTest, aCancelledAttemptNamesThePath) {
    Folder folder;
    run(
        [](Reactor& reactor, std::string path) -> Task<> {
            FullPath full(path);
            int before = openDescriptors();
            auto connecting = clientFromString(reactor, "unix:" + path)->connectStream();
            co_await turns(reactor);
            connecting.cancel();
            auto got = co_await outcome(connecting);
            EXPECT_TRUE(!got && got.error().check<ConnectingCancelledError>());
            if (!got) {
                EXPECT_NE(got.error().getErrorMessage().find(path), std::string::npos);
            }
            EXPECT_EQ(openDescriptors(), before);
        },
        folder / "sock");
}

TEST_P(UnixEndpointsTest, cancellingAfterSuccessLeavesTheConnection) {
    Folder folder;
    run(
        [](Reactor& reactor, std::string path) -> Task<> {
            auto port = co_await listenAt(reactor, path);
            auto connecting = clientFromString(reactor, "unix:" + path)->connectStream();
            co_await until(reactor, [&] { return connecting.called(); });
            connecting.cancel();
            Stream stream = co_await connecting;
            co_await stream.write("still");
            EXPECT_EQ(co_await readText(&stream), "still");
            co_await stream.close();
            co_await port->drain(10s);
        },
        folder / "sock");
}

INSTANTIATE_TEST_SUITE_P(Drivers, UnixEndpointsTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
