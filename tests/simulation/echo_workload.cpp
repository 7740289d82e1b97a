#include <wring/tests/simulation/echo_workload.hpp>

#include <wring/deferred/scope.hpp>
#include <wring/deferred/timeout.hpp>
#include <wring/tests/simulation/serving.hpp>

namespace wring::testing {

using namespace std::chrono_literals;

void EchoWorkload::begin(Trial& trial) {
    port_ = trial.newPort();
    server_ = trial.server().address();
    trial.start(trial.server(), servers_, listenOn, this);
    for (std::uint32_t i = 0, count = 1 + trial.choose(6); i < count; ++i) {
        trial.start(trial.client(), clients_, runClient, this);
    }
}

Task<> EchoWorkload::listenOn(Trial* trial, SimulatedHost* host, EchoWorkload* self) {
    auto endpoint = serverAt(*host, self->port_, self->isSecured_);
    co_await keepListening(trial, std::move(endpoint), serve(echo, trial, self));
}

Task<> EchoWorkload::echo(Stream peer, Trial* trial, EchoWorkload* self) {
    std::string client = peer.getPeer().format();
    self->servedWhole_.erase(client);
    bool isOwned = trial->happens(2);
    while (Bytes chunk = co_await peer.read()) {
        if (trial->happens(16)) co_await sleepFor(trial->pause());
        if (isOwned) {
            co_await peer.write(std::move(chunk));
        } else {
            co_await peer.write(chunk.view());
        }
    }
    trial->reached("serverSawTheEnd");
    self->servedWhole_.insert(client);
    co_await peer.close();
}

Task<> EchoWorkload::runClient(Trial* trial, SimulatedHost* host, EchoWorkload* self) {
    while (!trial->isFinishing()) {
        auto ended = co_await outcome(converse(trial, host, self));
        if (!ended) trial->failed(ended.error());
        co_await sleepFor(trial->pause());
    }
}

Task<> EchoWorkload::converse(Trial* trial, SimulatedHost* host, EchoWorkload* self) {
    std::string where = "tcp:" + self->server_ + ":" + std::to_string(self->port_);
    auto endpoint = clientTo(*host, where, self->isSecured_);
    Stream stream = co_await endpoint->connectStream();
    Pattern pattern(trial->newIdentity());
    std::uint64_t total = trial->choose(4) ? trial->choose(4000) : trial->choose(200'000);
    Result<void> ended;
    if (trial->happens(3)) {  // both directions at once
        ended = co_await outcome(withScope(
            [](Scope& scope, Stream* both, Pattern* bytes, Trial* run,
               std::uint64_t all) -> Task<> {
                scope.spawn(sendPattern, both, run, bytes, all);
                co_await readAll(both, bytes, run);
            },
            &stream, &pattern, trial, total));
    } else {
        total = std::min<std::uint64_t>(total, 1000);
        ended = co_await outcome(sendPattern(&stream, trial, &pattern, total));
        if (ended) ended = co_await outcome(readAll(&stream, &pattern, trial));
    }
    // Else the server may have had an error, which looks like an end from here.
    bool isServed = self->servedWhole_.contains(stream.getHost().format());
    bool isWhole = pattern.read() == pattern.written();
    trial->expect(pattern.read() <= pattern.written(), "an echo gave more than was sent");
    trial->expect(!ended || !isServed || isWhole, "an echo ended in order, and bytes are missing");
    if (ended && isWhole) trial->reached(self->isSecured_ ? "wholeSecuredEcho" : "wholeEcho");
    if (trial->happens(4)) {
        stream.abort();
    } else {
        co_await stream.close();
    }
}

Task<Bytes> EchoWorkload::readOnce(Stream* stream) { co_return co_await stream->read(); }

Task<> EchoWorkload::readAll(Stream* stream, Pattern* pattern, Trial* trial) {
    for (;;) {
        Bytes chunk;
        if (trial->happens(8)) {
            Duration limit = trial->pause();
            auto read = co_await outcome(withTimeout(limit, readOnce(stream)));
            if (!read && read.error().check<TimeoutError>()) {
                trial->reached("cancelledRead");
                continue;
            }
            chunk = std::move(read).value();
        } else {
            chunk = co_await stream->read();
        }
        if (!chunk) co_return;
        trial->expect(pattern->follows(chunk.view()), "an echo gave other bytes than were sent");
    }
}

}  // namespace wring::testing
