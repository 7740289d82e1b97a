// Accepts connections and forwards each to somewhere else.
//
//   port_forward LISTEN CONNECT
//   port_forward tcp:8080 tcp:example.com:80
//
// Prints "listening on ADDRESS:PORT". A side that reads slowly slows the other one down. SIGTERM or
// Ctrl-C: gives open connections two seconds to finish, ends with status 0.

#include <wring/endpoints/port_forward.hpp>
#include <wring/endpoints/registry.hpp>
#include <wring/endpoints/run.hpp>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;
using namespace wring;

namespace {

Task<> app(Reactor& reactor, std::string from, std::string to) {
    auto proxy = makeRef<ProxyFactory>(clientFromString(reactor, to));
    auto port = co_await serverFromString(reactor, from)->listen(proxy);
    std::printf("listening on %s\n", port->getHost().format().c_str());
    std::fflush(stdout);
    reactor.addSystemEventTrigger(EventPhase::before, "shutdown",
                                  [port] { return port->drain(2s); });
    co_await port;
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 3) {
        std::fputs("Usage: port_forward listen connect\n", stderr);
        return 1;
    }
    return run(ReactorOptions(), app, std::string(argv[1]), std::string(argv[2]));
} catch (const Error& error) {
    std::fprintf(stderr, "port_forward: %s\n", error.what());
    return 2;
}
