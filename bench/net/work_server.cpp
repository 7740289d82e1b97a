// Question: what do one-way streaming, time-outs and lines cost through wring, in either style?
//
// A sink counts what comes and answers its peer's end with the number, eight bytes, the highest
// first. A source sends the same 64 KiB as long as somebody takes it, four of them at a time. With
// `timed` it is an echo that gives each message 30 seconds to come; with `lines` each line is
// answered with itself.
//
// Usage: work_server ENDPOINT sink|source|timed|lines uring|epoll coroutine|protocol

#include <wring/bench/stream_pattern.h>
#include <wring/deferred/timeout.hpp>
#include <wring/endpoints/registry.hpp>
#include <wring/endpoints/run.hpp>
#include <wring/net/framing.hpp>
#include <wring/net/line_receiver.hpp>
#include <wring/net/timeout_mixin.hpp>

#include <array>
#include <cstdio>
#include <string>

using namespace std::chrono_literals;
using namespace wring;

namespace {

constexpr auto idleLimit = 30s;

using Parts = std::array<BytesView, 4>;

/// The parts of one write, each a whole period of the pattern.
const Parts& parts() {
    static std::array<char, STREAM_PERIOD> pattern;
    static const Parts all = [] {
        stream_fill(pattern.data(), pattern.size());
        Parts filled;
        filled.fill(asBytes(std::string_view(pattern.data(), pattern.size())));
        return filled;
    }();
    return all;
}

std::string_view textOf(const std::uint64_t& counted) {
    return {reinterpret_cast<const char*>(&counted), sizeof counted};
}

Task<> sink(Stream peer) {
    std::uint64_t taken = 0;
    while (Bytes chunk = co_await peer.read()) taken += chunk.size();
    std::uint64_t counted = htobe64(taken);
    co_await peer.write(textOf(counted));
}

Task<> source(Stream peer) {
    for (;;) co_await peer.writeSequence(parts());
}

Task<Bytes> next(Stream& peer) { co_return co_await peer.read(); }

// Past the limit the session ends, and the connection with it.
Task<> timedEcho(Stream peer) {
    while (Bytes chunk = co_await withTimeout(idleLimit, next(peer)))
        co_await peer.write(std::move(chunk));
}

Task<> answerLines(Stream peer) {
    while (std::optional<Bytes> line = co_await readLine(peer))
        co_await writeLine(peer, line->text());
}

struct Sink : Protocol, IHalfCloseableProtocol {
    void dataReceived(BytesView data) override { taken_ += data.size(); }
    void readConnectionLost() override {
        std::uint64_t counted = htobe64(taken_);
        transport().write(textOf(counted));
        transport().loseConnection();
    }
    void writeConnectionLost() override {}

 private:
    std::uint64_t taken_ = 0;
};

struct Source : Protocol, IProducer {
    void connectionMade() override { transport().registerProducer(*this, false); }
    void resumeProducing() override { transport().writeSequence(parts()); }
    void stopProducing() override {}
};

struct TimedEcho : Protocol, TimeoutMixin {
    void connectionMade() override { setTimeout(idleLimit); }
    void dataReceived(BytesView data) override {
        resetTimeout();
        transport().write(data);
    }
    void connectionLost(const Failure&) override { setTimeout({}); }
};

struct Lines : LineReceiver {
    void lineReceived(std::string_view line) override { sendLine(line); }
};

Task<> app(Reactor& reactor, std::string endpoint, Ref<IFactory> factory) {
    auto port = co_await serverFromString(reactor, endpoint)->listen(factory);
    std::printf("listening on %s\n", port->getHost().format().c_str());
    std::fflush(stdout);
    co_await port;
}

template <class P>
Ref<IFactory> either(bool protocol, Task<> (*session)(Stream)) {
    return protocol ? Ref<IFactory>(factory<P>()) : Ref<IFactory>(serve(session));
}

Ref<IFactory> factoryOf(std::string_view does, bool protocol) {
    if (does == "sink") return either<Sink>(protocol, sink);
    if (does == "source") return either<Source>(protocol, source);
    if (does == "timed") return either<TimedEcho>(protocol, timedEcho);
    if (does == "lines") return either<Lines>(protocol, answerLines);
    throw UsageError(0, "no server does this", does);
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 5) {
        std::fputs("usage: ENDPOINT sink|source|timed|lines uring|epoll coroutine|protocol\n",
                   stderr);
        return 2;
    }
    ReactorOptions options;
    options.driver.kind = driverKindFromString(argv[3]);
    bool protocol = std::string_view(argv[4]) == "protocol";
    return run(options, app, std::string(argv[1]), factoryOf(argv[2], protocol));
} catch (const Error& error) {
    std::fprintf(stderr, "work_server: %s\n", error.what());
    return 2;
}
