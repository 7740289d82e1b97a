#pragma once

#include <wring/tests/support/driver_world.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <cerrno>
#include <csignal>
#include <functional>
#include <memory>
#include <tuple>

namespace wring::testing {

/// An operation that writes down what it is told.
struct Probe : Operation {
    Probe() : Operation(&Probe::onCompleted) {}

    std::vector<int> results;  // of all completions, the last one included
    int ends = 0;              // completions that were the last
    std::string data;          // what came as Bytes, unless kept
    bool keepsBytes = false;
    std::vector<Bytes> kept;
    std::function<void(int result)> then;

    bool hasEnded() const { return ends > 0; }
    int result() const { return results.empty() ? 1 << 30 : results.back(); }

 private:
    static void onCompleted(Operation& operation, Completion& completion) noexcept {
        Probe& self = static_cast<Probe&>(operation);
        self.results.push_back(completion.result);
        if (!completion.more) ++self.ends;
        if (self.keepsBytes && completion.bytes) {
            self.kept.push_back(std::move(completion.bytes));
        } else {
            self.data += completion.bytes.text();
        }
        if (self.then) self.then(completion.result);
    }
};

/// Two ends of a connection, or of a pipe: the far one is written to.
struct Ends {
    int near;  // for the driver
    int far;   // for the world's calls
};

/// Runs a test straight on a Driver, without a reactor; sees that nothing is left afterwards.
class DriverWorldTest : public ::testing::Test {
 protected:
    /// On which driver; the parameter of the test, or a part of it.
    virtual const DriverSetup& setup() const = 0;

    void SetUp() override {
        if (setup().kind == DriverKind::uring && !hasUring()) {
            GTEST_SKIP() << "this machine denies io_uring";
        }
        if (setup().isSimulated) {
            world_ = std::make_unique<SimulatedWorld>();
        } else {
            world_ = std::make_unique<RealWorld>();
        }
        descriptorsBefore_ = world_->openDescriptors();
        make(setup().options());
    }

    void TearDown() override {
        if (!driver_) return;
        EXPECT_EQ(driver_->stats().inFlight, 0u);
        for (int fd : owned_) driver_->closeNow(fd);
        EXPECT_EQ(driver_->stats().buffersLent, 0u);
        driver_.reset();
        EXPECT_EQ(world_->openDescriptors(), descriptorsBefore_);
    }

    Driver& driver() { return *driver_; }
    World& world() { return *world_; }
    void make(DriverOptions options) {
        driver_.reset();
        options.source = world_->source();
        driver_ = Driver::create(options);
    }
    void makeWithBuffers(std::uint32_t initial, std::uint32_t most, std::uint32_t bytes) {
        DriverOptions options = setup().options();
        options.buffersInitial = initial;
        options.buffersMax = most;
        options.bufferBytes = bytes;
        make(options);
    }
    void destroyDriver() {
        for (int fd : owned_) driver_->closeNow(fd);
        owned_.clear();
        driver_.reset();
    }

    /// Waits until `holds`, at most five seconds; gives whether it does.
    template <class Condition>
    bool until(Condition holds) {
        const Time limit = driver_->now() + std::chrono::seconds(5);
        while (!holds()) {
            if (driver_->now() >= limit) return false;
            driver_->wait(std::chrono::milliseconds(100));
        }
        return true;
    }
    bool untilEnd(const Probe& probe) {
        return until([&] { return probe.hasEnded(); });
    }
    bool untilNothingIsInFlight() {
        return until([&] { return driver_->stats().inFlight == 0; });
    }
    /// Takes a few turns that do not wait: whatever could happen by now has happened.
    void settle() {
        for (int turn = 0; turn < 5; ++turn) driver_->wait(Duration::zero());
    }
    /// Waits until poll(2) tells `mask` of `fd`: what goes over the network may take a moment.
    bool untilReadiness(int fd, unsigned mask) {
        const Time limit = driver_->now() + std::chrono::seconds(5);
        while (world_->readiness(fd) != mask) {
            if (driver_->now() >= limit) return false;
            driver_->wait(std::chrono::milliseconds(1));
        }
        return true;
    }
    /// Submits it and gives the result it ends with.
    int resultOf(Probe& probe) {
        int before = probe.ends;
        driver_->submit(probe);
        EXPECT_TRUE(until([&] { return probe.ends > before; })) << "it waits";
        if (probe.inFlight()) {
            driver_->cancel(probe);
            untilEnd(probe);
            return 1 << 30;
        }
        return probe.result();
    }

    int own(int fd) {
        EXPECT_GE(fd, 0);
        owned_.push_back(fd);
        return fd;
    }
    void closeOwned(int fd) {
        std::erase(owned_, fd);
        driver_->closeNow(fd);
    }
    void disown(int fd) { std::erase(owned_, fd); }

