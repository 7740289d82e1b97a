#pragma once

#include <wring/runtime/detail/sim_kernel.hpp>
#include <wring/runtime/simulation.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>
#include <string>

namespace wring::testing {

/// What a test asks poll(2) about.
constexpr short pollable = POLLIN | POLLOUT | POLLRDHUP | POLLPRI;

/// What a test of drivers does without the driver: it makes descriptors and plays the far end. The
/// calls are those of their names; they never wait, and give the result or a negative errno.
class World {
 public:
    virtual ~World() = default;
    /// What makes the drivers of this world; null for the machine's kernel.
    virtual IDriverSource* source() { return nullptr; }

    virtual int socketpair(int (&fds)[2]) = 0;
    virtual int pipe(int (&fds)[2]) = 0;
    /// A file without a name that has this in it, its position at the end.
    virtual int file(std::string_view contents) = 0;
    virtual int readOnlyFile() = 0;
    virtual std::string contentsOf(int file) = 0;
    virtual int socket(int family) = 0;
    virtual int connect(int fd, const void* address, std::size_t bytes) = 0;
    virtual int accept(int fd) = 0;
    /// On pipes these are write and read.
    virtual int send(int fd, std::string_view text) = 0;
    virtual int receive(int fd, std::span<std::byte> into) = 0;
    /// What poll(2) tells of it now.
    virtual unsigned readiness(int fd) = 0;
    virtual bool isOpen(int fd) = 0;
    virtual int openDescriptors() = 0;
    /// While it is set no descriptor can be opened.
    virtual void setAtDescriptorLimit(bool isAtLimit) = 0;
};

/// The kernel that this process runs on.
class RealWorld final : public World {
 public:
    int socketpair(int (&fds)[2]) override {
        return result(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
    }
    int pipe(int (&fds)[2]) override { return result(::pipe2(fds, O_CLOEXEC)); }
    int file(std::string_view contents) override {
        char name[] = "/tmp/wring_test_XXXXXX";
        int fd = ::mkostemp(name, O_CLOEXEC);
        ::unlink(name);
        EXPECT_EQ(::write(fd, contents.data(), contents.size()),
                  static_cast<ssize_t>(contents.size()));
        return fd;
    }
    int readOnlyFile() override { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
    std::string contentsOf(int file) override {
        std::string text(4096, '\0');
        text.resize(static_cast<std::size_t>(::pread(file, text.data(), text.size(), 0)));
        return text;
    }
    int socket(int family) override {
        return result(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    }
    int connect(int fd, const void* address, std::size_t bytes) override {
        return result(
            ::connect(fd, static_cast<const sockaddr*>(address), static_cast<socklen_t>(bytes)));
    }
    int accept(int fd) override {
        if (!isReady(fd, POLLIN)) return -EAGAIN;
        return result(::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC));
    }
    int send(int fd, std::string_view text) override {
        int sent = result(::send(fd, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
        if (sent != -ENOTSOCK) return sent;
        if (!isReady(fd, POLLOUT)) return -EAGAIN;
        return result(::write(fd, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF)));
    }
    int receive(int fd, std::span<std::byte> into) override {
        int got = result(::recv(fd, into.data(), into.size(), MSG_DONTWAIT));
        if (got != -ENOTSOCK) return got;
        return isReady(fd, POLLIN) ? result(::read(fd, into.data(), into.size())) : -EAGAIN;
    }
    unsigned readiness(int fd) override {
        pollfd one{fd, pollable, 0};
        EXPECT_GE(::poll(&one, 1, 0), 0);
        return static_cast<unsigned short>(one.revents);
    }
    bool isOpen(int fd) override { return ::fcntl(fd, F_GETFD) != -1; }
    int openDescriptors() override { return testing::openDescriptors(); }
    void setAtDescriptorLimit(bool isAtLimit) override {
        if (!isAtLimit) {
            EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &limitBefore_), 0);
            return;
        }
        EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &limitBefore_), 0);
        int lowest = ::dup(0);  // all below are taken
        ::close(lowest);
        const rlimit low{static_cast<rlim_t>(lowest), limitBefore_.rlim_max};
        EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
    }

 private:
    template <class Number>
    static int result(Number number) {
        return number < 0 ? -errno : static_cast<int>(number);
    }
    static bool isReady(int fd, short what) {
        pollfd one{fd, what, 0};
        return ::poll(&one, 1, 0) == 1;
    }
    rlimit limitBefore_{};
};

/// A host of a simulation in which nothing goes wrong by itself.
class SimulatedWorld final : public World {
 public:
    Simulation& simulation() { return simulation_; }
    SimulatedHost& host() { return host_; }
    IDriverSource* source() override { return &host_; }

    int socketpair(int (&fds)[2]) override { return kernel().socketPair(fds); }
    int pipe(int (&fds)[2]) override { return kernel().pipe(fds); }
    int file(std::string_view contents) override {
        int fd = kernel().file("");
        EXPECT_EQ(kernel().send(fd, contents), static_cast<int>(contents.size()));
        return fd;
    }
    int readOnlyFile() override { return kernel().file("", false); }
    std::string contentsOf(int file) override {
        std::string text(4096, '\0');
        auto* bytes = reinterpret_cast<std::byte*>(text.data());
        int size = kernel().object(file)->read({bytes, text.size()}, 0);
        text.resize(static_cast<std::size_t>(size));
        return text;
    }
    int socket(int family) override { return kernel().socket(family, SOCK_STREAM); }
    int connect(int fd, const void* address, std::size_t bytes) override {
        return kernel().connect(fd, address, bytes);
    }
    int accept(int fd) override { return kernel().accept(fd); }
    int send(int fd, std::string_view text) override { return kernel().send(fd, text); }
    int receive(int fd, std::span<std::byte> into) override { return kernel().receive(fd, into); }
    unsigned readiness(int fd) override {
        return kernel().object(fd)->readiness() & (pollable | POLLERR | POLLHUP);
    }
    bool isOpen(int fd) override { return kernel().object(fd) != nullptr; }
    int openDescriptors() override { return host_.openDescriptors(); }
    void setAtDescriptorLimit(bool isAtLimit) override {
        host_.setDescriptorLimit(isAtLimit ? host_.openDescriptors() : 100'000);
    }

 private:
    detail::SimKernel& kernel() { return host_.kernel(); }
    Simulation simulation_;
    SimulatedHost& host_ = simulation_.addHost();
};

}  // namespace wring::testing
