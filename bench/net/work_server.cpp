// Question: what does one-way streaming cost through wring, in either style?
//
// A sink counts what comes and answers its peer's end with the number, eight bytes, the highest
// first. A source sends the same 64 KiB as long as somebody takes it, four of them at a time.
//
// Usage: stream_server ENDPOINT sink|source uring|epoll coroutine|protocol

#include <wring/bench/stream_pattern.h>
#include <wring/endpoints/registry.hpp>
#include <wring/endpoints/run.hpp>

#include <array>
#include <cstdio>
#include <string>

using namespace wring;

namespace {

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

Task<> app(Reactor& reactor, std::string endpoint, Ref<IFactory> factory) {
    auto port = co_await serverFromString(reactor, endpoint)->listen(factory);
    std::printf("listening on %s\n", port->getHost().format().c_str());
    std::fflush(stdout);
    co_await port;
}

Ref<IFactory> factoryOf(bool takes, bool protocol) {
    if (protocol) return takes ? Ref<IFactory>(factory<Sink>()) : Ref<IFactory>(factory<Source>());
    return takes ? Ref<IFactory>(serve(sink)) : Ref<IFactory>(serve(source));
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 5) {
        std::fputs("usage: ENDPOINT sink|source uring|epoll coroutine|protocol\n", stderr);
        return 2;
    }
    ReactorOptions options;
    options.driver.kind = driverKindFromString(argv[3]);
    bool takes = std::string_view(argv[2]) == "sink";
    bool protocol = std::string_view(argv[4]) == "protocol";
    return run(options, app, std::string(argv[1]), factoryOf(takes, protocol));
} catch (const Error& error) {
    std::fprintf(stderr, "stream_server: %s\n", error.what());
    return 2;
}
