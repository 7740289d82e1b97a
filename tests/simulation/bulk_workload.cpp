#include <wring/tests/simulation/bulk_workload.hpp>

#include <wring/deferred/scope.hpp>
#include <wring/endpoints/registry.hpp>
#include <wring/tests/simulation/serving.hpp>

namespace wring::testing {

using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t upwards = 1;    // what clients send
constexpr std::uint32_t downwards = 2;  // what servers send
constexpr std::uint64_t sizes[] = {0, 1, 1000, 70'000, 400'000};

}  // namespace

void BulkWorkload::begin(Trial& trial) {
    port_ = trial.newPort();
    server_ = trial.server().address();
    trial.start(trial.server(), servers_, listenOn, this);
    for (std::uint32_t i = 0, count = 1 + trial.choose(2); i < count; ++i) {
        trial.start(trial.client(), clients_, runClient, this);
    }
}

Task<> BulkWorkload::listenOn(Trial* trial, SimulatedHost* host, BulkWorkload* self) {
    auto endpoint = serverAt(*host, self->port_, false);
    co_await keepListening(trial, std::move(endpoint), serve(serveOne, trial));
}

// The client says first how much each end is to send: a digit.
Task<> BulkWorkload::serveOne(Stream stream, Trial* trial) {
    std::byte digit[1];
    co_await stream.readExactly(digit);
    std::uint64_t total = sizes[static_cast<std::size_t>(digit[0]) % std::size(sizes)];
    co_await transfer(&stream, trial, downwards, upwards, total);
    trial->reached("servedBulk");
    co_await stream.close();
}

Task<> BulkWorkload::runClient(Trial* trial, SimulatedHost* host, BulkWorkload* self) {
    std::string where = "tcp:" + self->server_ + ":" + std::to_string(self->port_) + ":timeout=20";
    while (!trial->isFinishing()) {
        auto endpoint = clientFromString(host->reactor(), where);
        auto stream = co_await outcome(endpoint->connectStream());
        if (!stream) {
            trial->failed(stream.error());
        } else {
            auto index = static_cast<char>(trial->choose(std::size(sizes)));
            auto ended = co_await outcome(stream->write(std::string_view(&index, 1)));
            if (ended) {
                ended = co_await outcome(transfer(&*stream, trial, upwards, downwards,
                                                  sizes[static_cast<std::size_t>(index)]));
            }
            if (ended) trial->reached("wholeBulk");
            if (!ended) trial->failed(ended.error());
        }
        co_await sleepFor(trial->pause());
    }
}

Task<> BulkWorkload::transfer(Stream* stream, Trial* trial, std::uint32_t sends,
                              std::uint32_t receives, std::uint64_t total) {
    auto both = [](Scope& scope, Stream* peer, Trial* run, std::uint32_t mine, std::uint32_t theirs,
                   std::uint64_t size) -> Task<> {
        Deferred<> sent = scope.spawn(sendAll, peer, run, mine, size);
        Pattern pattern(theirs);
        while (Bytes chunk = co_await peer->read()) {
            run->expect(pattern.follows(chunk.view()), "a stream gave other bytes than were sent");
            run->expect(pattern.read() <= size, "a stream gave more than was sent");
            if (run->happens(50)) co_await sleepFor(run->pause());
        }
        if (pattern.read() < size) throw EndOfStreamError();
        co_await sent;
    };
    co_await withScope(both, stream, trial, sends, receives, total);
}

Task<> BulkWorkload::sendAll(Stream* stream, Trial* trial, std::uint32_t identity,
                             std::uint64_t total) {
    Pattern pattern(identity);
    while (pattern.written() < total) {
        std::uint64_t left = total - pattern.written();
        std::uint64_t count = 1 + trial->choose(100'000);
        Bytes piece = Bytes::copyOf(pattern.next(std::min(count, left)));
        if (trial->happens(2)) {
            co_await stream->write(piece.view());
        } else {
            co_await stream->write(std::move(piece));
        }
    }
    co_await stream->shutdownSend();
}

}  // namespace wring::testing
