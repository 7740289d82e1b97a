#pragma once

#include <wring/tests/support/reactor_fixture.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <functional>
#include <memory>

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

/// Two ends of a connection.
struct Ends {
    int near;  // for the driver
    int far;   // for plain calls
};

/// Runs a test straight on a Driver, without a reactor; sees that nothing is left afterwards.
class DriverTest : public ::testing::TestWithParam<DriverSetup> {
 protected:
    void SetUp() override {
        if (GetParam().kind == DriverKind::uring && !hasUring()) {
            GTEST_SKIP() << "this machine denies io_uring";
        }
        descriptorsBefore_ = openDescriptors();
        make(GetParam().options());
    }

    void TearDown() override {
        if (!driver_) return;
        EXPECT_EQ(driver_->stats().inFlight, 0u);
        for (int fd : owned_) driver_->closeNow(fd);
        EXPECT_EQ(driver_->stats().buffersLent, 0u);
        driver_.reset();
        EXPECT_EQ(openDescriptors(), descriptorsBefore_);
    }

    Driver& driver() { return *driver_; }
    void make(const DriverOptions& options) {
        driver_.reset();
        driver_ = Driver::create(options);
    }
    void makeWithBuffers(std::uint32_t initial, std::uint32_t most, std::uint32_t bytes) {
        DriverOptions options = GetParam().options();
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
    /// Takes a few turns that do not wait: whatever could happen by now has happened.
    void settle() {
        for (int turn = 0; turn < 5; ++turn) driver_->wait(Duration::zero());
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
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        return {own(fds[0]), own(fds[1])};
    }
    Ends pipe() {
        int fds[2] = {-1, -1};
        EXPECT_EQ(::pipe2(fds, O_CLOEXEC), 0);
        return {own(fds[0]), own(fds[1])};
    }
    /// A bound socket; `backlog` 0 does not listen.
    int listener(int backlog = 128) {
        int fd = own(driver_->openSocket(AF_INET, SOCK_STREAM, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
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
    /// Connects with plain calls; loopback needs nobody to accept.
    int dial(int listener) {
        const sockaddr_in address = addressOf(listener);
        int fd = own(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        return fd;
    }
    Ends tcpPair() {
        int port = listener();
        int far = dial(port);
        int near = own(::accept4(port, nullptr, nullptr, SOCK_CLOEXEC));
        closeOwned(port);
        return {near, far};
    }
    /// Closes with a reset instead of a FIN.
    void reset(int fd) {
        const linger hard{1, 0};
        EXPECT_EQ(::setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
        closeOwned(fd);
    }

    static void put(int fd, std::string_view text) {
        EXPECT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    static std::string take(int fd, std::size_t most = 4096) {
        std::string text(most, '\0');
        ssize_t got = ::recv(fd, text.data(), most, MSG_DONTWAIT);
        text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return text;
    }
    /// Writes until nothing more goes in; gives how much that was.
    static std::size_t fill(int fd) {
        const std::string block(65536, 'x');
        std::size_t total = 0;
        for (ssize_t sent; (sent = ::send(fd, block.data(), block.size(), MSG_DONTWAIT)) > 0;) {
            total += static_cast<std::size_t>(sent);
        }
        return total;
    }

 private:
    std::unique_ptr<Driver> driver_;
    std::vector<int> owned_;
    int descriptorsBefore_ = 0;
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
