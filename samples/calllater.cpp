// Calls functions at set times: the time of day after one, two, three and four seconds, the end
// after five.
//
//   calllater
//
// Prints "Running the reactor ...", four lines "Current time is HH:MM:SS", "Stopping reactor" and
// "Reactor stopped.".

#include <wring/runtime/reactor.hpp>

#include <cstdio>
#include <ctime>

using namespace std::chrono_literals;

namespace {

void printTime() {
    std::time_t now = std::time(nullptr);
    char text[9];
    std::strftime(text, sizeof text, "%H:%M:%S", std::localtime(&now));
    std::printf("Current time is %s\n", text);
    std::fflush(stdout);
}

void stopReactor(wring::Reactor* reactor) {
    std::puts("Stopping reactor");
    reactor->stop();
}

}  // namespace

int main() try {
    wring::Reactor reactor;
    for (auto delay : {1s, 2s, 3s, 4s}) reactor.callLater(delay, printTime);
    reactor.callLater(5s, stopReactor, &reactor);
    // Once it runs, so that Ctrl-C is understood from the moment this can be read.
    reactor.callWhenRunning([] {
        std::puts("Running the reactor ...");
        std::fflush(stdout);
    });
    reactor.run();
    std::puts("Reactor stopped.");
} catch (const wring::Error& error) {
    std::fprintf(stderr, "calllater: %s\n", error.what());
    return 1;
}
