#pragma once

#include <wring/tests/simulation/trial.hpp>

#include <wring/net/udp_socket.hpp>

#include <map>
#include <set>
#include <tuple>

namespace wring::testing {

/// Requests and answers by datagrams: clients send some at a time, and those that were not answered
/// again. A datagram comes whole or not at all, nobody gets one that was not sent, or one more than
/// twice, and after the faults have healed each request is answered. Some are too long, of which
/// the beginning comes.
class DatagramWorkload final : public Workload {
 public:
    void begin(Trial& trial) override;
    bool hasEnded() const override { return clients_ == 0; }

 private:
    /// Which client, its how many-th request, and its how many-th try of that.
    using Key = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>;
    class Answerer;
    class Client;
    static constexpr std::size_t bytesMax = 2048;  // that the server expects

    static std::string compose(char kind, const Key& key, std::size_t size);
    /// Nothing if that is no datagram of these, or not a whole one.
    static std::optional<Key> read(char kind, std::string_view text);
    static bool isFrontOfOne(std::string_view text);
    bool tryToListen(Trial& trial, Reactor& reactor);
    static Task<> listenOn(Trial* trial, SimulatedHost* host, DatagramWorkload* self);
    static Task<> runClient(Trial* trial, SimulatedHost* host, DatagramWorkload* self);
    static Task<> converse(Trial* trial, SimulatedHost* host, DatagramWorkload* self);

    std::uint16_t port_ = 0;
    std::string server_;
    std::set<Key> sent_;
    std::map<Key, int> came_;
    int clients_ = 0;
    int servers_ = 0;
};

}  // namespace wring::testing
