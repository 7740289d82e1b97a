// Runs a reactor that has nothing to do, until Ctrl-C.
//
//   runreactor
//
// Prints "Running the reactor ...", and "Reactor stopped." after Ctrl-C, with status 0.

#include <wring/runtime/reactor.hpp>

#include <cstdio>

int main() try {
    wring::Reactor reactor;
    // Once it runs, so that Ctrl-C is understood from the moment this can be read.
    reactor.callWhenRunning([] {
        std::puts("Running the reactor ...");
        std::fflush(stdout);
    });
    reactor.run();
    std::puts("Reactor stopped.");
} catch (const wring::Error& error) {
    std::fprintf(stderr, "runreactor: %s\n", error.what());
    return 1;
}
