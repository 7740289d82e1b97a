#include <wring/tests/simulation/tls_workload.hpp>

#include <wring/deferred/scope.hpp>
#include <wring/deferred/timeout.hpp>
#include <wring/endpoints/registry.hpp>
#include <wring/net/line_receiver.hpp>
#include <wring/net/relay.hpp>
#include <wring/net/tls_errors.hpp>
#include <wring/tests/simulation/serving.hpp>

#include <cerrno>
#include <charconv>

namespace wring::testing {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t lineMax = 100;
constexpr int roundsMax = 10;  // of each client: handshakes cost time that is not simulated

/// What a client asks for in clear: "secure IDENTITY TOTAL".
struct Wish {
    std::uint32_t identity = 0;
    std::uint64_t total = 0;

    std::string text() const {
        return "secure " + std::to_string(identity) + " " + std::to_string(total);
    }
    static Wish from(Trial& trial, std::string_view line) {
        Wish wish;
        constexpr std::string_view verb = "secure ";
        trial.expect(line.starts_with(verb), "a line in clear is not the one that was sent");
        const char* end = line.data() + line.size();
        auto [space, error] = std::from_chars(line.data() + verb.size(), end, wish.identity);
        trial.expect(error == std::errc() && space != end, "a line in clear has lost its end");
        std::from_chars(space + 1, end, wish.total);
        return wish;
    }
};

bool isBroken(const Failure& failure) {
    return failure.check<TLSTruncated>() || failure.number() == ECONNRESET ||
           failure.number() == EPIPE;
}

/// Serves as the coroutine does: securing is its transport's.
class Upgrading final : public LineReceiver {
 public:
    Upgrading(Trial* trial, TlsWorkload* workload) : trial_(*trial), workload_(*workload) {}
    void lineReceived(std::string_view line) override {
        wish_ = Wish::from(trial_, line);
        sendLine("go");
        setRawMode();
        transport().startTLS(trialContexts().server);
    }
    void rawDataReceived(BytesView data) override {
        trial_.expect(transport().isSecure(), "bytes came in clear after startTLS()");
        heard_ += data.size();
        transport().write(data);
    }
    void connectionLost(const Failure& reason) override {
        LineReceiver::connectionLost(reason);
        trial_.failed(reason);
        if (!reason.check<ConnectionDone>() || lineMode()) return;
        trial_.reached("securedProtocolSawTheEnd");
        workload_.heardTheEnd(trial_, wish_.identity, heard_, wish_.total);
    }

 private:
    Trial& trial_;
    TlsWorkload& workload_;
    Wish wish_;
    std::uint64_t heard_ = 0;
};

}  // namespace

void TlsWorkload::begin(Trial& trial) {
    server_ = trial.server().address();
    for (std::uint16_t* each : {&port_, &secured_, &relay_}) *each = trial.newPort();
    hasProtocols_ = trial.happens(2);
    trial.start(trial.server(), servers_, listenOn, this);
    trial.start(trial.server(), servers_, listenSecured, this);
    trial.start(trial.server(), servers_, listenAsRelay, this);
    for (std::uint32_t i = 0, count = 1 + trial.choose(3); i < count; ++i) {
        trial.start(trial.client(), clients_, runClient, this);
    }
    trial.start(trial.client(), clients_, sayNothing, this);
}

std::string TlsWorkload::whereTo(std::uint16_t port) const {
    return "tcp:" + server_ + ":" + std::to_string(port) + ":timeout=20";
}

void TlsWorkload::heardTheEnd(Trial& trial, std::uint32_t identity, std::uint64_t heard,
                              std::uint64_t total) {
    trial.expect(heard <= total, "more came through TLS than was sent");
    trial.expect(heard == total || gaveUp_.contains(identity),
                 "a secured stream was cut, and seemed to end in order");
    servedWhole_.insert(identity);
}

Task<> TlsWorkload::listenOn(Trial* trial, SimulatedHost* host, TlsWorkload* self) {
    Ref<IFactory> served = serve(serveOne, trial, self);
    if (self->hasProtocols_) served = factory<Upgrading>(trial, self);
    co_await keepListening(trial, serverAt(*host, self->port_, false), std::move(served));
}

Task<> TlsWorkload::listenSecured(Trial* trial, SimulatedHost* host, TlsWorkload* self) {
    auto endpoint = serverAt(*host, self->secured_, true);
    co_await keepListening(trial, std::move(endpoint), serve(neverServed, trial));
}

// Nobody shakes hands there.
Task<> TlsWorkload::neverServed(Stream, Trial* trial) {
    trial->violate("a connection was served that nobody has secured");
    co_return;
}

Task<> TlsWorkload::listenAsRelay(Trial* trial, SimulatedHost* host, TlsWorkload* self) {
    auto relays = serve(relayAndCut, trial, &host->reactor(), self);
    co_await keepListening(trial, serverAt(*host, self->relay_, false), std::move(relays));
}

Task<> TlsWorkload::serveOne(Stream peer, Trial* trial, TlsWorkload* self) {
    auto ended = co_await outcome(serveStream(&peer, trial, self));
    if (!ended) trial->failed(ended.error());
}

