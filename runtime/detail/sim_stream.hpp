#pragma once

#include <wring/runtime/detail/sim_address.hpp>
#include <wring/runtime/detail/sim_buffer.hpp>
#include <wring/runtime/detail/sim_object.hpp>
#include <wring/runtime/time.hpp>

#include <deque>
#include <map>

namespace wring::detail {

/// A stream socket of a simulated host, TCP or UNIX: listening, connecting or connected.
///
/// A connection is two of these. What one sends leaves its send buffer when there is room at the
/// other end, travels in segments that keep their order, and lies there until it is received.
/// Source    tcp(7), unix(7), and what Linux 6.18 was seen to do.
class SimStream final : public SimObject {
 public:
    SimStream(SimKernel& kernel, int family);
    ~SimStream() override;

    /// Makes the two ends of one connection.
    void join(SimStream& other) noexcept;
    /// Likewise of one over IPv4, with addresses, as if it had been accepted.
    void meet(SimStream& other);
    bool isListening() const noexcept { return state_ == State::listening; }

    unsigned readiness() const noexcept override;
    void closed() noexcept override;
    void healed() noexcept override;
    int read(std::span<std::byte> into, std::int64_t offset) noexcept override;
    int write(BytesView from, std::int64_t offset) noexcept override;
    int receive(std::span<std::byte> into) noexcept override;
    int send(BytesView from) noexcept override;
    int bind(const void* address, std::size_t bytes) noexcept override;
    int listen(int backlog) noexcept override;
    int accept(Ref<SimObject>& accepted) noexcept override;
    int connect(const void* address, std::size_t bytes) noexcept override;
    int connectOutcome() noexcept override;
    int shutdown(int how) noexcept override;
    int name(void* into, std::size_t& bytes) const noexcept override;
    int peerName(void* into, std::size_t& bytes) const noexcept override;
    int setOption(int level, int option, const void* value, std::size_t bytes) noexcept override;
    int getOption(int level, int option, void* value, std::size_t& bytes) noexcept override;

    /// The connection breaks: both ends see a reset.
    void breakConnection();

 private:
    static constexpr std::size_t sendRoomUsual = 256 * 1024;
    static constexpr std::size_t receiveRoomUsual = 128 * 1024;
    enum class State : std::uint8_t { fresh, listening, connecting, failed, connected };
    enum class Kind : std::uint8_t { data, end, reset };
    struct Segment {
        Time due;
        Kind kind;
        std::string bytes;
        std::uint32_t from;  // the number of the host it comes from
    };

    /// Both ends have finished, or the connection is broken.
    bool isOver() const noexcept { return isReset_ || (isEndSent_ && hasEnd_); }
    bool isLocal() const noexcept { return address_.isUnix(); }
    int unixConnect(const SimAddress& to);
    void sendSyn(const SimAddress& to, unsigned tries);
    void trySyn(const SimAddress& to, unsigned tries);
    void retrySyn(const SimAddress& to, unsigned tries);
    void synArrived(SimStream& client, const SimAddress& to, unsigned tries);
    void established();
    void connectFailed(int error);

    std::size_t sendSpace() const noexcept;
    void pump();
    void transmit(Kind kind, std::string bytes);
    void receiveSegment(Segment segment);
    void deliverDue();
    void arrived(Segment& segment);
    void resetArrived();
    void resetPeer();
    void peerIsGone();
    void abandonBacklog();
    void letGoIfDone() noexcept;
    void chooseBuffers();

    SimAddress address_;
    SimAddress peerAddress_;
    SimStream* peer_ = nullptr;
    SimKernel* route_ = nullptr;  // where the peer is
    SimBuffer outgoing_;
    SimBuffer arrived_;
    std::deque<Segment> wire_;  // on the way to here
    std::size_t wireBytes_ = 0;
    Time lastDue_{};
    std::size_t sendRoom_ = sendRoomUsual;
    std::size_t receiveRoom_ = receiveRoomUsual;
    std::deque<Ref<SimStream>> backlog_;
    std::size_t backlogMax_ = 0;
    std::map<std::pair<int, int>, int> options_;
    int error_ = 0;
    State state_ = State::fresh;
    bool isClosed_ = false;
    bool isSendShut_ = false;
    bool isEndSent_ = false;
    bool isReceiveShut_ = false;
    bool hasEnd_ = false;
    bool isReset_ = false;
    bool lingersNot_ = false;
    bool isKept_ = false;
};

}  // namespace wring::detail
