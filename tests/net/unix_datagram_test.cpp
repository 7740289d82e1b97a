#include <wring/net/unix_datagram.hpp>

#include <wring/net/unix_datagram_socket.hpp>

#include <wring/tests/support/datagrams.hpp>
#include <wring/tests/support/folder.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <sys/stat.h>
#include <array>

namespace wring {
namespace {

using namespace testing;
using UnixDatagramTest = ReactorTest;

/// A port at a path of a folder of its own, and clients of it.
struct Place {
    explicit Place(Reactor& on) : reactor(on) {}
    Ref<IUDPTransport> listen(UNIXDatagramOptions options = {}) {
        return listenUNIXDatagram(reactor, path, makeRef<Recording>(&server), options);
    }
    Ref<IUDPTransport> connect(const std::string& bindAddress = {}) {
        UNIXDatagramOptions options;
        options.bindAddress = bindAddress;
        return connectUNIXDatagram(reactor, path, makeRef<RecordingClient>(&client), options);
    }
    Address address() const { return *Address::fromPath(path); }
    Reactor& reactor;
    Folder folder;
    std::string path = folder / "server";
    Happened server, client;
};

unsigned modeOf(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

bool exists(const std::string& path) { return std::filesystem::exists(path); }

TEST_P(UnixDatagramTest, portAndClientTalkByTheirPaths) {
    run([](Reactor& reactor) -> Task<> {
        Place place(reactor);
        place.server.onData = [&](DatagramProtocol& it, std::string_view data) {
            it.transport().write("got " + std::string(data), place.server.from);
        };
        auto port = place.listen();
        auto client = place.connect(place.folder / "client");
        EXPECT_EQ(port->getHost().path(), place.path);
        EXPECT_EQ(client->getPeer().path(), place.path);
        for (std::string_view text : {"one", "", "three"}) client->write(text);
        co_await untilHappened(&reactor, &place.client, 4);
        EXPECT_EQ(place.server.from.path(), place.folder / "client");
        EXPECT_EQ(place.client.events, (Strings{"start", "'got one'", "'got '", "'got three'"}));
        co_await client->stopListening();
        co_await port->stopListening();
        EXPECT_EQ(place.server.events, (Strings{"start", "'one'", "''", "'three'", "stop"}));
        EXPECT_EQ(place.client.events.back(), "stop");
        EXPECT_EQ(place.folder.size(), 0u);
    });
}

TEST_P(UnixDatagramTest, anAbstractNameHasNoFileAndASenderNeedsNone) {
    run([](Reactor& reactor) -> Task<> {
        Place place(reactor);
        place.path = std::string(1, '\0') + place.folder / "abstract";
        auto port = place.listen();
        auto client = place.connect();
        client->write("hello");
        co_await untilHappened(&reactor, &place.server, 2);
        EXPECT_EQ(place.server.events.back(), "'hello'");
        EXPECT_EQ(place.server.from.path(), "");
        EXPECT_EQ(place.folder.size(), 0u);
        co_await client->stopListening();
        co_await port->stopListening();
    });
}

TEST_P(UnixDatagramTest, theFileHasItsModeWhateverTheUmaskAndGoesWithThePort) {
    run([](Reactor& reactor) -> Task<> {
        for (unsigned mode : {0666u, 0600u, 0777u, 0u}) {
            Place place(reactor);
            UNIXDatagramOptions options;
            options.mode = mode;
            mode_t before = ::umask(027);
            auto port = place.listen(options);
            ::umask(before);
            EXPECT_TRUE(exists(place.path));
            EXPECT_EQ(modeOf(place.path), mode);
            co_await port->stopListening();
            EXPECT_FALSE(exists(place.path));
        }
    });
}

TEST_P(UnixDatagramTest, aFileThatIsNotThePortsAnyMoreStays) {
    run([](Reactor& reactor) -> Task<> {
        Place place(reactor);
        auto port = place.listen();
        std::filesystem::remove(place.path);
        auto second = place.listen();
        co_await port->stopListening();
        EXPECT_TRUE(exists(place.path));
        auto client = place.connect();
        client->write("still there");
        co_await until(reactor, [&] { return second->stats().received == 1; });
        co_await client->stopListening();
        co_await second->stopListening();
        EXPECT_FALSE(exists(place.path));
    });
}

TEST_P(UnixDatagramTest, openingFailsWithAReasonAndLeavesNothing) {
    run([](Reactor& reactor) -> Task<> {
        Place place(reactor);
        auto port = place.listen();
        auto number = [&](const std::string& path) {
            place.path = path;
            try {
                place.listen();
                return 0;
            } catch (const CannotListenError& error) {
                return error.number();
            }
        };
        EXPECT_EQ(number(place.path), EADDRINUSE);
        EXPECT_EQ(number(place.folder / "none/x"), ENOENT);
        EXPECT_EQ(number(std::string(200, 'x')), ENAMETOOLONG);
        EXPECT_EQ(number(""), EINVAL);
        EXPECT_EQ(place.folder.size(), 1u);
        co_await port->stopListening();
    });
}

TEST_P(UnixDatagramTest, aConnectionThatFailsIsToldToTheProtocolAlone) {
    run([](Reactor& reactor) -> Task<> {
        Place place(reactor);
        std::vector<std::pair<std::string, std::string>> cases{
            {place.folder / "nobody", "failed ConnectError " + std::to_string(ENOENT)},
            {std::string(200, 'x'), "failed ConnectError " + std::to_string(ENAMETOOLONG)}};
        for (const auto& [path, event] : cases) {
            place.client.events.clear();
            place.path = path;
            auto client = place.connect();
            EXPECT_EQ(place.client.events, Strings{event});
            client->write("nowhere");
            co_await client->stopListening();
            EXPECT_EQ(place.client.events.size(), 1u);
        }
        place.client.events.clear();
        auto client = place.connect(place.folder / "none/x");
        EXPECT_EQ(place.client.events.size(), 1u);
        EXPECT_EQ(place.folder.size(), 0u);
    });
}

TEST_P(UnixDatagramTest, aPeerThatHasGoneIsToldOfAndTheClientLives) {
    run([](Reactor& reactor) -> Task<> {
        Place place(reactor);
        auto port = place.listen();
        auto client = place.connect();
        co_await port->stopListening();
        for (std::size_t i = 0; i < 2; ++i) {
            client->write("anybody?");
            co_await untilHappened(&reactor, &place.client, 2 + i);
            EXPECT_EQ(place.client.events.back(), "refused");
        }
        co_await client->stopListening();
    });
}

TEST_P(UnixDatagramTest, whatCannotBeSentIsRefusedByName) {
    run([](Reactor& reactor) -> Task<> {
        Place place(reactor);
        auto port = place.listen();
        Address nobody = *Address::fromPath(place.folder / "nobody");
        std::string huge(4 << 20, 'x');
        EXPECT_EQ(thrownBy([&] { port->write(huge, place.address()); }), "MessageLengthError");
        EXPECT_EQ(thrownBy([&] { port->write("x", Address::loopback4(9)); }),
                  "InvalidAddressError");
        EXPECT_EQ(thrownBy([&] { port->write("x", nobody); }), "Error");
        EXPECT_EQ(thrownBy([&] { port->write("x"); }), "UsageError");
        EXPECT_EQ(thrownBy([&] { port->setTTL(3); }), "UsageError");
        EXPECT_EQ(thrownBy([&] { port->joinGroup(Address::loopback4(9)); }), "UsageError");
        EXPECT_EQ(thrownBy([&] { port->setBroadcastAllowed(true); }), "UsageError");
        co_await port->stopListening();
    });
}

TEST_P(UnixDatagramTest, aFullReceiverLosesDatagramsSilentlyAndTheyAreCounted) {
    run([](Reactor& reactor) -> Task<> {
        Place place(reactor);
        auto port = place.listen();
        auto client = place.connect();
        constexpr std::uint64_t all = 2000;
        for (std::uint64_t i = 0; i < all; ++i) client->write("x");
        EXPECT_GT(client->stats().dropped, 0u);
        std::uint64_t sent = client->stats().sent;
        EXPECT_EQ(sent + client->stats().dropped, all);
        co_await until(reactor, [&] { return port->stats().received == sent; });
        co_await client->stopListening();
        co_await port->stopListening();
    });
}

TEST_P(UnixDatagramTest, aDatagramThatIsTooLongIsToldToBeCut) {
    run([](Reactor& reactor) -> Task<> {
        Place place(reactor);
        UNIXDatagramOptions options;
        options.maxPacketSize = 4;
        auto port = place.listen(options);
        auto client = place.connect();
        std::array<BytesView, 2> both{asBytes("fives"), asBytes("four")};
        client->writeMany(both);
        co_await untilHappened(&reactor, &place.server, 3);
        EXPECT_EQ(place.server.events, (Strings{"start", "cut 'five'", "'four'"}));
        co_await client->stopListening();
        co_await port->stopListening();
    });
}

Task<> sendTexts(UNIXDatagramSocket* socket, int count, std::optional<Address> to) {
    for (int i = 0; i < count; ++i) {
        std::string text = std::to_string(i);
        if (to) {
            co_await socket->sendTo(asBytes(text), *to);
        } else {
            co_await socket->send(asBytes(text));
        }
    }
}

/// Two sockets for coroutines.
struct Sockets {
    explicit Sockets(Reactor& reactor)
        : near(reactor, folder / "near"), far(reactor, folder / "far") {}
    Folder folder;
    UNIXDatagramSocket near, far;
};

TEST_P(UnixDatagramTest, aSenderThatIsConnectedWaitsForRoomWithTheReceiver) {
    run([](Reactor& reactor) -> Task<> {
        Sockets ends(reactor);
        constexpr int all = 1000;
        ends.far.connect(ends.near.getHost());
        auto sending = startCall(sendTexts, &ends.far, all, std::optional<Address>());
        co_await turns(reactor, 3);
        EXPECT_FALSE(sending.called());
        for (int i = 0; i < all; ++i) {
            Datagram datagram = co_await ends.near.receiveFrom();
            EXPECT_EQ(datagram.data.text(), std::to_string(i));
            EXPECT_EQ(datagram.from, ends.far.getHost());
        }
        co_await sending;
    });
}

TEST_P(UnixDatagramTest, aSenderThatIsNotConnectedTriesAgainUntilThereIsRoom) {
    run([](Reactor& reactor) -> Task<> {
        Sockets ends(reactor);
        auto to = std::make_optional(ends.near.getHost());
        auto sending = startCall(sendTexts, &ends.far, 1000, to);
        co_await turns(reactor, 3);
        EXPECT_FALSE(sending.called());
        auto sent = static_cast<int>(ends.far.stats().sent);
        for (int i = 0; i <= sent; ++i) {
            Datagram datagram = co_await ends.near.receiveFrom();
            EXPECT_EQ(datagram.data.text(), std::to_string(i));
        }
        sending.cancel();
        auto ended = co_await outcome(sending);
        EXPECT_TRUE(!ended && ended.error().check<CancelledError>());
    });
}

TEST_P(UnixDatagramTest, aSocketFailsByNameAndWithoutAPathOnlySends) {
    run([](Reactor& reactor) -> Task<> {
        Sockets ends(reactor);
        UNIXDatagramSocket nameless(reactor, "");
        co_await sendTexts(&nameless, 1, ends.near.getHost());
        Datagram datagram = co_await ends.near.receiveFrom();
        EXPECT_EQ(datagram.from.path(), "");
        EXPECT_EQ(thrownBy([&] { UNIXDatagramSocket(reactor, ends.folder / "near"); }),
                  "CannotListenError");
        auto sent = co_await outcome(sendTexts(&nameless, 1, Address::loopback4(9)));
        EXPECT_TRUE(!sent && sent.error().check<InvalidAddressError>());
        nameless.connect(ends.near.getHost());
        ends.near = UNIXDatagramSocket(reactor, ends.folder / "other");
        EXPECT_FALSE(exists(ends.folder / "near"));
        for (int i = 0; i < 2; ++i) {
            sent = co_await outcome(sendTexts(&nameless, 1, {}));
            EXPECT_TRUE(!sent && sent.error().check<ConnectionRefusedError>());
        }
    });
}

Task<Datagram> receiveOne(UNIXDatagramSocket* socket) { co_return co_await socket->receiveFrom(); }

TEST_P(UnixDatagramTest, aCancelledReceiveTakesNothingAndALateCancelChangesNothing) {
    run([](Reactor& reactor) -> Task<> {
        Sockets ends(reactor);
        auto receiving = startCall(receiveOne, &ends.near);
        co_await turns(reactor, 3);
        receiving.cancel();
        auto got = co_await outcome(receiving);
        EXPECT_TRUE(!got && got.error().check<CancelledError>());
        co_await sendTexts(&ends.far, 1, ends.near.getHost());
        auto late = startCall(receiveOne, &ends.near);
        co_await until(reactor, [&] { return late.called(); });
        late.cancel();
        Datagram datagram = co_await late;
        EXPECT_EQ(datagram.data.text(), "0");
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, UnixDatagramTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
