#include <wring/tests/simulation/stall_workload.hpp>

#include <wring/endpoints/registry.hpp>
#include <wring/tests/simulation/serving.hpp>

namespace wring::testing {

using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t pieceBytes = 16'384;
// The kernels' two buffers, as large as they get; what a sender keeps, and what a receiver keeps;
// what was told to the latter in the turn in which it stopped; one chunk and one piece.
constexpr std::uint64_t unreadMax =
    (256 + 128) * 1024 + 2 * 65'536 + 128 * 1024 + 8192 + pieceBytes;
constexpr std::uint64_t totalMax = 2'000'000;

/// A cancel that takes its time lets the kernel go on receiving meanwhile, as it does while it has
/// not told what came; and a connection that is broken takes everything until its end hears of it.
std::uint64_t excuses(Trial& trial) {
    std::uint64_t count = 0;
    for (Fault each : {Fault::lateCancel, Fault::slowCancel, Fault::lateCompletion,
                       Fault::smallBatch, Fault::completionOverflow, Fault::reset}) {
        count += trial.struck(each);
    }
    return count;
}

/// Stops reading now and then.
class Staller final : public Protocol {
 public:
    Staller(Trial* trial, StallWorkload* workload) : trial_(*trial), workload_(*workload) {}
    void connectionMade() override { workload_.begun(client_ = transport().getPeer().format()); }
    void connectionLost(const Failure&) override { workload_.ended(client_); }
    void dataReceived(BytesView data) override {
        workload_.read(client_, data.size());
        if (isPaused_ || trial_.isFinishing() || !trial_.happens(30)) return;
        isPaused_ = true;
        transport().pauseProducing();
        transport().reactor().callLater(trial_.pause() + 1s, [self = Ref<Staller>(this)] {
            self->isPaused_ = false;
            if (self->connected()) self->transport().resumeProducing();
        });
    }

 private:
    Trial& trial_;
    StallWorkload& workload_;
    std::string client_;
    bool isPaused_ = false;
};

}  // namespace

void StallWorkload::begin(Trial& trial) {
    port_ = trial.newPort();
    server_ = trial.server().address();
    hasProtocols_ = trial.happens(2);
    trial.start(trial.server(), servers_, listenOn, this);
    trial.start(trial.client(), clients_, runClient, this);
}

Task<> StallWorkload::listenOn(Trial* trial, SimulatedHost* host, StallWorkload* self) {
    Ref<IFactory> served = serve(serveOne, trial, self);
    if (self->hasProtocols_) served = factory<Staller>(trial, self);
    co_await keepListening(trial, serverAt(*host, self->port_, false), std::move(served));
}

Task<> StallWorkload::serveOne(Stream peer, Trial* trial, StallWorkload* self) {
    std::string client = peer.getPeer().format();
    self->begun(client);
    auto ended = co_await outcome(readSlowly(&peer, trial, self, client));
    self->ended(client);
    if (!ended) trial->failed(ended.error());
}

Task<> StallWorkload::readSlowly(Stream* peer, Trial* trial, StallWorkload* self,
                                 std::string client) {
    while (Bytes chunk = co_await peer->read()) {
        self->read(client, chunk.size());
        if (trial->isFinishing()) continue;  // where buffers are small there are many chunks
        if (trial->happens(30)) co_await sleepFor(trial->pause() + 1s);
    }
}

Task<> StallWorkload::runClient(Trial* trial, SimulatedHost* host, StallWorkload* self) {
    while (!trial->isFinishing()) {
        auto ended = co_await outcome(converse(trial, &host->reactor(), self));
        if (!ended) trial->failed(ended.error());
        co_await sleepFor(1s + trial->pause());
    }
}

Task<> StallWorkload::converse(Trial* trial, Reactor* reactor, StallWorkload* self) {
    std::string where = "tcp:" + self->server_ + ":" + std::to_string(self->port_) + ":timeout=20";
    Stream stream = co_await clientFromString(*reactor, where)->connectStream();
    co_await send(&stream, trial, self, totalMax);
    co_await stream.close();
}

Task<> StallWorkload::send(Stream* stream, Trial* trial, StallWorkload* self, std::uint64_t total) {
    std::string address = stream->getHost().format();
    std::uint64_t before = excuses(*trial);
    std::string piece(pieceBytes, 'x');
    for (std::uint64_t written = 0; written < total && !trial->isFinishing();) {
        co_await stream->write(std::string_view(piece));
        written += piece.size();
        if (excuses(*trial) != before) co_return;
        auto found = self->read_.find(address);
        if (found == self->read_.end()) continue;  // not taken yet, or given up
        std::uint64_t unread = written - found->second;
        trial->expect(unread <= unreadMax, "more is buffered of a connection than may be");
        if (unread > unreadMax / 2) trial->reached("fullConnection");
    }
}

}  // namespace wring::testing
