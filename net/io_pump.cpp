#include <wring/net/io_pump.hpp>

#include <wring/runtime/clock.hpp>

#include <utility>

namespace wring::testing {

namespace {

constexpr int roundsMax = 1000;

/// What one side has said and done since the last round.
struct Sent {
    std::string bytes;
    bool mayClose = false;
};

Sent collect(MemoryConnection& from) {
    Sent sent;
    if (!from.isOpen()) return sent;
    sent.bytes = from.take();
    sent.mayClose = from.mayClose();
    return sent;
}

// What `from` has asked for, as far as all that goes before it was taken.
bool carryOut(const Sent& sent, MemoryConnection& from, MemoryConnection& to) {
    if (!from.isOpen()) return false;
    StringTransport& transport = from.transport();
    if (transport.isAborted()) {
        from.lose(Failure::of<ConnectionAborted>());
        return true;
    }
    // It may have written in the meantime.
    if (!sent.mayClose || !from.mayClose()) return false;
    if (transport.disconnecting()) {
        from.lose(Failure::of<ConnectionDone>());
        return true;
    }
    if (!from.shutWrite()) return false;
    to.finish();
    return true;
}

// That `from` is gone, for the other side.
bool tellTheEnd(MemoryConnection& from, MemoryConnection& to) {
    if (!from.reason() || !to.isOpen()) return false;
    if (from.reason()->check<ConnectionDone>()) return to.finish();
    to.lose(Failure::of<ConnectionLost>());
    return true;
}

bool carry(const Sent& sent, MemoryConnection& from, MemoryConnection& to) {
    bool hasMoved = to.deliver() || !sent.bytes.empty();
    if (to.isOpen()) {
        if (!sent.bytes.empty()) to.receive(sent.bytes);
    } else if (!sent.bytes.empty() && !from.transport().disconnecting()) {
        from.lose(Failure::of<ConnectionLost>());
    }
    if (carryOut(sent, from, to)) hasMoved = true;
    if (tellTheEnd(from, to)) hasMoved = true;
    return hasMoved;
}

bool exchange(MemoryConnection& server, MemoryConnection& client, Clock* clock) {
    Sent ofClient = collect(client);
    Sent ofServer = collect(server);
    bool hasMoved = carry(ofClient, client, server);
    if (carry(ofServer, server, client)) hasMoved = true;
    if (clock) clock->advance(Duration::zero());
    return hasMoved;
}

}  // namespace

IOPump::IOPump(Ref<MemoryConnection> server, Ref<MemoryConnection> client, Clock* clock)
    : server_(std::move(server)), client_(std::move(client)), clock_(clock) {
    WRING_ASSERT(server_ && client_, "an IOPump needs two connections");
}

// Here and below the copies keep the two sides, whatever a protocol does to the pump.
bool IOPump::pump() {
    Ref<MemoryConnection> server = server_;
    Ref<MemoryConnection> client = client_;
    return exchange(*server, *client, clock_);
}

bool IOPump::flush() {
    Ref<MemoryConnection> server = server_;
    Ref<MemoryConnection> client = client_;
    Clock* clock = clock_;
    for (int round = 0; round < roundsMax; ++round) {
        if (!exchange(*server, *client, clock)) return round > 0;
    }
    throw UsageError(0, "flush", "the two sides have not come to an end in 1000 rounds");
}

IOPump connectedServerAndClient(Ref<IProtocol> server, Ref<IProtocol> client, bool greet,
                                Clock* clock) {
    Address here = StringTransport::usualHost();
    Address there = StringTransport::usualPeer();
    auto listened = makeRef<MemoryConnection>(std::move(server), there, here);
    auto connected = makeRef<MemoryConnection>(std::move(client), here, there);
    IOPump pump(listened, connected, clock);
    listened->connect();
    try {
        connected->connect();
    } catch (...) {
        listened->lose(Failure::of<ConnectionLost>());
        throw;
    }
    if (greet) pump.flush();
    return pump;
}

}  // namespace wring::testing
