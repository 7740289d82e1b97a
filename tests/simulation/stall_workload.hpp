#pragma once

#include <wring/net/stream.hpp>
#include <wring/tests/simulation/trial.hpp>

namespace wring::testing {

/// Servers, of both styles, that do not read for a while although there is much to read. What was
/// sent and not read yet is in buffers, of which each has its bound.
class StallWorkload final : public Workload {
 public:
    void begin(Trial& trial) override;
    bool hasEnded() const override { return clients_ == 0; }

    /// A server begins with the connection of a client, has read so many bytes, and ends.
    void begun(const std::string& client) { read_[client] = 0; }
    void read(const std::string& client, std::size_t count) { read_[client] += count; }
    void ended(const std::string& client) { read_.erase(client); }

 private:
    static Task<> listenOn(Trial* trial, SimulatedHost* host, StallWorkload* self);
    static Task<> serveOne(Stream peer, Trial* trial, StallWorkload* self);
    static Task<> readSlowly(Stream* peer, Trial* trial, StallWorkload* self, std::string client);
    static Task<> runClient(Trial* trial, SimulatedHost* host, StallWorkload* self);
    static Task<> converse(Trial* trial, Reactor* reactor, StallWorkload* self);
    static Task<> send(Stream* stream, Trial* trial, StallWorkload* self, std::uint64_t total);

    std::uint16_t port_ = 0;
    std::string server_;
    std::map<std::string, std::uint64_t> read_;  // of each that is served, by its address
    bool hasProtocols_ = false;
    int clients_ = 0;
    int servers_ = 0;
};

}  // namespace wring::testing
