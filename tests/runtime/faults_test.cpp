#include <wring/tests/support/driver_fixture.hpp>

#include <wring/runtime/faults.hpp>

#include <algorithm>
#include <set>

// What each fault does at the driver, where it strikes each time that it can.

namespace wring {
namespace {

using namespace std::chrono_literals;
using testing::Ends;
using testing::Probe;
using testing::Room;

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

/// A seeded world in which only one fault strikes, always, from fault() on.
class FaultKit : public ::testing::TestWithParam<Fault> {
 public:
    FaultKit() {
        simulation_.heal();
        DriverOptions options;
        options.source = &near_;
        driver_ = Driver::create(options);
        fds_.reserve(16);
    }
    ~FaultKit() override {
        simulation_.heal();
        for (Probe* each : submitted_) driver_->cancel(*each);
        until([&] { return driver_->stats().inFlight == 0; }, 10s);
        driver_.reset();
    }

    Simulation& simulation() { return simulation_; }
    Driver& driver() { return *driver_; }
    detail::SimKernel& far() { return far_.kernel(); }
    void fault(Fault which) { simulation_.faults().set(which, 1); }

    template <class Condition>
    bool until(Condition holds, Duration length = 300s) {
        const Time limit = after(driver_->now(), length);
        while (!holds() && driver_->now() < limit) driver_->wait(100ms);
        return holds();
    }
    Probe& submit(Probe& probe) {
        submitted_.push_back(&probe);
        driver_->submit(probe);
        return probe;
    }
    /// Submits it and gives what it ends with, and how long that took.
    int resultOf(Probe& probe, Duration length = 300s) {
        Time before = driver_->now();
        submit(probe);
        until([&] { return probe.hasEnded(); }, length);
        took_ = driver_->now() - before;
        return probe.result();
    }
    Duration took() const { return took_; }

    /// A listener on the far host, and a connection to it.
    void listen(int backlog = 8) {
        listener_ = far().socket(AF_INET, SOCK_STREAM);
        sockaddr_in any{};
        any.sin_family = AF_INET;
        EXPECT_EQ(far().bind(listener_, &any, sizeof any), 0);
        EXPECT_EQ(far().listen(listener_, backlog), 0);
        std::size_t bytes = sizeof address_;
        EXPECT_EQ(far().object(listener_)->name(&address_, bytes), 0);
        address_.sin_addr.s_addr = ::inet_addr(far_.address().c_str());
    }
    int connect(int fd) {
        connect_.prepareConnect(fd, &address_, sizeof address_);
        return resultOf(connect_);
    }
    Ends connection() {
        if (listener_ < 0) listen();
        Ends ends{};
        ends.near = driver_->openSocket(AF_INET, SOCK_STREAM, 0);
        EXPECT_EQ(connect(ends.near), 0);
        EXPECT_TRUE(until([&] { return (ends.far = far().accept(listener_)) >= 0; }));
        return ends;
    }
    /// The driver's own host listens; gives the listener, with a connection in its backlog.
    int ownListener() {
        int fd = driver_->openSocket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in any{};
        any.sin_family = AF_INET;
        EXPECT_EQ(driver_->bind(fd, &any, sizeof any), 0);
        EXPECT_EQ(driver_->listen(fd, 8), 0);
        sockaddr_in address{};
        std::size_t bytes = sizeof address;
        EXPECT_EQ(driver_->getSocketName(fd, &address, bytes), 0);
        address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
        int client = near_.kernel().socket(AF_INET, SOCK_STREAM);
        EXPECT_EQ(near_.kernel().connect(client, &address, sizeof address), 0);
        return fd;
    }
    /// What one accept gives while that strikes.
    int acceptDuring(Fault which) {
        int fd = ownListener();
        fault(which);
        Probe accept;
        accept.prepareAccept(fd);
        return resultOf(accept);
    }
    int receive(int fd) {
        receive_.prepareRecv(fd, room_.bytes);
        return resultOf(receive_);
    }
    int send(int fd, std::string_view text) {
        send_.prepareSend(fd, asBytes(text));
        return resultOf(send_, 1s);
    }
    int nop() {
        nop_.prepareNop();
        return resultOf(nop_, 10s);
    }
    std::string_view room(std::size_t size) const { return room_.text(static_cast<int>(size)); }

 private:
    Simulation simulation_{Choices(std::uint64_t{42})};
    SimulatedHost& near_ = simulation_.addHost();
    SimulatedHost& far_ = simulation_.addHost();
    std::unique_ptr<Driver> driver_;
    std::vector<int> fds_;
    int listener_ = -1;
    sockaddr_in address_{};
    Duration took_{};
    Probe connect_, receive_, send_, nop_;
    Room<4096> room_;
    std::vector<Probe*> submitted_;
};
