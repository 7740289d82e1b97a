#pragma once

#include <wring/deferred/deferred.hpp>
#include <wring/net/address.hpp>
#include <wring/net/errors.hpp>
#include <wring/runtime/bytes.hpp>

#include <span>
#include <string_view>

namespace wring {

class Reactor;

/// A datagram was to go where this socket cannot send it. Twisted: error.InvalidAddressError.
WRING_DECLARE_ERROR(InvalidAddressError, UsageError);
/// A multicast group could not be joined or left. Twisted: error.MulticastJoinError.
WRING_DECLARE_ERROR(MulticastJoinError, Error);

/// What a datagram socket has done since it was opened.
struct UdpStats {
    std::uint64_t received = 0;   ///< datagrams, truncated ones included
    std::uint64_t truncated = 0;  ///< longer than the socket was told to expect
    std::uint64_t sent = 0;       ///< datagrams that the kernel took
    std::uint64_t dropped = 0;    ///< on arrival for lack of room, or at once because it was full
};

/// A UDP socket as its protocol sees it.
///
/// Thread    its reactor's. No member blocks.
/// Source    Twisted: IUDPTransport, IMulticastTransport.
class WRING_API IUDPTransport : public RefCounted {
 public:
    /// Sends one datagram at once; nothing is queued: what the kernel has no room for is dropped
    /// and counted, as the network does.
    ///
    /// Errors    MessageLengthError; InvalidAddressError for an address of another family; what the
    ///           kernel says else as Error. A refusal is none: see connectionRefused().
    virtual void write(BytesView data, const Address& to) = 0;
    /// Likewise, to the address that connect() was given. Throws UsageError without one.
    virtual void write(BytesView data) = 0;
    /// Sends each as a datagram of its own, in order, and those of one size together where the
    /// kernel can split them; see write(). One that fails ends it: those before it have been sent.
    virtual void writeMany(std::span<const BytesView> datagrams, const Address& to) = 0;
    virtual void writeMany(std::span<const BytesView> datagrams) = 0;
    void write(std::string_view text) { write(asBytes(text)); }
    void write(std::string_view text, const Address& to) { write(asBytes(text), to); }

    /// From now on only datagrams from there are delivered, and refusals are told. Throws
    /// UsageError the second time, and InvalidAddressError.
    virtual void connect(const Address& peer) = 0;
    /// Where it is bound, and what connect() was given (none without).
    virtual Address getHost() const = 0;
    virtual Address getPeer() const = 0;

    /// Whether broadcast addresses may be sent to; not at first. Throws Error.
    virtual void setBroadcastAllowed(bool allowed) = 0;
    virtual bool getBroadcastAllowed() const = 0;

    /// Takes part in a multicast group, on the interface of that address (IPv6: with that scope) or
    /// on the one that the kernel chooses. Throws MulticastJoinError.
    virtual void joinGroup(const Address& group, const Address& interface = {}) = 0;
    virtual void leaveGroup(const Address& group, const Address& interface = {}) = 0;
    /// How many routers a multicast datagram may pass: 1 at first, so none.
    virtual void setTTL(unsigned ttl) = 0;
    virtual unsigned getTTL() const = 0;
    /// Whether this host gets its own multicast datagrams; it does at first.
    virtual void setLoopbackMode(bool on) = 0;
    virtual bool getLoopbackMode() const = 0;
    /// By which interface multicast leaves: the one of that address.
    virtual void setOutgoingInterface(const Address& interface) = 0;

    /// Delivers nothing more; fires in a later turn, when the socket is closed and the protocol was
    /// told. At once if it is closed already.
    virtual Deferred<> stopListening() = 0;
    /// Counters; cheap.
    virtual UdpStats stats() const noexcept = 0;
    /// Where everything happens.
    virtual Reactor& reactor() const = 0;
};

}  // namespace wring
