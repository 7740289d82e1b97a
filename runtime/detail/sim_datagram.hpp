#pragma once

#include <wring/runtime/detail/sim_address.hpp>
#include <wring/runtime/detail/sim_object.hpp>
#include <wring/runtime/time.hpp>

#include <deque>
#include <map>
#include <string>

namespace wring::detail {

/// A datagram socket of a simulated host, UDP or UNIX of the abstract namespace.
///
/// A datagram arrives whole or not at all, in the order of sending unless a fault has it otherwise.
/// What meets nobody at an IP port comes back to a sender that is connected to it as a refusal.
/// What the network does not let pass when it would arrive is lost. Source    udp(7), unix(7), and
/// what Linux 6.18 was seen to do.
class SimDatagram final : public SimObject {
 public:
    SimDatagram(SimKernel& kernel, int family);

    bool isConnected() const noexcept { return peer_.family != 0; }
    bool takesFrom(const SimAddress& from) const noexcept {
        return !isConnected() || from == peer_;
    }

    unsigned readiness() const noexcept override;
    void closed() noexcept override;
    bool keepsMessages() const noexcept override { return true; }
    int receiveMessage(::msghdr& message) noexcept override;
    int sendMessage(const ::msghdr& message) noexcept override;
    int receive(std::span<std::byte> into) noexcept override;
    int send(BytesView from) noexcept override;
    int bind(const void* address, std::size_t bytes) noexcept override;
    int connect(const void* address, std::size_t bytes) noexcept override;
    int connectOutcome() noexcept override { return 0; }
    int name(void* into, std::size_t& bytes) const noexcept override;
    int peerName(void* into, std::size_t& bytes) const noexcept override;
    int setOption(int level, int option, const void* value, std::size_t bytes) noexcept override;
    int getOption(int level, int option, void* value, std::size_t& bytes) noexcept override;

 private:
    static constexpr std::size_t bytesMax = 65507;  // of a datagram
    static constexpr std::size_t queuedMax = 10;    // of UNIX: net.unix.max_dgram_qlen
    struct Packet {
        SimAddress from;
        std::string bytes;
        std::uint32_t dropped = 0;  // before it, of those that had no room
    };

    bool isLocal() const noexcept { return address_.isUnix(); }
    int bindAny();
    int sendLocally(const SimAddress& to, std::string bytes);
    void transmit(const SimAddress& to, const std::string& bytes);
    void travel(SimKernel& host, const SimAddress& to, std::string bytes);
    void arrived(Packet packet);
    void refuse(SimKernel& by, const SimAddress& where);
    void writeDrops(::msghdr& message, std::uint32_t dropped) const noexcept;

    SimAddress address_;
    SimAddress peer_;
    std::deque<Packet> queue_;
    std::size_t queuedBytes_ = 0;
    std::size_t room_ = 212'992;
    std::uint32_t dropped_ = 0;
    std::map<std::pair<int, int>, int> options_;
    Time lastDue_{};
    int error_ = 0;
    bool isClosed_ = false;
};

}  // namespace wring::detail
