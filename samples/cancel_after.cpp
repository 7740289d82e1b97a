// Connects to a host, but does not wait for ever: one time-out covers looking up the name and
// connecting, together.
//
//   cancel_after SECONDS HOST PORT
//   cancel_after 0.5 localhost 80
//
// Prints "Connected to 127.0.0.1:80", or with status 1 "Gave up after 0.5 s" or "Failed: " and the
// reason.

#include <wring/deferred/timeout.hpp>
#include <wring/endpoints/run.hpp>
#include <wring/net/connect.hpp>
#include <wring/net/resolve.hpp>

#include <sys/socket.h>
#include <cstdio>
#include <cstdlib>
#include <string>

using namespace wring;

namespace {

Task<Socket> connectTo(Reactor& reactor, std::string host, std::uint16_t port) {
    std::vector<Address> found = co_await resolveHost(reactor, host, port, AF_UNSPEC);
    co_return co_await connectSocket(reactor, found.front());
}

Task<> app(Reactor& reactor, double seconds, std::string host, std::uint16_t port, int* status) {
    auto limit = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
    auto socket = co_await outcome(withTimeout(limit, connectTo(reactor, host, port)));
    if (socket) {
        std::printf("Connected to %s\n", socket->getPeer().format().c_str());
        *status = 0;
    } else if (socket.error().check<TimeoutError>()) {
        // By now nothing of the attempt is left: whoever gives up waits for the end.
        std::printf("Gave up after %g s\n", seconds);
    } else {
        std::printf("Failed: %s\n", socket.error().getErrorMessage().c_str());
    }
}

}  // namespace

int main(int argc, char** argv) try {
    double seconds = argc == 4 ? std::atof(argv[1]) : -1;
    int port = argc == 4 ? std::atoi(argv[3]) : 0;
    bool isInRange = seconds >= 0 && seconds <= 1e6 && port >= 1 && port <= 65535;
    if (!isInRange) {
        std::fputs("Usage: cancel_after seconds host port\n", stderr);
        return 1;
    }
    int status = 1;
    run(ReactorOptions(), app, seconds, std::string(argv[2]), static_cast<std::uint16_t>(port),
        &status);
    return status;
} catch (const Error& error) {
    std::fprintf(stderr, "cancel_after: %s\n", error.what());
    return 2;
}
