#include <wring/tests/simulation/storm_workload.hpp>

#include <wring/deferred/timeout.hpp>
#include <wring/endpoints/registry.hpp>

namespace wring::testing {

using namespace std::chrono_literals;

void StormWorkload::begin(Trial& trial) {
    port_ = trial.newPort();
    server_ = trial.server().address();
    trial.start(trial.server(), servers_, listenOn, this);
    for (std::uint32_t i = 0, count = 1 + trial.choose(8); i < count; ++i) {
        trial.start(trial.client(), clients_, runClient, this);
    }
}

Task<> StormWorkload::serveOne(Stream peer, Trial* trial) {
    if (trial->happens(4)) co_return;
    Bytes first = co_await peer.read();
    if (first) co_await peer.write(std::move(first));
    if (trial->happens(4)) peer.abort();
}

Task<> StormWorkload::listenOn(Trial* trial, SimulatedHost* host, StormWorkload* self) {
    std::string where = "tcp:" + std::to_string(self->port_);
    if (trial->happens(3)) where += ":backlog=" + std::to_string(trial->choose(3));
    while (!trial->isFinishing()) {
        auto endpoint = serverFromString(host->reactor(), where);
        auto port = co_await outcome(endpoint->listen(serve(serveOne, trial)));
        if (port) {
            co_await useAndStop(trial, *port);
        } else {
            trial->failed(port.error());
        }
        co_await sleepFor(trial->pause());
    }
}

Task<> StormWorkload::useAndStop(Trial* trial, Ref<IListeningPort> port) {
    for (;;) {
        co_await sleepFor(trial->isFinishing() ? 1s : trial->pause());
        if (trial->happens(2)) {
            co_await port->drain(trial->pause());
            trial->expect(port->connections() == 0, "a drained port has connections");
            trial->reached("drainedPort");
        } else {
            co_await port->stopListening();
            trial->reached("stoppedPort");
        }
        if (trial->isFinishing() || trial->happens(3)) break;
        try {
            port->startListening();
            trial->reached("listenedAgain");
        } catch (const Error& error) {
            trial->failed(Failure::current());
            break;
        }
    }
    co_await port->drain(1s);
}

Task<> StormWorkload::runClient(Trial* trial, SimulatedHost* host, StormWorkload* self) {
    std::string where = "tcp:" + self->server_ + ":" + std::to_string(self->port_) + ":timeout=10";
    while (!trial->isFinishing()) {
        Duration limit = trial->happens(2) ? trial->pause() : Duration(60s);
        auto ended =
            co_await outcome(withTimeout(limit, connectOnce(trial, &host->reactor(), where)));
        if (!ended) trial->failed(ended.error());
        if (trial->happens(4)) co_await sleepFor(trial->pause());
    }
}

Task<> StormWorkload::connectOnce(Trial* trial, Reactor* reactor, std::string where) {
    auto endpoint = clientFromString(*reactor, where);
    Stream stream = co_await endpoint->connectStream();
    if (trial->happens(4)) co_return;
    co_await stream.write("hello");
    Bytes answer = co_await stream.read();
    trial->reached(answer ? "stormAnswer" : "stormEnd");
    trial->expect(!answer || std::string_view("hello").starts_with(answer.text()),
                  "an answer is not what was asked");
}

}  // namespace wring::testing
