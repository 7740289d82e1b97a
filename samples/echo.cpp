// Sends back what it receives, on any endpoint.
//
//   echo ENDPOINT [--reactor auto|uring|epoll] [--style coroutine|protocol]
//   echo tcp:7007
//
// Prints "listening on ADDRESS:PORT" when it accepts. SIGTERM or Ctrl-C: listens no more, gives
// open connections two seconds to finish, ends with status 0.

#include <wring/endpoints/registry.hpp>
#include <wring/endpoints/run.hpp>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;
using namespace wring;

namespace {

// [coroutine]
Task<> echo(Stream peer) {
    while (Bytes chunk = co_await peer.read())
        co_await peer.write(std::move(chunk));
}
// [/coroutine]

// [protocol]
struct Echo : Protocol {
    void dataReceived(BytesView data) override { transport().write(data); }
};
// [/protocol]

// [app]
Task<> app(Reactor& reactor, std::string endpoint, Ref<IFactory> factory) {
    auto port = co_await serverFromString(reactor, endpoint)->listen(factory);
    std::printf("listening on %s\n", port->getHost().format().c_str());
    std::fflush(stdout);
    reactor.addSystemEventTrigger(EventPhase::before, "shutdown",
                                  [port] { return port->drain(2s); });
    co_await port;
}
// [/app]

int usage() {
    std::fputs(
        "usage: echo ENDPOINT [--reactor auto|uring|epoll] [--style coroutine|protocol]\n"
        "       for example: echo tcp:7007:interface=127.0.0.1\n",
        stderr);
    return 2;
}

}  // namespace

int main(int argc, char** argv) try {
    std::string endpoint;
    std::string style = "coroutine";
    ReactorOptions options;
    for (int i = 1; i < argc; ++i) {
        std::string word = argv[i];
        bool hasValue = i + 1 < argc;
        if (word == "--reactor" && hasValue) {
            options.driver.kind = driverKindFromString(argv[++i]);
        } else if (word == "--style" && hasValue) {
            style = argv[++i];
        } else if (endpoint.empty() && !word.starts_with("--")) {
            endpoint = word;
        } else {
            return usage();
        }
    }
    if (endpoint.empty() || (style != "coroutine" && style != "protocol")) return usage();
    return run(options, app, endpoint, style == "protocol" ? factory<Echo>() : serve(echo));
} catch (const Error& error) {
    std::fprintf(stderr, "echo: %s\n", error.what());
    return 2;
}
