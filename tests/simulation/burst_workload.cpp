#include <wring/tests/simulation/burst_workload.hpp>

#include <wring/deferred/scope.hpp>
#include <wring/deferred/timeout.hpp>
#include <wring/tests/simulation/serving.hpp>

namespace wring::testing {

using namespace std::chrono_literals;

namespace {
constexpr std::uint32_t burstMax = 16;
}

void BurstWorkload::begin(Trial& trial) {
    port_ = trial.newPort();
    server_ = trial.server().address();
    trial.start(trial.server(), servers_, listenOn, this);
    // From the host itself they come all at once.
    SimulatedHost& from = trial.happens(2) ? trial.server() : trial.client();
    trial.start(from, clients_, runClient, this);
}

Task<> BurstWorkload::serveOne(Stream peer, Trial* trial, BurstWorkload* self) {
    self->arrival_.set();
    if (trial->happens(2)) co_await peer.write("welcome");
    if (trial->happens(4)) peer.abort();
}

Task<> BurstWorkload::listenOn(Trial* trial, SimulatedHost* host, BurstWorkload* self) {
    while (!trial->isFinishing()) {
        auto endpoint = serverAt(*host, self->port_, false);
        auto port = co_await outcome(endpoint->listen(serve(serveOne, trial, self)));
        if (port) {
            co_await stopInBursts(trial, *port, self);
        } else {
            trial->failed(port.error());
        }
        co_await sleepFor(1ms);
    }
}

Task<> BurstWorkload::stopInBursts(Trial* trial, Ref<IListeningPort> port, BurstWorkload* self) {
    while (!trial->isFinishing()) {
        self->arrival_.clear();
        auto came = co_await outcome(withTimeout(10s, waitForOne(self)));
        if (came && trial->happens(2)) co_await sleepFor(std::min<Duration>(trial->pause(), 5ms));
        co_await port->stopListening();
        if (came) trial->reached("stoppedInABurst");
        try {
            port->startListening();
        } catch (const Error&) {
            trial->failed(Failure::current());
            break;
        }
    }
    co_await port->drain(1s);
}

Task<> BurstWorkload::runClient(Trial* trial, SimulatedHost* host, BurstWorkload* self) {
    std::string where = "tcp:" + self->server_ + ":" + std::to_string(self->port_) + ":timeout=10";
    while (!trial->isFinishing()) {
        co_await withScope(burst, trial, clientTo(*host, where, false));
        co_await sleepFor(trial->happens(4) ? trial->pause() : Duration(1ms));
    }
}

Task<> BurstWorkload::burst(Scope& scope, Trial* trial, Ref<IStreamClientEndpoint> endpoint) {
    for (std::uint32_t i = 0, count = 1 + trial->choose(burstMax); i < count; ++i) {
        Deferred<> one = scope.spawn(connectOnce, trial, endpoint);
        if (trial->happens(8)) one.cancel();
        one.addErrback([trial](const Failure& failure) { trial->failed(failure); });
    }
    co_return;
}

Task<> BurstWorkload::connectOnce(Trial* trial, Ref<IStreamClientEndpoint> endpoint) {
    Stream stream = co_await endpoint->connectStream();
    Bytes first = co_await stream.read();
    trial->expect(!first || std::string_view("welcome").starts_with(first.text()),
                  "a client in a burst was told something else");
}

}  // namespace wring::testing
