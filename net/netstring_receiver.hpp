#pragma once

#include <wring/net/detail/netstring_framing.hpp>
#include <wring/net/detail/pausable_receiver.hpp>

#include <string_view>

namespace wring {

/// A protocol of netstrings, `LENGTH:BYTES,`. What is not one is seen as soon as the first wrong
/// byte is there, and so is a length over the limit: the connection is closed, and what came before
/// has been delivered. Can be paused.
///
/// Lifetime  what a callback is given is lent for the length of the call.
/// Source    Twisted: protocols.basic.NetstringReceiver, which cannot be paused.
class WRING_API NetstringReceiver : public detail::PausableReceiver {
 public:
    /// Takes strings of `maxLength` bytes at most; any may be sent.
    explicit NetstringReceiver(std::size_t maxLength = detail::stringBytesMax) noexcept
        : framing_(maxLength) {}

    /// A string came, perhaps an empty one.
    virtual void stringReceived(BytesView string) = 0;

    /// Writes it as a netstring.
    void sendString(BytesView string);
    void sendString(std::string_view text) { sendString(asBytes(text)); }

    /// Whether the peer has sent something else; nothing is delivered from then on.
    bool brokenPeer() const noexcept { return isBroken_; }
    /// How long a string may be. Twisted: MAX_LENGTH.
    std::size_t maxLength() const noexcept { return framing_.payloadMax(); }
    void setMaxLength(std::size_t bytes) noexcept { framing_.setPayloadMax(bytes); }

 private:
    bool step() final;

    detail::NetstringFraming framing_;
    bool isBroken_ = false;
};

}  // namespace wring