Task<> TlsWorkload::serveStream(Stream* peer, Trial* trial, TlsWorkload* self) {
    Bytes line = co_await peer->readUntil("\r\n", lineMax);
    Wish wish = Wish::from(*trial, line.text().substr(0, line.size() - 2));
    co_await peer->write("go\r\n");
    co_await peer->startTLS(trialContexts().server, TLSRole::server);
    std::uint64_t heard = 0;
    while (Bytes chunk = co_await peer->read()) {
        heard += chunk.size();
        if (trial->happens(16)) co_await sleepFor(trial->pause());
        co_await peer->write(std::move(chunk));
    }
    trial->reached("securedServerSawTheEnd");
    self->heardTheEnd(*trial, wish.identity, heard, wish.total);
    co_await peer->close();
}

// What it closes ends in order, as far as TCP knows.
Task<> TlsWorkload::relayAndCut(Stream client, Trial* trial, Reactor* reactor, TlsWorkload* self) {
    auto endpoint = clientFromString(*reactor, self->whereTo(self->port_));
    auto server = co_await outcome(endpoint->connectStream());
    if (!server) {
        trial->failed(server.error());
        co_return;
    }
    Duration limit = trial->happens(2) ? trial->pause() : Duration(60s);
    auto ended = co_await outcome(withTimeout(limit, relay(client, *server)));
    if (!ended && ended.error().check<TimeoutError>()) trial->reached("cutTheRelay");
    if (trial->happens(4)) client.abort();
}

// The server's patience with handshakes ends it.
Task<> TlsWorkload::sayNothing(Trial* trial, SimulatedHost* host, TlsWorkload* self) {
    for (int i = 0; i < roundsMax && !trial->isFinishing(); ++i) {
        auto ended =
            co_await outcome(beSilent(trial, &host->reactor(), self->whereTo(self->secured_)));
        if (!ended) trial->failed(ended.error());
        co_await sleepFor(1ms + trial->pause());
    }
}

Task<> TlsWorkload::beSilent(Trial* trial, Reactor* reactor, std::string where) {
    Stream stream = co_await clientFromString(*reactor, where)->connectStream();
    if (trial->happens(2)) {
        // The beginning of a hello, which never ends: what comes slowly gets no more time.
        for (char each : {'\x16', '\x03', '\x01', '\x02', '\x00', '\x01'}) {
            co_await stream.write(std::string_view(&each, 1));
            co_await sleepFor(std::min<Duration>(trial->pause(), 4s));
        }
    }
    while (Bytes chunk = co_await stream.read()) {
    }
    trial->reached("silentClientIsDropped");
}

Task<> TlsWorkload::runClient(Trial* trial, SimulatedHost* host, TlsWorkload* self) {
    for (int i = 0; i < roundsMax && !trial->isFinishing(); ++i) {
        auto ended = co_await outcome(converse(trial, &host->reactor(), self));
        if (!ended) trial->failed(ended.error());
        co_await sleepFor(1ms + trial->pause());
    }
}

Task<> TlsWorkload::converse(Trial* trial, Reactor* reactor, TlsWorkload* self) {
    std::uint16_t port = trial->happens(3) ? self->relay_ : self->port_;
    auto endpoint = clientFromString(*reactor, self->whereTo(port));
    Stream stream = co_await endpoint->connectStream();
    Pattern pattern(trial->newIdentity());
    std::uint64_t total = trial->choose(trial->happens(4) ? 100'000 : 4000);
    auto ended = co_await outcome(withScope(talk, &stream, trial, &pattern, total));
    bool isServed = self->servedWhole_.contains(pattern.identity());
    bool isWhole = pattern.read() == total;
    trial->expect(!ended || !isServed || isWhole,
                  "a secured echo ended in order, and bytes are missing");
    if (ended && isWhole) trial->reached("wholeUpgrade");
    if (ended) co_return;
    // Whose connection is broken cannot say any more that it was all; whoever ends it himself does.
    if (!isBroken(ended.error()) || !reactor->running()) self->gaveUp_.insert(pattern.identity());
    ended.value();
}

Task<> TlsWorkload::talk(Scope& scope, Stream* stream, Trial* trial, Pattern* pattern,
                         std::uint64_t total) {
    std::string line = Wish{pattern->identity(), total}.text() + "\r\n";
    co_await stream->write(std::string_view(line));
    if (!trial->happens(10)) {
        Bytes go = co_await stream->readUntil("\r\n", lineMax);
        trial->expect(go.text() == "go\r\n", "an answer in clear is not the one that was sent");
    }
    Duration limit = trial->happens(6) ? trial->pause() : Duration(60s);
    auto secured = co_await outcome(withTimeout(limit, secure(stream, trial)));
    if (!secured && secured.error().check<TimeoutError>()) trial->reached("cancelledHandshake");
    secured.value();
    scope.spawn(sendPattern, stream, trial, pattern, total);
    while (Bytes chunk = co_await stream->read()) {
        trial->expect(pattern->follows(chunk.view()), "TLS gave other bytes than were sent");
        trial->expect(pattern->read() <= pattern->written(), "TLS gave more than was sent");
    }
}

Task<> TlsWorkload::secure(Stream* stream, Trial* trial) {
    co_await stream->startTLS(trialContexts().client, TLSRole::client);
    trial->reached("securedByStartTLS");
}

}  // namespace wring::testing
