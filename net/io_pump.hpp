#pragma once

#include <wring/net/memory_connection.hpp>

namespace wring {
class Clock;
}

namespace wring::testing {

/// Carries bytes and ends between the two sides of a connection in memory, when told to.
///
/// loseConnection(): what was written before arrives; then the one who asked is lost with
/// ConnectionDone, and the other one as after the end of any peer's stream, also with
/// ConnectionDone. abortConnection(), and what breaks one side: that is lost with
/// ConnectionAborted, or its own reason, the other with ConnectionLost, what was on its way is
/// gone. loseWriteConnection(): the other reads the end. What is written to a side that has gone
/// breaks the connection.
/// Thread    one; needs no reactor.
/// Lifetime  a protocol that it calls may destroy it.
/// Source    Twisted: iosim.IOPump.
class WRING_API IOPump {
 public:
    /// Both were connected. `clock`, borrowed, may be null.
    IOPump(Ref<MemoryConnection> server, Ref<MemoryConnection> client, Clock* clock = nullptr);

    /// Moves what was written so far, one way each, the client's first, then the ends; then runs
    /// what is due on the clock. What protocols write in answer waits for the next time. True if
    /// anything was moved.
    bool pump();
    /// pump() until nothing moves. True if anything was. Throws UsageError after 1000 rounds.
    bool flush();

    /// The two sides.
    MemoryConnection& server() const noexcept { return *server_; }
    MemoryConnection& client() const noexcept { return *client_; }

 private:
    Ref<MemoryConnection> server_;
    Ref<MemoryConnection> client_;
    Clock* clock_;
};

/// Connects two protocols in memory, the server first, and flushes what they have to say to each
/// other, unless `greet` is false. Lets what makeConnection() throws pass.
///
/// Source    Twisted: iosim.connectedServerAndClient.
WRING_API IOPump connectedServerAndClient(Ref<IProtocol> server, Ref<IProtocol> client,
                                          bool greet = true, Clock* clock = nullptr);

}  // namespace wring::testing
