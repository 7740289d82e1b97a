#pragma once

#include <wring/net/detail/line_framing.hpp>
#include <wring/net/detail/receiver.hpp>

#include <string>
#include <string_view>

namespace wring {

/// A protocol of nothing but lines: no raw mode, no pause. After loseConnection() nothing more is
/// delivered. A line that lies whole in a chunk is not copied.
///
/// Lifetime  what a callback is given is lent for the length of the call.
/// Source    Twisted: protocols.basic.LineOnlyReceiver, which gives a line without end that is too
///           long to lineLengthExceeded() again and again; here it is forgotten the first time.
class WRING_API LineOnlyReceiver : public detail::Receiver {
 public:
    /// Lines end in `delimiter`, which is not empty, and have `maxLength` bytes at most without it.
    explicit LineOnlyReceiver(std::string delimiter = "\r\n",
                              std::size_t maxLength = detail::lineBytesMax);

    /// A line came; its delimiter is not part of it.
    virtual void lineReceived(std::string_view line) = 0;
    /// A line is longer than allowed, or what came of one that has no end yet: half a delimiter
    /// counts. The lines behind it that came with it are dropped, but not one without an end.
    /// Closes the connection unless it is overridden.
    virtual void lineLengthExceeded(std::string_view line);

    /// Writes the line and the delimiter, which it had better not contain.
    void sendLine(std::string_view line);

    /// What ends a line, received or sent; from the next line on. Not empty.
    const std::string& delimiter() const noexcept { return framing_.delimiter(); }
    void setDelimiter(std::string delimiter);
    /// How long a line may be without its delimiter. Twisted: MAX_LENGTH.
    std::size_t maxLength() const noexcept { return maxLength_; }
    void setMaxLength(std::size_t bytes) noexcept { maxLength_ = bytes; }

 private:
    bool step() final;
    void dropLines();

    detail::LineFraming framing_;
    std::size_t maxLength_;
};

}  // namespace wring
