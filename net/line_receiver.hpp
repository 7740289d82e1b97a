#pragma once

#include <wring/net/detail/line_framing.hpp>
#include <wring/net/detail/pausable_receiver.hpp>

#include <string>
#include <string_view>

namespace wring {

/// A protocol of lines that may turn to raw bytes and back at any place, within a chunk too.
///
/// The mode is looked at before each piece: after setRawMode() what is left of the chunk is raw. A
/// callback is never called inside another. After loseConnection() nothing more is delivered, in
/// no mode; what is left is dropped. A line that lies whole in a chunk is not copied.
///
/// Errors    what a callback throws ends the connection, as with any protocol.
/// Lifetime  what a callback is given is lent for the length of the call.
/// Source    Twisted: protocols.basic.LineReceiver, which after loseConnection() delivers once more
///           when bytes are raw or it is resumed.
class WRING_API LineReceiver : public detail::PausableReceiver {
 public:
    /// Lines end in `delimiter`, which is not empty, and have `maxLength` bytes at most without it.
    explicit LineReceiver(std::string delimiter = "\r\n",
                          std::size_t maxLength = detail::lineBytesMax);

    /// A line came; its delimiter is not part of it.
    virtual void lineReceived(std::string_view line) = 0;
    /// Bytes came in raw mode: all there are. Throws UsageError unless it is overridden.
    virtual void rawDataReceived(BytesView data);
    /// A line is longer than allowed: `data` is it and everything that came behind it, and is
    /// forgotten. A line without its end counts as such once there is room for the end, too. Closes
    /// the connection unless it is overridden; then what comes next begins a line.
    virtual void lineLengthExceeded(BytesView data);

    /// Delivers lines from now on; what is left of the bytes that came, and `extra` behind them.
    /// Inside a callback that happens after it, else before this returns. To give back the end of
    /// the bytes that rawDataReceived() has just been given costs no copy.
    void setLineMode(BytesView extra = {});
    /// Delivers raw bytes from now on.
    void setRawMode() noexcept { isLineMode_ = false; }
    /// Whether lines are delivered.
    bool lineMode() const noexcept { return isLineMode_; }

    /// Writes the line and the delimiter, which it had better not contain.
    void sendLine(std::string_view line);
    /// Takes what came and was not delivered.
    std::string clearLineBuffer() { return takeUnparsed(); }

    /// What ends a line, received or sent; from the next line on. Not empty.
    const std::string& delimiter() const noexcept { return framing_.delimiter(); }
    void setDelimiter(std::string delimiter);
    /// How long a line may be without its delimiter. Twisted: MAX_LENGTH.
    std::size_t maxLength() const noexcept { return framing_.payloadMax(); }
    void setMaxLength(std::size_t bytes) noexcept { framing_.setPayloadMax(bytes); }

 private:
    bool step() final;

    detail::LineFraming framing_;
    bool isLineMode_ = true;
};

}  // namespace wring
