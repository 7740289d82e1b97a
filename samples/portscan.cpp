// Looks for open ports: tries ports 1 to 200 of a host at the same time.
//
//   portscan HOST
//   portscan localhost
//
// Prints "Connected to port N" for each open one, in ascending order, when all attempts have ended;
// nothing if none is open. Those that do not answer are given up after ten seconds.

#include <wring/deferred/deferred_list.hpp>
#include <wring/deferred/timeout.hpp>
#include <wring/endpoints/run.hpp>
#include <wring/net/connect.hpp>
#include <wring/net/resolve.hpp>

#include <sys/socket.h>
#include <cerrno>
#include <cstdio>
#include <string>

using namespace std::chrono_literals;
using namespace wring;

namespace {

constexpr std::uint16_t lastPort = 200;

// Succeeds if the port is open. The socket is closed again when it goes out of scope.
Task<> testConnect(Reactor& reactor, Address address) {
    for (int waits = 0;; ++waits) {
        auto socket = co_await outcome(withTimeout(10s, connectSocket(reactor, address)));
        if (socket) co_return;
        // Out of descriptors: the other attempts will give some back.
        if (socket.error().number() != EMFILE || waits == 1000) socket.error().raise();
        co_await sleepFor(50ms);
    }
}

Task<> app(Reactor& reactor, std::string host) {
    // The name is looked up once; "localhost" and literal addresses not at all.
    std::vector<Address> found = co_await resolveHost(reactor, host, 1, AF_UNSPEC);
    std::vector<Deferred<>> attempts;
    for (std::uint16_t port = 1; port <= lastPort; ++port) {
        attempts.push_back(start(testConnect(reactor, found.front().withPort(port))));
    }
    DeferredListOptions options;
    options.consumeErrors();
    auto results = co_await DeferredList(attempts, options);
    for (std::uint16_t port = 1; port <= lastPort; ++port) {
        if (results[port - 1u]) std::printf("Connected to port %d\n", port);
    }
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 2) {
        std::fputs("Usage: portscan host\n", stderr);
        return 1;
    }
    return run(ReactorOptions(), app, std::string(argv[1]));
} catch (const Error& error) {
    std::fprintf(stderr, "portscan: %s\n", error.what());
    return 2;
}
