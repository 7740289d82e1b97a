#include <wring/tests/simulation/protocol_workload.hpp>

#include <wring/deferred/timeout.hpp>
#include <wring/tests/simulation/pattern.hpp>
#include <wring/tests/simulation/serving.hpp>

namespace wring::testing {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t highWater = 65536;

/// Holds the events of one connection against their order.
class Watched : public Protocol {
 public:
    Watched(Trial* trial, ProtocolWorkload* workload) : trial_(*trial), workload_(*workload) {}

    void connectionMade() override {
        trial_.expect(stage_ == Stage::fresh, "connectionMade() came twice or late");
        stage_ = Stage::made;
        ++workload_.open;
    }
    void dataReceived(BytesView data) override {
        trial_.expect(stage_ == Stage::made, "dataReceived() came outside of the connection");
        trial_.expect(!isInside_, "dataReceived() came within another event");
        trial_.expect(!data.empty(), "dataReceived() had nothing to tell");
        trial_.expect(!isPaused_, "dataReceived() came while paused");
        isInside_ = true;
        received(data);
        isInside_ = false;
    }
    void connectionLost(const Failure& reason) override {
        trial_.expect(stage_ == Stage::made, "connectionLost() came twice or too early");
        trial_.expect(!isInside_, "connectionLost() came within another event");
        stage_ = Stage::lost;
        --workload_.open;
        trial_.reached(("lost by " + reason.className()).c_str());
        lostFor(reason);
    }

 protected:
    virtual void received(BytesView data) = 0;
    virtual void lostFor(const Failure&) {}
    /// Stops receiving for a while.
    void pauseFor(Duration length) {
        if (isPaused_) return;
        isPaused_ = true;
        transport().pauseProducing();
        trial_.reached("pausedTransport");
        transport().reactor().callLater(length, [self = Ref<Watched>(this)] {
            self->isPaused_ = false;
            if (!self->connected()) return;
            self->isInside_ = true;  // what a transport is asked tells nothing by itself
            self->transport().resumeProducing();
            self->isInside_ = false;
        });
    }

    enum class Stage : std::uint8_t { fresh, made, lost };
    Trial& trial_;
    ProtocolWorkload& workload_;
    Stage stage_ = Stage::fresh;
    bool isInside_ = false;
    bool isPaused_ = false;
};

/// Sends back what comes; now and then slowly, or not all of it.
class EchoProtocol final : public Watched {
 public:
    using Watched::Watched;

 private:
    void received(BytesView data) override {
        transport().write(data);
        if (trial_.happens(40)) pauseFor(trial_.pause());
        if (trial_.happens(300)) {
            trial_.reached("serverCloses");
            transport().loseConnection();
        } else if (trial_.happens(600)) {
            trial_.reached("serverAborts");
            transport().abortConnection();
        }
    }
};

/// Sends its pattern, as a producer or at once, and reads it back.
class PatternProtocol final : public Watched, public IProducer, public IHalfCloseableProtocol {
 public:
    PatternProtocol(Trial* trial, ProtocolWorkload* workload, std::uint64_t total, bool streams)
        : Watched(trial, workload),
          pattern_(trial->newIdentity()),
          total_(total),
          streams_(streams) {}

    void connectionMade() override {
        Watched::connectionMade();
        if (total_ == 0) return transport().loseConnection();
        transport().registerProducer(*this, streams_);
        if (streams_) resumeProducing();
    }
    void pauseProducing() override {
        mayProduce_ = false;
        trial_.reached("pausedProducer");
    }
    void resumeProducing() override {
        mayProduce_ = true;
        do {
            std::uint64_t left = total_ - pattern_.written();
            if (left == 0) return finishProducing();
            std::uint64_t most = std::min<std::uint64_t>(left, streams_ ? 10'000 : 40'000);
            std::uint64_t count = 1 + trial_.choose(static_cast<std::uint32_t>(most));
            std::string piece = pattern_.next(std::min(count, most));
            transport().write(piece);
            trial_.expect(transport().queuedBytes() <= highWater + 2 * 10'000,
                          "a producer was not paused at the high-water mark");
        } while (streams_ && mayProduce_ && connected());
    }
    void stopProducing() override { mayProduce_ = false; }
    void readConnectionLost() override {
        trial_.expect(stage_ == Stage::made, "readConnectionLost() came outside of the connection");
        trial_.reached("readConnectionLost");
        transport().loseConnection();
    }
    void writeConnectionLost() override {
        trial_.expect(stage_ == Stage::made,
                      "writeConnectionLost() came outside of the connection");
        trial_.reached("writeConnectionLost");
    }

 private:
    void finishProducing() {
        if (std::exchange(hasFinished_, true)) return;
        transport().unregisterProducer();
        if (trial_.happens(3)) {
            transport().loseWriteConnection();
        } else if (trial_.happens(3)) {
            transport().loseConnection();
        }
    }
    void received(BytesView data) override {
        trial_.expect(pattern_.follows(data), "an echo gave a protocol other bytes than it sent");
        trial_.expect(pattern_.read() <= pattern_.written(), "an echo gave more than was sent");
        if (trial_.happens(40)) pauseFor(trial_.pause());
        if (pattern_.read() == total_ && connected()) {
            trial_.reached("wholeProtocolEcho");
            transport().loseConnection();
        }
    }

    Pattern pattern_;
    std::uint64_t total_;
    bool streams_;
    bool mayProduce_ = false;
    bool hasFinished_ = false;
};

}  // namespace

void ProtocolWorkload::begin(Trial& trial) {
    port_ = trial.newPort();
    server_ = trial.server().address();
    trial.start(trial.server(), servers_, listenOn, this);
    for (std::uint32_t i = 0, count = 1 + trial.choose(6); i < count; ++i) {
        trial.start(trial.client(), clients_, runClient, this);
    }
}

Task<> ProtocolWorkload::listenOn(Trial* trial, SimulatedHost* host, ProtocolWorkload* self) {
    auto endpoint = serverAt(*host, self->port_, self->isSecured_);
    co_await keepListening(trial, std::move(endpoint), factory<EchoProtocol>(trial, self));
}

Task<> ProtocolWorkload::runClient(Trial* trial, SimulatedHost* host, ProtocolWorkload* self) {
    std::string where = "tcp:" + self->server_ + ":" + std::to_string(self->port_) + ":timeout=20";
    while (!trial->isFinishing()) {
        auto endpoint = clientTo(*host, where, self->isSecured_);
        std::uint64_t total = trial->choose(trial->happens(4) ? 300'000 : 5'000);
        auto protocols = factory<PatternProtocol>(trial, self, total, trial->happens(2));
        auto connected = co_await outcome(endpoint->connect(protocols));
        if (connected) {
            co_await *connected;
        } else {
            trial->failed(connected.error());
        }
        co_await sleepFor(trial->pause());
    }
}

void ProtocolWorkload::check(Trial& trial) {
    trial.expect(open == 0, "a protocol was not told that its connection is lost");
}

}  // namespace wring::testing
