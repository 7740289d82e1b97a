// Question: what does an echo cost where several reactors share the work, each on its own core?
//
// Every reactor has a thread and a listening socket of its own. The sockets share a port, and the
// kernel hands each connection to the reactor on the core that the connection was asked for on.
//
// Usage: reactors_server COUNT FIRST_CORE uring|epoll
// The first reactor runs on FIRST_CORE, the others on the cores below it.

#include <wring/deferred/start.hpp>
#include <wring/endpoints/adopted_endpoint.hpp>
#include <wring/endpoints/listening_port.hpp>
#include <wring/runtime/log.hpp>
#include <wring/runtime/reactor.hpp>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <linux/filter.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

using namespace wring;

namespace {

[[noreturn]] void die(const char* call, int error) {
    std::fprintf(stderr, "reactors_server: %s: %s\n", call, std::strerror(error));
    std::exit(2);
}

void must(int result, const char* call) {
    if (result < 0) die(call, errno);
}

/// A socket that listens on that port of the loopback, 0 for any, and shares it.
int listenOn(in_port_t port) {
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    must(fd, "socket");
    int on = 1;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = port;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    must(::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), "SO_REUSEPORT");
    must(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
    must(::listen(fd, 4096), "listen");
    return fd;
}

in_port_t portOf(int fd) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    must(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
    return address.sin_port;
}

/// Has connections asked for on core `firstCore` - i go to the socket that listened i-th.
void steerByCore(int fd, int firstCore) {
    constexpr std::uint32_t cpu = static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_CPU);
    std::array<sock_filter, 5> code{
        {{BPF_LD | BPF_W | BPF_ABS, 0, 0, cpu},
         {BPF_MISC | BPF_TAX, 0, 0, 0},
         {BPF_LD | BPF_IMM, 0, 0, static_cast<std::uint32_t>(firstCore)},
         {BPF_ALU | BPF_SUB | BPF_X, 0, 0, 0},
         {BPF_RET | BPF_A, 0, 0, 0}}};
    sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    must(::setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program),
         "SO_ATTACH_REUSEPORT_CBPF");
}

void runOn(int core) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(static_cast<std::size_t>(core), &cores);
    if (int error = ::pthread_setaffinity_np(::pthread_self(), sizeof cores, &cores))
        die("pthread_setaffinity_np", error);
}

Task<> echo(Stream peer) {
    while (Bytes chunk = co_await peer.read()) co_await peer.write(std::move(chunk));
}

Task<> app(Reactor* reactor, int listener, bool tells) {
    auto endpoint = makeRef<AdoptedStreamServerEndpoint>(*reactor, listener);
    auto port = co_await endpoint->listen(serve(echo));
    if (tells) {
        std::printf("listening on %s\n", port->getHost().format().c_str());
        std::fflush(stdout);
    }
    co_await port;
}

/// The first reactor takes the signals and says where it listens.
void serveOn(Reactor& reactor, int listener, int core, bool isFirst) {
    runOn(core);
    reactor.callWhenRunning([&reactor, listener, isFirst] {
        startCall(app, &reactor, listener, isFirst).addErrback([](const Failure& why) {
            if (!why.check<CancelledError>()) log(LogLevel::critical, why.getErrorMessage());
        });
    });
    reactor.run(isFirst);
}

int serveAll(const ReactorOptions& options, int count, int firstCore) {
    std::vector<int> listeners;
    for (int i = 0; i < count; ++i)
        listeners.push_back(listenOn(i > 0 ? portOf(listeners.front()) : 0));
    if (count > 1) steerByCore(listeners.front(), firstCore);
    std::vector<std::unique_ptr<Reactor>> reactors;
    for (int i = 0; i < count; ++i) reactors.push_back(std::make_unique<Reactor>(options));
    std::vector<std::jthread> threads;
    for (int i = 1; i < count; ++i) {
        auto at = static_cast<std::size_t>(i);
        threads.emplace_back(serveOn, std::ref(*reactors[at]), listeners[at], firstCore - i, false);
    }
    serveOn(*reactors.front(), listeners.front(), firstCore, true);
    for (std::size_t i = 1; i < reactors.size(); ++i) {
        Reactor& other = *reactors[i];
        other.callFromThread([&other] { other.requestStop(); });
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) try {
    int count = argc == 4 ? std::atoi(argv[1]) : 0;
    int firstCore = argc == 4 ? std::atoi(argv[2]) : 0;
    if (count < 1 || firstCore < count - 1) {
        std::fputs("usage: COUNT FIRST_CORE uring|epoll\n", stderr);
        return 2;
    }
    ReactorOptions options;
    options.driver.kind = driverKindFromString(argv[3]);
    return serveAll(options, count, firstCore);
} catch (const Error& error) {
    std::fprintf(stderr, "reactors_server: %s\n", error.what());
    return 2;
}
