#pragma once

#include <wring/net/detail/int_string_framing.hpp>
#include <wring/net/detail/pausable_receiver.hpp>

#include <string_view>

namespace wring {

/// A protocol of strings behind their length, an unsigned number in network byte order. Can be
/// paused. To go over to another protocol, stringReceived() takes the rest, takeUnparsed(); or
/// puts something in its place, by dataReceived() after that.
///
/// Lifetime  what a callback is given is lent for the length of the call.
/// Source    Twisted: protocols.basic.IntNStringReceiver; its `recvd` is takeUnparsed(). There
///           strings are delivered after loseConnection(), here nothing is.
class WRING_API IntNStringReceiver : public detail::PausableReceiver {
 public:
    /// A string came, perhaps an empty one.
    virtual void stringReceived(BytesView string) = 0;
    /// The peer has announced a string of `length` bytes, which is over the limit; called as soon
    /// as that is known. Closes the connection unless it is overridden; then the length stays at
    /// the front, and each chunk leads here until takeUnparsed() or setMaxLength() changes that.
    virtual void lengthLimitExceeded(std::size_t length);

    /// Writes its length and the string. Throws StringTooLongError when the length does not fit,
    /// and writes nothing then.
    void sendString(BytesView string);
    void sendString(std::string_view text) { sendString(asBytes(text)); }

    /// How long a string that is received may be. Twisted: MAX_LENGTH.
    std::size_t maxLength() const noexcept { return framing_.payloadMax(); }
    void setMaxLength(std::size_t bytes) noexcept { framing_.setPayloadMax(bytes); }

 protected:
    /// `prefixBytes` is 1, 2 or 4.
    IntNStringReceiver(unsigned prefixBytes, std::size_t maxLength) noexcept
        : framing_(prefixBytes, maxLength) {}

 private:
    bool step() final;

    detail::IntStringFraming framing_;
};

/// Lengths of one byte. Twisted: Int8StringReceiver.
class WRING_API Int8StringReceiver : public IntNStringReceiver {
 public:
    explicit Int8StringReceiver(std::size_t maxLength = detail::stringBytesMax) noexcept
        : IntNStringReceiver(1, maxLength) {}
};

/// Lengths of two bytes. Twisted: Int16StringReceiver.
class WRING_API Int16StringReceiver : public IntNStringReceiver {
 public:
    explicit Int16StringReceiver(std::size_t maxLength = detail::stringBytesMax) noexcept
        : IntNStringReceiver(2, maxLength) {}
};

/// Lengths of four bytes. Twisted: Int32StringReceiver.
class WRING_API Int32StringReceiver : public IntNStringReceiver {
 public:
    explicit Int32StringReceiver(std::size_t maxLength = detail::stringBytesMax) noexcept
        : IntNStringReceiver(4, maxLength) {}
};

}  // namespace wring
