#pragma once

#include <wring/runtime/choices.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace wring {

/// What a simulated kernel or network may do that is allowed but unkind.
enum class Fault : std::uint8_t {
    // Of the kernel, at the driver.
    shortReceive,         ///< a receive gives less than there is
    shortSend,            ///< a send takes less than there is room for
    fullSend,             ///< a send finds no room although there is some
    interruptedWait,      ///< a wait ends early, with nothing
    lateWake,             ///< a wait ends up to 50 ms after its time-out
    lateCompletion,       ///< what has happened is told up to 20 ms later
    reorderedCompletion,  ///< what happened later is told earlier
    smallBatch,           ///< a wait tells one completion and keeps the others
    completionOverflow,   ///< completions do not fit, and are told by a later wait
    lateStart,            ///< a submitted operation begins a turn later
    endedMultishot,       ///< a multishot operation has to be armed again
    lateCancel,           ///< a cancel takes effect up to 20 ms later
    slowCancel,           ///< a cancel takes effect only seconds later
    unaskedCancel,        ///< ECANCELED although nobody asked
    receiveNoMemory,      ///< ENOMEM, ENOBUFS from a receive
    sendNoMemory,         ///< ENOMEM, ENOBUFS from a send
    noReceiveBuffer,      ///< the pool of receive buffers seems empty
    scribbledBuffer,      ///< memory given to the kernel is written to until the operation ends
    acceptAborted,        ///< ECONNABORTED, EPROTO from accept: that connection is gone
    acceptNoDescriptor,   ///< EMFILE, ENFILE from accept
    acceptNoMemory,       ///< ENOBUFS, ENOMEM from accept
    socketNoDescriptor,   ///< EMFILE from socket()
    // Of the network.
    connectRefused,      ///< ECONNREFUSED although somebody listens
    connectUnreachable,  ///< EHOSTUNREACH, ENETUNREACH
    connectBlackHole,    ///< no answer ever: ETIMEDOUT after two minutes
    droppedSyn,          ///< the first packet is lost: a second later
    fullBacklog,         ///< a listener has no room for the connection yet
    reset,               ///< a connection breaks
    slowSegment,         ///< a piece takes a hundred times as long
    smallSegments,       ///< what was sent in one piece comes in many
    smallSendBuffer,     ///< of a new connection: from one byte on
    smallReceiveBuffer,  ///< of a new connection: from one byte on
    cloggedDirection,    ///< nothing moves from one host to another for a while
    partition,           ///< nothing moves between two hosts for a while
    lostDatagram,        ///< a datagram does not arrive
    doubledDatagram,     ///< a datagram arrives twice
    overtakenDatagram,   ///< a datagram arrives up to 50 ms later, behind others
    clockStep,           ///< time passes between two turns: this process was not scheduled
    count_
};

/// The name of a fault: "shortReceive".
WRING_API const char* faultName(Fault fault) noexcept;

/// Decides when a fault strikes, and counts.
///
/// Rates     from the tape: each fault is on with a chance of one in four, and strikes then once in
///           10, 100 or 1,000 times that it could; less often what ends a connection, and more
///           often what can happen to a connection only once.
/// Thread    one.
class WRING_API Faults {
 public:
    static constexpr std::size_t count = static_cast<std::size_t>(Fault::count_);
    using Counts = std::array<std::uint64_t, count>;

    /// `choices` outlives it. Without `isUnkind` nothing strikes but what set() asks for.
    Faults(Choices& choices, bool isUnkind) noexcept;

    /// Whether it strikes now.
    bool strikes(Fault fault) noexcept;
    /// Makes it strike one time in `oneIn`; 0 for never.
    void set(Fault fault, std::uint32_t oneIn) noexcept { rates_[index(fault)] = oneIn; }
    /// From now on nothing strikes.
    void heal() noexcept { rates_.fill(0); }
    /// How often each has struck.
    const Counts& counts() const noexcept { return counts_; }

 private:
    static std::size_t index(Fault fault) noexcept { return static_cast<std::size_t>(fault); }

    Choices& choices_;
    std::array<std::uint32_t, count> rates_{};
    Counts counts_{};
};

}  // namespace wring
