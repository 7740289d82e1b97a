// Sends back what it receives on a UNIX socket, and says who it was.
//
//   unix_echo ENDPOINT [--reactor auto|uring|epoll]
//   unix_echo unix:/tmp/echo.sock:mode=600
//
// Prints "listening on unix:PATH", and for each connection "served pid PID, uid UID: N bytes" at
// its end. SIGTERM or Ctrl-C: removes the socket, gives open connections two seconds, ends with
// status 0.

#include <wring/endpoints/registry.hpp>
#include <wring/endpoints/run.hpp>
#include <wring/net/peer.hpp>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;
using namespace wring;

namespace {

Task<> echo(Stream peer) {
    PeerCredentials who = getPeerCredentials(peer).value_or(PeerCredentials());
    std::size_t bytes = 0;
    while (Bytes chunk = co_await peer.read()) {
        bytes += chunk.size();
        co_await peer.write(std::move(chunk));
    }
    std::printf("served pid %d, uid %u: %zu bytes\n", who.pid, who.uid, bytes);
    std::fflush(stdout);
}

Task<> app(Reactor& reactor, std::string endpoint) {
    auto port = co_await serverFromString(reactor, endpoint)->listen(serve(echo));
    std::printf("listening on %s\n", port->getHost().format().c_str());
    std::fflush(stdout);
    reactor.addSystemEventTrigger(EventPhase::before, "shutdown",
                                  [port] { return port->drain(2s); });
    co_await port;
}

}  // namespace

int main(int argc, char** argv) try {
    bool choosesReactor = argc == 4 && std::string(argv[2]) == "--reactor";
    if (argc != 2 && !choosesReactor) {
        std::fputs("usage: unix_echo ENDPOINT [--reactor auto|uring|epoll]\n", stderr);
        return 2;
    }
    ReactorOptions options;
    if (choosesReactor) options.driver.kind = driverKindFromString(argv[3]);
    return run(options, app, std::string(argv[1]));
} catch (const Error& error) {
    std::fprintf(stderr, "unix_echo: %s\n", error.what());
    return 2;
}
