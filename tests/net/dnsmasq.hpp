#pragma once

#include <wring/tests/support/own_loopback.hpp>
#include <wring/tests/support/streams.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <csignal>

namespace wring::testing {

/// A real name server, dnsmasq, for as long as this lives; not started if address() is empty.
class Dnsmasq {
 public:
    /// Knows the names in `options`, such as "--host-record=a.test,192.0.2.1", and no others.
    explicit Dnsmasq(std::vector<std::string> options) {
        for (int i = 0; i < 5 && address_.empty(); ++i) start(options);
    }
    Dnsmasq(const Dnsmasq&) = delete;
    Dnsmasq& operator=(const Dnsmasq&) = delete;
    ~Dnsmasq() { stop(); }

    /// Where it answers: "127.64.3.2:40000".
    const std::string& address() const noexcept { return address_; }

 private:
    void start(const std::vector<std::string>& options) {
        Address own = *Address::parse(ownLoopback(), 0);
        std::string port = freePort(own);
        std::vector<std::string> words{"dnsmasq",           "--keep-in-foreground",
                                       "--log-facility=-",  "--conf-file=/dev/null",
                                       "--no-resolv",       "--no-hosts",
                                       "--bind-interfaces", "--pid-file=",
                                       "--local=/test/",    "--listen-address=" + own.host(),
                                       "--port=" + port};
        if (::geteuid() == 0) words.push_back("--user=root");
        words.insert(words.end(), options.begin(), options.end());
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) return;
        Peer reading(ends[0]), writing(ends[1]);
        child_ = ::fork();
        if (child_ == 0) become(words, writing.fd());
        writing.close();
        if (awaitStart(reading.fd())) {
            address_ = own.host() + ":" + port;
            log_ = std::move(reading);
        } else {
            stop();
        }
    }

    [[noreturn]] static void become(std::vector<std::string>& words, int log) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::dup2(log, STDERR_FILENO);
        std::vector<char*> arguments;
        for (std::string& each : words) arguments.push_back(each.data());
        arguments.push_back(nullptr);
        ::execv("/usr/sbin/dnsmasq", arguments.data());
        ::_exit(127);
    }

    static std::string freePort(Address own) {
        Peer probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::bind(probe.fd(), own.sockaddrData(), own.sockaddrSize()), 0);
        sockaddr_storage storage{};
        socklen_t bytes = sizeof storage;
        ::getsockname(probe.fd(), reinterpret_cast<sockaddr*>(&storage), &bytes);
        return std::to_string(Address::fromSockaddr(&storage, bytes).port());
    }

    // It says so in its log, once its sockets are open; or it ends.
    static bool awaitStart(int fd) {
        std::string said;
        char block[512];
        for (;;) {
            pollfd waiting{fd, POLLIN, 0};
            if (::poll(&waiting, 1, 20000) <= 0) return false;
            ssize_t count = ::read(fd, block, sizeof block);
            if (count <= 0) return false;
            said.append(block, static_cast<std::size_t>(count));
            if (said.find("started") != std::string::npos) return true;
        }
    }

    void stop() {
        if (child_ <= 0) return;
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
        child_ = -1;
    }

    std::string address_;
    Peer log_;
    pid_t child_ = -1;
};

}  // namespace wring::testing
