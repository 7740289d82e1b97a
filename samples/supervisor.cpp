// Keeps workers running: one that fails is started again after 100 ms, then 200 ms, 400 ms, … up
// to 5 s. They belong to a scope, which does not end before they have.
//
//   supervisor
//
// Prints "steady: runs", "shaky: failed (lost its way), again in 100 ms", the same with 200 and
// 400 ms, then "shaky: runs". SIGTERM or Ctrl-C: each worker says "stopped", the last line is "All
// workers have ended.", the status is 0.

#include <wring/deferred/scope.hpp>
#include <wring/deferred/sleep.hpp>
#include <wring/endpoints/run.hpp>

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;
using namespace wring;

namespace {

void say(const std::string& text) {
    std::puts(text.c_str());
    std::fflush(stdout);
}

// A worker runs until it fails or is cancelled. It is told how often it was started before.
using Worker = Task<> (*)(std::string name, int starts);

Task<> steady(std::string name, int) {
    say(name + ": runs");
    Event never;
    co_await never.wait();
}

Task<> shaky(std::string name, int starts) {
    if (starts < 3) throw std::runtime_error("lost its way");
    co_await steady(name, starts);
}

Task<> supervise(std::string name, Worker worker) {
    std::chrono::milliseconds pause = 100ms;
    for (int starts = 0;; ++starts) {
        auto end = co_await outcome(worker(name, starts));
        if (end) co_return;
        if (end.error().check<CancelledError>()) break;
        say(name + ": failed (" + end.error().getErrorMessage() + "), again in " +
            std::to_string(pause.count()) + " ms");
        auto slept = co_await outcome(sleepFor(pause));
        if (!slept) break;
        pause = std::min<std::chrono::milliseconds>(2 * pause, 5s);
    }
    say(name + ": stopped");
}

Task<> workers(Scope& scope) {
    scope.spawn(supervise, std::string("steady"), steady);
    scope.spawn(supervise, std::string("shaky"), shaky);
    co_return;  // the scope waits for them
}

Task<> app(Reactor&) {
    auto end = co_await outcome(withScope(workers));
    say("All workers have ended.");
    end.value();
}

}  // namespace

int main() { return run(app); }
