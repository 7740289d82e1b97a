#include <wring/tests/support/fault_kit.hpp>

#include <algorithm>
#include <set>

// What each fault does at the driver, where it strikes each time that it can.

namespace wring {
namespace {

using namespace std::chrono_literals;
using testing::Ends;
using testing::FaultKit;
using testing::Probe;

TEST(FaultsTest, nothingStrikesThatWasNotAskedFor) {
    Choices choices(std::uint64_t{1});
    Faults faults(choices, false);
    for (int i = 0; i < 1000; ++i) EXPECT_FALSE(faults.strikes(Fault::reset));
    EXPECT_EQ(faults.counts()[static_cast<std::size_t>(Fault::reset)], 0u);
    EXPECT_TRUE(choices.tape().empty());
}

TEST(FaultsTest, whatIsSetStrikesSoOftenAndIsCountedUntilItIsHealed) {
    Choices choices(std::uint64_t{1});
    Faults faults(choices, false);
    faults.set(Fault::reset, 10);
    int struck = 0;
    for (int i = 0; i < 1000; ++i) struck += faults.strikes(Fault::reset);
    EXPECT_NEAR(struck, 100, 50);
    EXPECT_EQ(faults.counts()[static_cast<std::size_t>(Fault::reset)],
              static_cast<std::uint64_t>(struck));
    faults.set(Fault::reset, 1);
    EXPECT_TRUE(faults.strikes(Fault::reset));
    faults.heal();
    EXPECT_FALSE(faults.strikes(Fault::reset));
}

TEST(FaultsTest, anUnkindWorldHasSomeOfThemAndOverManySeedsAll) {
    std::set<std::size_t> seen;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Choices choices(seed);
        Faults faults(choices, true);
        std::size_t some = 0;
        for (std::size_t i = 0; i < Faults::count; ++i) {
            bool struck = false;
            for (int tries = 0; tries < 400 && !struck; ++tries) {
                struck = faults.strikes(static_cast<Fault>(i));
            }
            if (struck) seen.insert(i);
            some += struck;
        }
        EXPECT_LT(some, Faults::count) << "in seed " << seed;
    }
    EXPECT_EQ(seen.size(), Faults::count);
}

TEST(FaultsTest, eachHasANameOfItsOwn) {
    std::set<std::string> names;
    for (std::size_t i = 0; i < Faults::count; ++i) names.insert(faultName(static_cast<Fault>(i)));
    EXPECT_EQ(names.size(), Faults::count);
    EXPECT_TRUE(names.count("shortReceive") && names.count("clockStep"));
}

/// What is seen of a fault.
struct Effect {
    Fault fault;
    bool (*isSeen)(FaultKit& kit);
};

void PrintTo(const Effect& effect, std::ostream* out) { *out << faultName(effect.fault); }

bool isOneOf(int result, int one, int other) { return result == -one || result == -other; }

int acceptDuring(FaultKit& k, Fault which) {
    int fd = k.ownListener();
    k.fault(which);
    Probe& accept = k.probe();
    accept.prepareAccept(fd);
    return k.resultOf(accept);
}

/// The longest that a cancel of a receive took, of ten.
Duration longestCancelDuring(FaultKit& k, Fault which) {
    Ends ends = k.connection();
    k.fault(which);
    Duration longest{};
    for (int i = 0; i < 10; ++i) {
        Probe& multi = k.probe();
        multi.prepareRecvMulti(ends.near);
        k.driver().submit(multi);
        k.driver().wait(Duration::zero());
        Time before = k.driver().now();
        k.driver().cancel(multi);
        EXPECT_TRUE(k.until([&] { return multi.hasEnded(); }));
        longest = std::max(longest, k.driver().now() - before);
    }
    return longest;
}

bool isSlowerDuring(FaultKit& k, Fault which, int times) {
    Ends ends = k.connection();
    Duration before = k.timeFromFar(ends);
    k.fault(which);
    return k.timeFromFar(ends) > before * times + 500us;
}

Duration waitOfASecondDuring(FaultKit& k, Fault which) {
    k.fault(which);
    Time before = k.driver().now();
    EXPECT_EQ(k.driver().wait(1s), 0u);
    return k.driver().now() - before;
}

const std::vector<Effect> kernelEffects = {
    {Fault::shortReceive,
     [](FaultKit& k) {
         Ends ends = k.connection();
         k.far().send(ends.far, std::string(8000, 'x'));
         k.pass(1s);
         k.fault(Fault::shortReceive);
         int got = k.receive(ends.near);
         return got > 0 && got < 4096;
     }},
    {Fault::shortSend,
     [](FaultKit& k) {
         Ends ends = k.connection();
         k.fault(Fault::shortSend);
         int sent = k.send(ends.near, std::string(1000, 'x'));
         return sent > 0 && sent < 1000;
     }},
    {Fault::fullSend,
     [](FaultKit& k) {
         Ends ends = k.connection();
         k.fault(Fault::fullSend);
         Probe& send = k.probe();
         send.prepareSend(ends.near, asBytes("x"));
         k.driver().submit(send);
         k.pass(1s);
         bool hasWaited = !send.hasEnded();
         k.simulation().heal();
         return k.until([&] { return send.result() == 1; }) && hasWaited;
     }},
    {Fault::interruptedWait,
     [](FaultKit& k) { return waitOfASecondDuring(k, Fault::interruptedWait) < 1s; }},
    {Fault::lateWake, [](FaultKit& k) { return waitOfASecondDuring(k, Fault::lateWake) > 1s; }},
    {Fault::lateCompletion,
     [](FaultKit& k) {
         k.fault(Fault::lateCompletion);
         Duration longest{};
         for (int i = 0; i < 20; ++i) {
             EXPECT_EQ(k.nop(), 0);
             longest = std::max(longest, k.took());
         }
         return longest > 1ms;
     }},
    {Fault::reorderedCompletion,
     [](FaultKit& k) {
         k.fault(Fault::reorderedCompletion);
         std::vector<int> order;
         for (int i = 0; i < 20; ++i) {
             Probe& nop = k.probe();
             nop.prepareNop();
             nop.then = [&order, i](int) { order.push_back(i); };
             k.driver().submit(nop);
         }
         bool areTold = k.until([&] { return order.size() == 20; });
         return areTold && !std::is_sorted(order.begin(), order.end());
     }},
    {Fault::smallBatch,
     [](FaultKit& k) {
         k.fault(Fault::smallBatch);
         for (int i = 0; i < 3; ++i) {
             Probe& nop = k.probe();
             nop.prepareNop();
             k.driver().submit(nop);
         }
         return k.driver().wait(1s) == 1 && k.driver().wait(1s) == 1;
     }},
    {Fault::completionOverflow,
     [](FaultKit& k) {
         k.fault(Fault::completionOverflow);
         return k.nop(1s) != 0 && k.driver().stats().overflows > 0;
     }},
    {Fault::lateStart,
     [](FaultKit& k) {
         k.fault(Fault::lateStart);
         return k.nop(10ms) != 0;
     }},
    {Fault::endedMultishot,
     [](FaultKit& k) {
         Ends ends = k.connection();
         k.fault(Fault::endedMultishot);
         Probe& multi = k.probe();
         multi.prepareRecvMulti(ends.near);
         k.driver().submit(multi);
         k.far().send(ends.far, "one ");
         EXPECT_TRUE(k.until([&] { return multi.data == "one "; }));
         k.far().send(ends.far, "two");
         return k.until([&] { return multi.data == "one two"; }) && !multi.hasEnded();
     }},
    {Fault::lateCancel,
     [](FaultKit& k) { return longestCancelDuring(k, Fault::lateCancel) > 1ms; }},
    {Fault::slowCancel,
     [](FaultKit& k) { return longestCancelDuring(k, Fault::slowCancel) > 100ms; }},
    {Fault::unaskedCancel,
     [](FaultKit& k) {
         Ends ends = k.connection();
         k.fault(Fault::unaskedCancel);
         return k.receive(ends.near) == -ECANCELED;
     }},
    {Fault::receiveNoMemory,
     [](FaultKit& k) {
         Ends ends = k.connection();
         k.fault(Fault::receiveNoMemory);
         k.far().send(ends.far, "x");
         return isOneOf(k.receive(ends.near), ENOBUFS, ENOMEM);
     }},
    {Fault::sendNoMemory,
     [](FaultKit& k) {
         Ends ends = k.connection();
         k.fault(Fault::sendNoMemory);
         return isOneOf(k.send(ends.near, "x"), ENOBUFS, ENOMEM);
     }},
    {Fault::noReceiveBuffer,
     [](FaultKit& k) {
         Ends ends = k.connection();
         k.fault(Fault::noReceiveBuffer);
         Probe& multi = k.probe();
         multi.prepareRecvMulti(ends.near);
         k.driver().submit(multi);
         k.far().send(ends.far, "data");
         k.pass(100ms);
         bool isStarved = multi.data.empty() && k.driver().stats().starvations > 0;
         k.simulation().heal();
         return k.until([&] { return multi.data == "data"; }) && isStarved;
     }},
    {Fault::scribbledBuffer,
     [](FaultKit& k) {
         Ends ends = k.connection();
         k.fault(Fault::scribbledBuffer);
         std::string memory(8, 'm');
         Probe& recv = k.probe();
         recv.prepareRecv(ends.near, {reinterpret_cast<std::byte*>(memory.data()), 8});
         k.driver().submit(recv);
         bool isTouched = memory == std::string(8, '\xdb');
         k.far().send(ends.far, "data");
         return k.until([&] { return recv.result() == 4; }) && isTouched &&
                memory == "data" + std::string(4, '\xdb');
     }},
    {Fault::acceptAborted,
     [](FaultKit& k) {
         return isOneOf(acceptDuring(k, Fault::acceptAborted), ECONNABORTED, EPROTO);
     }},
    {Fault::acceptNoDescriptor,
     [](FaultKit& k) {
         return isOneOf(acceptDuring(k, Fault::acceptNoDescriptor), EMFILE, ENFILE);
     }},
    {Fault::acceptNoMemory,
     [](FaultKit& k) { return isOneOf(acceptDuring(k, Fault::acceptNoMemory), ENOBUFS, ENOMEM); }},
    {Fault::socketNoDescriptor,
     [](FaultKit& k) {
         k.fault(Fault::socketNoDescriptor);
         return k.driver().openSocket(AF_INET, SOCK_STREAM, 0) == -EMFILE;
     }},
    {Fault::clockStep,
     [](FaultKit& k) {
         k.fault(Fault::clockStep);
         Time before = k.driver().now();
         for (int i = 0; i < 10; ++i) k.driver().wait(Duration::zero());
         return k.driver().now() - before > 1ms;
     }},
};

int connectDuring(FaultKit& k, Fault which) {
    int fd = k.driver().openSocket(AF_INET, SOCK_STREAM, 0);
    k.fault(which);
    return k.connect(fd);
}

/// What comes to the far host of so many datagrams "a", "b", …
std::string textsDuring(FaultKit& k, Fault which, int count) {
    sockaddr_in address = k.farAddress(7);
    int far = k.far().socket(AF_INET, SOCK_DGRAM);
    EXPECT_EQ(k.far().bind(far, &address, sizeof address), 0);
    int near = k.driver().openSocket(AF_INET, SOCK_DGRAM, 0);
    EXPECT_EQ(k.driver().connectNow(near, &address, sizeof address), 0);
    k.fault(which);
    for (int i = 0; i < count; ++i)
        EXPECT_EQ(k.send(near, std::string(1, "abcdefghijklmnop"[i])), 1);
    k.pass(1s);
    std::string all;
    for (std::string each; !(each = k.far().receive(far, 10)).empty();) all += each;
    return all;
}

const std::vector<Effect> networkEffects = {
    {Fault::connectRefused,
     [](FaultKit& k) { return connectDuring(k, Fault::connectRefused) == -ECONNREFUSED; }},
    {Fault::connectUnreachable,
     [](FaultKit& k) {
         return isOneOf(connectDuring(k, Fault::connectUnreachable), EHOSTUNREACH, ENETUNREACH);
     }},
    {Fault::connectBlackHole,
     [](FaultKit& k) {
         return connectDuring(k, Fault::connectBlackHole) == -ETIMEDOUT && k.took() > 100s;
     }},
    {Fault::droppedSyn,
     [](FaultKit& k) {
         return connectDuring(k, Fault::droppedSyn) == -ETIMEDOUT && k.took() > 100s;
     }},
    {Fault::fullBacklog,
     [](FaultKit& k) {
         return connectDuring(k, Fault::fullBacklog) == -ETIMEDOUT && k.took() > 100s;
     }},
    {Fault::reset,
     [](FaultKit& k) {
         Ends ends = k.connection();
         k.fault(Fault::reset);
         EXPECT_EQ(k.send(ends.near, "x"), 1);
         return k.receive(ends.near) == -ECONNRESET && k.receive(ends.near) == 0;
     }},
    {Fault::slowSegment, [](FaultKit& k) { return isSlowerDuring(k, Fault::slowSegment, 50); }},
    {Fault::smallSegments,
     [](FaultKit& k) {
         Ends ends = k.connection();
         k.fault(Fault::smallSegments);
         std::uint64_t before = k.simulation().events();
         k.far().send(ends.far, std::string(1000, 'x'));
         k.pass(1s);
         bool isInPieces = k.simulation().events() > before + 2;
         return k.receive(ends.near) == 1000 && isInPieces;
     }},
    {Fault::smallSendBuffer,
     [](FaultKit& k) {
         k.fault(Fault::smallSendBuffer);
         int sent = k.send(k.unhealedConnection().near, std::string(100'000, 'x'));
         return sent > 0 && sent <= 8193;
     }},
    {Fault::smallReceiveBuffer,
     [](FaultKit& k) {
         k.fault(Fault::smallReceiveBuffer);
         Ends ends = k.unhealedConnection();
         EXPECT_EQ(k.send(ends.near, std::string(100'000, 'x')), 100'000);
         k.pass(10s);
         std::size_t arrived = k.far().receive(ends.far, 100'000).size();
         return arrived > 0 && arrived <= 8193;
     }},
    {Fault::cloggedDirection,
     [](FaultKit& k) { return isSlowerDuring(k, Fault::cloggedDirection, 1); }},
    {Fault::partition, [](FaultKit& k) { return isSlowerDuring(k, Fault::partition, 1); }},
    {Fault::lostDatagram, [](FaultKit& k) { return textsDuring(k, Fault::lostDatagram, 3) == ""; }},
    {Fault::doubledDatagram,
     [](FaultKit& k) { return textsDuring(k, Fault::doubledDatagram, 3) == "aabbcc"; }},
    {Fault::overtakenDatagram,
     [](FaultKit& k) {
         std::string all = "abcdefghijklmnop", came;
         came = textsDuring(k, Fault::overtakenDatagram, 16);
         bool isOther = came != all;
         std::sort(came.begin(), came.end());
         return isOther && came == all;
     }},
};

class FaultEffectTest : public ::testing::TestWithParam<Effect> {
 public:
    static std::string nameOf(const ::testing::TestParamInfo<Effect>& info) {
        return faultName(info.param.fault);
    }
};

TEST_P(FaultEffectTest, isSeenAndCounted) {
    FaultKit kit;
    EXPECT_TRUE(GetParam().isSeen(kit));
    auto index = static_cast<std::size_t>(GetParam().fault);
    EXPECT_GT(kit.simulation().faults().counts()[index], 0u);
    EXPECT_EQ(kit.simulation().violations(), std::vector<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(Kernel, FaultEffectTest, ::testing::ValuesIn(kernelEffects),
                         FaultEffectTest::nameOf);
INSTANTIATE_TEST_SUITE_P(Network, FaultEffectTest, ::testing::ValuesIn(networkEffects),
                         FaultEffectTest::nameOf);

TEST(FaultsTest, theEffectOfEachIsTested) {
    EXPECT_EQ(kernelEffects.size() + networkEffects.size(), Faults::count);
}

}  // namespace
}  // namespace wring
