#include <wring/runtime/reactor.hpp>
#include <wring/tests/support/fault_kit.hpp>

#include <set>

// The world itself: its time, its network, its chance and what it does not let pass.

namespace wring {
namespace {

using namespace std::chrono_literals;
using testing::Ends;
using testing::FaultKit;
using testing::Probe;
using testing::Room;

TEST(SimulatedTimeTest, movesToTheNextEventAtOnce) {
    Simulation world;
    SimulatedHost& host = world.addHost();
    std::vector<int> order;
    Time begin = world.now();
    Time fired{};
    host.reactor().callLater(48h, [&] {
        order.push_back(2);
        fired = world.now();
    });
    host.reactor().callLater(1h, [&] { order.push_back(1); });
    EXPECT_FALSE(world.runFor(24h * 365)) << "then nothing happens any more";
    EXPECT_EQ(order, (std::vector<int>{1, 2}));
    EXPECT_GE(fired - begin, 48h);
    EXPECT_LT(fired - begin, 48h + 1s);
}

TEST(SimulatedTimeTest, isTheSameForAllHosts) {
    Simulation world;
    std::vector<int> order;
    for (int i = 0; i < 3; ++i) {
        Reactor& reactor = world.addHost().reactor();
        reactor.callLater(1s * (3 - i), [&order, i] { order.push_back(i); });
    }
    world.runFor(1500ms);
    EXPECT_EQ(order, std::vector<int>{2});
    world.runFor(10s);
    EXPECT_EQ(order, (std::vector<int>{2, 1, 0}));
}

TEST(SimulatedTimeTest, aWaitOfADriverMovesItByItself) {
    FaultKit kit;
    Time before = kit.simulation().now();
    EXPECT_EQ(kit.driver().wait(1h), 0u);
    EXPECT_GE(kit.simulation().now() - before, 1h);
    EXPECT_EQ(kit.driver().now(), kit.simulation().now());
}

TEST(SimulatedHostTest, eachHasANumberAndAnAddressOfItsOwn) {
    Simulation world;
    SimulatedHost& first = world.addHost();
    SimulatedHost& second = world.addHost();
    EXPECT_EQ(first.number(), 0u);
    EXPECT_EQ(second.number(), 1u);
    EXPECT_EQ(first.address(), "10.0.0.1");
    EXPECT_EQ(second.address(), "10.0.0.2");
    EXPECT_STREQ(first.reactor().driver().name(), "sim");
    EXPECT_NE(&first.reactor(), &second.reactor());
}

TEST(SimulatedHostTest, aLimitOfDescriptorsIsKept) {
    Simulation world;
    SimulatedHost& host = world.addHost();
    host.setDescriptorLimit(2);
    int first = host.kernel().socket(AF_INET, SOCK_STREAM);
    EXPECT_GE(first, 0);
    EXPECT_GE(host.kernel().socket(AF_INET, SOCK_STREAM), 0);
    EXPECT_EQ(host.kernel().socket(AF_INET, SOCK_STREAM), -EMFILE);
    EXPECT_EQ(host.openDescriptors(), 2);
    EXPECT_EQ(host.kernel().close(first), 0);
    EXPECT_EQ(host.kernel().socket(AF_INET, SOCK_STREAM), first) << "the lowest free one";
}

TEST(SimulatedHostTest, aRestartGivesAFreshReactor) {
    Simulation world;
    SimulatedHost& host = world.addHost();
    bool hasRun = false;
    host.reactor().callLater(1s, [&] { hasRun = true; });
    host.restart();
    host.reactor();
    world.runFor(10s);
    EXPECT_FALSE(hasRun);
    host.reactor().callLater(1s, [&] { hasRun = true; });
    world.runFor(10s);
    EXPECT_TRUE(hasRun);
}

TEST(SimulatedNetworkTest, aConnectionToNoHostFailsInTheEnd) {
    FaultKit kit;
    sockaddr_in nobody{};
    nobody.sin_family = AF_INET;
    nobody.sin_addr.s_addr = ::htonl(0x0a0000ff);
    Probe& connect = kit.probe();
    connect.prepareConnect(kit.driver().openSocket(AF_INET, SOCK_STREAM, 0), &nobody,
                           sizeof nobody);
    EXPECT_EQ(kit.resultOf(connect), -EHOSTUNREACH);
    EXPECT_GT(kit.took(), 1s);
}

TEST(SimulatedNetworkTest, aFullBacklogDelaysAConnectUntilThereIsRoom) {
    FaultKit kit;
    EXPECT_EQ(kit.connect(), 0);
    EXPECT_LT(kit.took(), 500ms);
    for (int i = 0; i < 8; ++i) EXPECT_EQ(kit.connect(), 0);  // nine fit into a backlog of eight
    EXPECT_EQ(kit.connect(), -ETIMEDOUT);
    EXPECT_GT(kit.took(), 60s);
}

TEST(SimulatedNetworkTest, aPartitionHoldsDataBackInBothDirectionsAndLosesNone) {
    FaultKit kit;
    Ends ends = kit.connection();
    Duration usual = kit.timeFromFar(ends);
    kit.simulation().partition(kit.nearHost(), kit.farHost(), 30s);
    EXPECT_EQ(kit.send(ends.near, "ping"), 4);
    EXPECT_EQ(kit.far().receive(ends.far, 100), "");
    Duration during = kit.timeFromFar(ends);
    EXPECT_GT(during, 20s);
    EXPECT_LT(during, 31s);
    kit.pass(1s);
    EXPECT_EQ(kit.far().receive(ends.far, 100), "ping");
    EXPECT_EQ(kit.timeFromFar(ends), usual);
}

TEST(SimulatedNetworkTest, healingEndsAPartition) {
    FaultKit kit;
    Ends ends = kit.connection();
    kit.simulation().partition(kit.nearHost(), kit.farHost(), 1h);
    EXPECT_EQ(kit.send(ends.near, "ping"), 4);
    kit.pass(10s);
    EXPECT_EQ(kit.far().receive(ends.far, 100), "");
    kit.simulation().heal();
    kit.pass(1s);
    EXPECT_EQ(kit.far().receive(ends.far, 100), "ping");
}

TEST(SimulatedNetworkTest, aConnectTriesAgainUntilThePartitionIsOver) {
    FaultKit kit;
    kit.simulation().partition(kit.nearHost(), kit.farHost(), 10s);
    EXPECT_EQ(kit.connect(), 0);
    EXPECT_GT(kit.took(), 9s);
    EXPECT_LT(kit.took(), 60s);
}

TEST(SimulatedNetworkTest, aConnectionMayGoWhileDataIsOnTheWay) {
    FaultKit kit;
    Ends ends = kit.connection();
    EXPECT_EQ(kit.send(ends.near, "last words"), 10);
    EXPECT_EQ(kit.driver().closeNow(ends.near), 0);
    EXPECT_EQ(kit.far().receive(ends.far, 100), "");
    kit.pass(1s);
    EXPECT_EQ(kit.far().receive(ends.far, 100), "last words");
    Room<8> room;
    EXPECT_EQ(kit.far().receive(ends.far, room.bytes), 0);
}

TEST(SimulatedNetworkTest, aWorldMayEndWithDataOnTheWay) {
    std::uint64_t events = 0;
    {
        FaultKit kit;
        Ends ends = kit.connection();
        kit.simulation().partition(kit.nearHost(), kit.farHost(), 1h);
        EXPECT_EQ(kit.send(ends.near, std::string(300'000, 'x')), 256 * 1024);
        EXPECT_EQ(kit.far().send(ends.far, "from there"), 10);
        events = kit.simulation().events();
    }
    EXPECT_GT(events, 0u);
}

/// What happens in a world of chance: each of two hosts sends to the other while everything
/// strikes.
struct Outcome {
    std::uint64_t digest = 0;
    std::uint64_t events = 0;
    Faults::Counts counts{};
    Choices::Tape tape;
};

Outcome runWith(Choices choices) {
    Simulation world(std::move(choices));
    SimulatedHost& host = world.addHost();
    DriverOptions options;
    options.source = &host;
    auto driver = Driver::create(options);
    int fds[2];
    EXPECT_EQ(host.kernel().socketPair(fds), 0);
    std::vector<Probe> probes(50);
    Room<16> room;
    for (std::size_t i = 0; i < probes.size(); ++i) {
        if (i % 2 == 0) {
            probes[i].prepareSend(fds[0], asBytes("hello"));
        } else {
            probes[i].prepareRecv(fds[1], room.bytes);
        }
        driver->submit(probes[i]);
        if (i % 3 == 0) driver->cancel(probes[i]);
        driver->wait(1ms);
    }
    for (Probe& each : probes) driver->cancel(each);
    for (int turn = 0; driver->stats().inFlight > 0 && turn < 1000; ++turn) driver->wait(1s);
    EXPECT_EQ(driver->stats().inFlight, 0u);
    for (int fd : fds) driver->closeNow(fd);
    driver.reset();
    EXPECT_EQ(world.violations(), std::vector<std::string>{});
    return {world.digest(), world.events(), world.faults().counts(), world.choices().tape()};
}

TEST(SimulatedChanceTest, aSeedGivesTheSameRunAgainAndAnotherSeedAnother) {
    std::set<std::uint64_t> digests;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        Outcome run = runWith(Choices(seed));
        Outcome again = runWith(Choices(seed));
        EXPECT_EQ(run.digest, again.digest) << seed;
        EXPECT_EQ(run.counts, again.counts) << seed;
        EXPECT_GT(run.events, 0u);
        digests.insert(run.digest);
    }
    EXPECT_GT(digests.size(), 15u);
}

TEST(SimulatedChanceTest, theTapeOfARunGivesItAgain) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        Outcome run = runWith(Choices(seed));
        Outcome again = runWith(Choices(run.tape));
        EXPECT_EQ(run.digest, again.digest) << seed;
        EXPECT_EQ(run.counts, again.counts) << seed;
    }
}

TEST(SimulatedChanceTest, anEmptyTapeIsAKindWorld) {
    Outcome run = runWith(Choices(Choices::Tape()));
    EXPECT_EQ(run.counts, Faults::Counts{});
    EXPECT_GT(run.events, 0u);
}

TEST(SimulatedViolationTest, aDescriptorThatIsClosedTwiceIsSeen) {
    FaultKit kit;
    int fd = kit.driver().openSocket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(kit.driver().closeNow(fd), 0);
    EXPECT_TRUE(kit.simulation().violations().empty());
    EXPECT_EQ(kit.driver().closeNow(fd), -EBADF);
    EXPECT_EQ(kit.simulation().violations().size(), 1u);
}

TEST(SimulatedViolationTest, anOperationOnAClosedDescriptorIsSeen) {
    FaultKit kit;
    EXPECT_EQ(kit.receive(detail::SimKernel::firstDescriptor + 7), -EBADF);
    EXPECT_EQ(kit.simulation().violations(),
              std::vector<std::string>{"recv on a closed descriptor"});
}

TEST(SimulatedViolationTest, memoryThatChangesWhileItIsSentIsSeen) {
    FaultKit kit;
    Ends ends = kit.connection();
    std::string text = "to be sent";
    Probe& send = kit.probe();
    send.prepareSend(ends.near, asBytes(text));
    kit.driver().submit(send);
    text[3] = '!';
    EXPECT_TRUE(kit.until([&] { return send.hasEnded(); }));
    EXPECT_EQ(kit.simulation().violations(),
              std::vector<std::string>{"what a send was to send changed while it was in flight"});
}

TEST(SimulatedViolationTest, whatAProgramFindsItselfIsKept) {
    Simulation world;
    world.violate("bytes were lost");
    EXPECT_EQ(world.violations(), std::vector<std::string>{"bytes were lost"});
}

using SimulatedViolationDeathTest = ::testing::Test;

TEST(SimulatedViolationDeathTest, aDescriptorMustNotBeClosedWhileAnOperationWaitsOnIt) {
    FaultKit kit;
    Ends ends = kit.connection();
    Probe& multi = kit.probe();
    multi.prepareRecvMulti(ends.near);
    kit.driver().submit(multi);
    EXPECT_DEATH(kit.driver().closeNow(ends.near), "closed while an operation waited on it");
    kit.driver().wait(Duration::zero());
    EXPECT_DEATH(kit.driver().closeNow(ends.near), "closed while an operation waited on it");
}

}  // namespace
}  // namespace wring