    Ends socketPair() {
        int fds[2] = {-1, -1};
        EXPECT_EQ(world_->socketpair(fds), 0);
        return {own(fds[0]), own(fds[1])};
    }
    Ends pipe() {
        int fds[2] = {-1, -1};
        EXPECT_EQ(world_->pipe(fds), 0);
        return {own(fds[0]), own(fds[1])};
    }
    /// A file that has no name any more.
    int file(std::string_view contents) { return own(world_->file(contents)); }
    int socket(int family = AF_INET) { return own(driver_->openSocket(family, SOCK_STREAM, 0)); }
    static sockaddr_in loopback(std::uint16_t port = 0) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
        return address;
    }
    /// A bound socket; `backlog` 0 does not listen.
    int listener(int backlog = 128) {
        int fd = socket();
        const sockaddr_in address = loopback();
        EXPECT_EQ(driver_->bind(fd, &address, sizeof address), 0);
        EXPECT_EQ(backlog > 0 ? driver_->listen(fd, backlog) : 0, 0);
        return fd;
    }
    sockaddr_in addressOf(int fd) {
        sockaddr_in address{};
        std::size_t bytes = sizeof address;
        EXPECT_EQ(driver_->getSocketName(fd, &address, bytes), 0);
        EXPECT_EQ(bytes, sizeof address);
        return address;
    }
    /// Connects without the driver; loopback needs nobody to accept.
    int dial(int listener) {
        const sockaddr_in address = addressOf(listener);
        int fd = own(world_->socket(AF_INET));
        EXPECT_EQ(world_->connect(fd, &address, sizeof address), 0);
        return fd;
    }
    Ends tcpPair() {
        int port = listener();
        int far = dial(port);
        int near = own(world_->accept(port));
        closeOwned(port);
        return {near, far};
    }
    /// Closes with a reset instead of a FIN.
    void reset(int fd) {
        const linger hard{1, 0};
        EXPECT_EQ(driver_->setOption(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
        closeOwned(fd);
    }
    void finish(int fd) { EXPECT_EQ(driver_->shutdownNow(fd, SHUT_WR), 0); }

    void put(int fd, std::string_view text) {
        EXPECT_EQ(world_->send(fd, text), static_cast<int>(text.size()));
    }
    std::string take(int fd, std::size_t most = 4096) {
        std::string text(most, '\0');
        int got = world_->receive(fd, {reinterpret_cast<std::byte*>(text.data()), most});
        text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return text;
    }
    /// Writes until nothing more goes in; gives how much that was.
    std::size_t fill(int fd) {
        const std::string block(65536, 'x');
        std::size_t total = 0;
        for (int sent; (sent = world_->send(fd, block)) > 0;) {
            total += static_cast<std::size_t>(sent);
        }
        return total;
    }

    /// The same on a network, where a late answer makes room once more.
    std::size_t fillUp(int fd) {
        std::size_t total = fill(fd);
        for (int quiet = 0; quiet < 3; ++quiet) {
            driver_->wait(std::chrono::milliseconds(1));
            std::size_t more = fill(fd);
            total += more;
            if (more > 0) quiet = 0;
        }
        return total;
    }

 private:
    std::unique_ptr<World> world_;
    std::unique_ptr<Driver> driver_;
    std::vector<int> owned_;
    int descriptorsBefore_ = 0;
};

/// A test that is run on one driver after the other.
class DriverTest : public DriverWorldTest, public ::testing::WithParamInterface<DriverSetup> {
 protected:
    const DriverSetup& setup() const override { return GetParam(); }
};

/// A test that is run for each row of a table, on one driver after the other. A row has a `name`.
template <class Row>
class DriverTableTest : public DriverWorldTest,
                        public ::testing::WithParamInterface<std::tuple<DriverSetup, Row>> {
 public:
    static std::string nameOf(const ::testing::TestParamInfo<std::tuple<DriverSetup, Row>>& info) {
        return std::get<0>(info.param).name + "_" + std::get<1>(info.param).name;
    }

 protected:
    const DriverSetup& setup() const override { return std::get<0>(this->GetParam()); }
    const Row& row() const { return std::get<1>(this->GetParam()); }
};

/// The drivers of this kernel, with each feature off and with the sets of older kernels, and the
/// simulated one.
inline std::vector<DriverSetup> everyDriver() {
    std::vector<DriverSetup> drivers = allDrivers();
    drivers.push_back({"uringWithoutBufferRings", DriverKind::uring, {"bufring"}});
    drivers.push_back(
        {"uringOfLinux60", DriverKind::uring, {"defer_taskrun", "inline_send", "joined_buffers"}});
    drivers.push_back({"sim", DriverKind::automatic, {}, true});
    drivers.push_back({"simWithoutInlineSend", DriverKind::automatic, {"inline_send"}, true});
    return drivers;
}

/// One of each kind and of each kernel's age: for large tables.
inline std::vector<DriverSetup> differentDrivers() {
    std::vector<DriverSetup> drivers = everyDriver();
    std::erase_if(drivers, [](const DriverSetup& each) {
        return each.name.find("Without") != std::string::npos;
    });
    return drivers;
}

/// Those that hand sends over in batches, the simulated one included.
inline std::vector<DriverSetup> everyBatchingDriver() {
    std::vector<DriverSetup> drivers = batchingDrivers();
    drivers.push_back({"epoll", DriverKind::epoll, {}});
    drivers.push_back({"sim", DriverKind::automatic, {}, true});
    return drivers;
}

/// While it lives SIGPIPE is ignored: a write to what is shut raises it, whoever asks for the
/// write.
class NoBrokenPipeSignals {
 public:
    NoBrokenPipeSignals() : before_(std::signal(SIGPIPE, SIG_IGN)) {}
    NoBrokenPipeSignals(const NoBrokenPipeSignals&) = delete;
    NoBrokenPipeSignals& operator=(const NoBrokenPipeSignals&) = delete;
    ~NoBrokenPipeSignals() { std::signal(SIGPIPE, before_); }

 private:
    void (*before_)(int);
};

/// Room to receive into.
template <std::size_t Size>
struct Room {
    std::byte bytes[Size]{};
    std::string_view text(int size) const {
        return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
    }
};

}  // namespace wring::testing
