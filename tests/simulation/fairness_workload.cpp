#include <wring/tests/simulation/fairness_workload.hpp>

namespace wring::testing {

using namespace std::chrono_literals;

namespace {
constexpr std::uint64_t turnsMax = 16;
constexpr int lastPings = 20;  // in a world without faults
}  // namespace

void FairnessWorkload::begin(Trial& trial) {
    trial.start(trial.server(), running_, run, this);
    trial.start(trial.client(), running_, run, this);
}

FairnessWorkload::Moment FairnessWorkload::momentOf(Trial& trial, Reactor& reactor) {
    return {reactor.turns(), trial.struck(), reactor.driver().stats().starvations};
}

void FairnessWorkload::checkTurns(Trial& trial, Reactor& reactor, Moment since, const char* late,
                                  const char* path) {
    Moment now = momentOf(trial, reactor);
    bool isUndisturbed = now.faults == since.faults && now.starvations == since.starvations;
    if (!isUndisturbed) return;
    trial.expect(now.turn - since.turn <= turnsMax, late);
    trial.reached(path);
}

Task<> FairnessWorkload::run(Trial* trial, SimulatedHost* host, FairnessWorkload*) {
    Reactor& reactor = host->reactor();
    for (int left = lastPings; left > 0;) {
        std::optional<ConnectedStreams> ends;
        try {
            ends.emplace(streamPair(*host));
        } catch (const Error&) {
            trial->failed(Failure::current());  // no descriptor
        }
        Result<void> ended;
        // What struck in the round before may still show, as a receive that is cancelled late.
        Moment before = momentOf(*trial, reactor);
        for (bool isFirst = true; ends && ended && left > 0; isFirst = false) {
            if (!isFirst) co_await sleepFor(trial->pause());
            Moment asked = momentOf(*trial, reactor);
            before.turn = asked.turn;
            co_await sleepFor(Duration::zero());
            checkTurns(*trial, reactor, before, "a timer that was due had to wait", "promptTimer");
            ended = co_await outcome(ping(trial, &reactor, &*ends, before));
            before = asked;
            left -= trial->isFinishing();
        }
        if (!ended) trial->failed(ended.error());
        co_await sleepFor(1ms);
    }
}

// The bytes have arrived when they have been sent: there is no way to go.
Task<> FairnessWorkload::ping(Trial* trial, Reactor* reactor, ConnectedStreams* ends,
                              Moment since) {
    co_await ends->near.write(std::string_view("ping"));
    since.turn = reactor->turns();
    std::byte came[4];
    co_await ends->far.readExactly(came);
    checkTurns(*trial, *reactor, since, "a connection with bytes to read had to wait",
               "promptReader");
}

}  // namespace wring::testing
