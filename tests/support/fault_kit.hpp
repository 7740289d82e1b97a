#pragma once

#include <wring/runtime/faults.hpp>
#include <wring/tests/support/driver_fixture.hpp>

#include <deque>

namespace wring::testing {

/// Two hosts of a simulation: one with a driver, a far one that is moved by hand. Nothing goes
/// wrong but what is asked for.
class FaultKit {
 public:
    FaultKit() {
        simulation_.heal();
        DriverOptions options;
        options.source = &near_;
        driver_ = Driver::create(options);
    }
    FaultKit(const FaultKit&) = delete;
    FaultKit& operator=(const FaultKit&) = delete;
    ~FaultKit() {
        simulation_.heal();
        for (Probe& each : probes_) driver_->cancel(each);
        EXPECT_TRUE(until([&] { return driver_->stats().inFlight == 0; }));
        driver_.reset();
    }

    Simulation& simulation() { return simulation_; }
    Driver& driver() { return *driver_; }
    SimulatedHost& nearHost() { return near_; }
    SimulatedHost& farHost() { return far_; }
    detail::SimKernel& far() { return far_.kernel(); }
    /// From now on it strikes whenever it can.
    void fault(Fault which) { simulation_.faults().set(which, 1); }

    template <class Condition>
    bool until(Condition holds, Duration length = std::chrono::seconds(300)) {
        const Time limit = after(driver_->now(), length);
        while (!holds()) {
            if (driver_->now() >= limit) return false;
            driver_->wait(std::chrono::milliseconds(100));
        }
        return true;
    }
    void pass(Duration length) {
        until([] { return false; }, length);
    }
    /// An operation that lives as long as this.
    Probe& probe() { return probes_.emplace_back(); }
    /// Submits it and gives what it ends with; took() is how long that was.
    int resultOf(Probe& probe, Duration length = std::chrono::seconds(300)) {
        Time before = driver_->now();
        driver_->submit(probe);
        until([&] { return probe.hasEnded(); }, length);
        took_ = driver_->now() - before;
        return probe.result();
    }
    Duration took() const { return took_; }

    int nop(Duration length = std::chrono::seconds(10)) {
        Probe& nop = probe();
        nop.prepareNop();
        return resultOf(nop, length);
    }
    int connect(int fd) {
        if (listener_ < 0) listen();
        Probe& connect = probe();
        connect.prepareConnect(fd, &address_, sizeof address_);
        return resultOf(connect);
    }
    /// Of a new socket to the far host.
    int connect() { return connect(driver_->openSocket(AF_INET, SOCK_STREAM, 0)); }
    Ends connection() {
        Ends ends = unhealedConnection();
        simulation_.heal();  // from now on the wires take the same time each time
        return ends;
    }
    /// One whose buffers stay as small as they were made.
    Ends unhealedConnection() {
        Ends ends{driver_->openSocket(AF_INET, SOCK_STREAM, 0), -1};
        EXPECT_EQ(connect(ends.near), 0);
        EXPECT_TRUE(until([&] { return (ends.far = far().accept(listener_)) >= 0; }));
        return ends;
    }
    /// A listener on the host of the driver, with a connection in its backlog.
    int ownListener() {
        detail::SimKernel& kernel = near_.kernel();
        int fd = kernel.socket(AF_INET, SOCK_STREAM);
        EXPECT_EQ(kernel.listen(fd, 8), 0);
        sockaddr_in address{};
        std::size_t bytes = sizeof address;
        EXPECT_EQ(kernel.object(fd)->name(&address, bytes), 0);
        address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
        int client = kernel.socket(AF_INET, SOCK_STREAM);
        EXPECT_EQ(kernel.connect(client, &address, sizeof address), 0);
        return fd;
    }
    int receive(int fd) {
        Probe& receive = probe();
        receive.prepareRecv(fd, room_.bytes);
        return resultOf(receive);
    }
    int send(int fd, std::string_view text) {
        Probe& send = probe();
        send.prepareSend(fd, asBytes(text));
        return resultOf(send, std::chrono::seconds(1));
    }
    sockaddr_in farAddress(std::uint16_t port) const {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = ::htons(port);
        EXPECT_EQ(::inet_pton(AF_INET, far_.address().c_str(), &address.sin_addr), 1);
        return address;
    }
    /// How long data of the far host takes to here.
    Duration timeFromFar(const Ends& ends) {
        EXPECT_EQ(far().send(ends.far, "data"), 4);
        EXPECT_EQ(receive(ends.near), 4);
        return took_;
    }

 private:
    void listen() {
        listener_ = far().socket(AF_INET, SOCK_STREAM);
        EXPECT_EQ(far().listen(listener_, 8), 0);
        std::size_t bytes = sizeof address_;
        EXPECT_EQ(far().object(listener_)->name(&address_, bytes), 0);
        EXPECT_EQ(::inet_pton(AF_INET, far_.address().c_str(), &address_.sin_addr), 1);
    }

    Simulation simulation_{Choices(std::uint64_t{42})};
    SimulatedHost& near_ = simulation_.addHost();
    SimulatedHost& far_ = simulation_.addHost();
    std::unique_ptr<Driver> driver_;
    int listener_ = -1;
    sockaddr_in address_{};
    Duration took_{};
    Room<4096> room_;
    std::deque<Probe> probes_;
};

}  // namespace wring::testing
