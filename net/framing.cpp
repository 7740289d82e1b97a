#include <wring/net/framing.hpp>

#include <wring/net/detail/byte_queue.hpp>
#include <wring/net/detail/int_string_framing.hpp>
#include <wring/net/detail/line_framing.hpp>
#include <wring/net/detail/netstring_framing.hpp>
#include <wring/runtime/outcome.hpp>

#include <array>
#include <utility>

namespace wring {

namespace {

using detail::Frame;

// The bytes of a message that have been read, in one chunk if they came so.
class Reading {
 public:
    bool empty() const noexcept { return kept_.empty() && !chunk_; }
    BytesView view() const noexcept { return kept_.empty() ? chunk_.view() : asBytes(kept_); }

    void add(Bytes chunk) {
        if (!kept_.empty()) kept_ += chunk.text();
        chunk_ = std::move(chunk);
    }

    // Before the next chunk is waited for: half a message, which may stay half a message for ever, must
    // not keep a receive buffer from others.
    void keep() {
        if (kept_.empty()) kept_ = chunk_.text();
        chunk_ = Bytes();
    }

    // Takes the payload and gives the stream what lies behind the frame, which ends in the last
    // chunk.
    Bytes take(Stream& stream, const Frame& frame) {
        BytesView payload = view().subspan(frame.prefix, frame.payload);
        std::size_t rest = view().size() - frame.size();
        if (rest == 0 && kept_.empty() && !payload.empty()) {
            chunk_.removePrefix(frame.prefix);
            chunk_.truncate(frame.payload);
            return std::move(chunk_);
        }
        Bytes copy = Bytes::copyOf(payload);
        chunk_.removePrefix(chunk_.size() - rest);
        stream.unread(std::move(chunk_));
        return copy;
    }

    void giveBack(Stream& stream) {
        stream.unread(kept_.empty() ? std::move(chunk_) : Bytes::copyOf(kept_));
    }

 private:
    Bytes chunk_;       // the last one
    std::string kept_;  // all of it, once there was more than one
};

Failure failureOf(const Frame& frame, BytesView bytes, std::size_t limit) {
    if (frame.state == Frame::State::malformed) {
        return NetstringParseError(bytes[frame.badAt], frame.badAt);
    }
    return MessageLengthError(0, "readFrame", "more than " + std::to_string(limit) + " bytes");
}

template <class Framing>
Task<std::optional<Bytes>> readFrame(Stream* stream, Framing framing) {
    Reading reading;
    std::size_t seen = 0;
    for (;;) {
        Result<Bytes> chunk = co_await outcome(stream->read());
        if (!chunk || !*chunk) {
            bool isBetween = reading.empty();
            reading.giveBack(*stream);
            if (!chunk) co_return chunk.error();
            if (!isBetween) co_return Failure::of<EndOfStreamError>();
            co_return std::optional<Bytes>();
        }
        reading.add(*std::move(chunk));
        Frame frame = framing.scan(reading.view(), seen);
        if (frame.state == Frame::State::complete) {
            co_return std::optional<Bytes>(reading.take(*stream, frame));
        }
        if (frame.state == Frame::State::incomplete) {
            reading.keep();
            continue;
        }
        Failure failure = failureOf(frame, reading.view(), framing.payloadMax());
        reading.giveBack(*stream);
        co_return failure;
    }
}

Task<std::optional<Bytes>> readIntString(Stream& stream, unsigned prefixBytes, std::size_t limit) {
    return readFrame(&stream, detail::IntStringFraming(prefixBytes, limit));
}

// All parts in one block, which the stream takes over.
Bytes join(BytesView first, BytesView second, BytesView third = {}) {
    detail::ByteQueue queue;
    for (BytesView part : {first, second, third}) queue.append(part);
    return queue.take();
}

Bytes intString(unsigned prefixBytes, BytesView string) {
    detail::IntStringFraming framing(prefixBytes, 0);
    std::array<std::byte, 4> prefix = framing.prefixFor(string.size());
    return join(BytesView(prefix).first(prefixBytes), string);
}

}  // namespace

Task<std::optional<Bytes>> readLine(Stream& stream, std::size_t limit, std::string delimiter) {
    return readFrame(&stream, detail::LineFraming(std::move(delimiter), limit));
}

Task<std::optional<Bytes>> readNetstring(Stream& stream, std::size_t limit) {
    return readFrame(&stream, detail::NetstringFraming(limit));
}

Task<std::optional<Bytes>> readInt8String(Stream& stream, std::size_t limit) {
    return readIntString(stream, 1, limit);
}
Task<std::optional<Bytes>> readInt16String(Stream& stream, std::size_t limit) {
    return readIntString(stream, 2, limit);
}
Task<std::optional<Bytes>> readInt32String(Stream& stream, std::size_t limit) {
    return readIntString(stream, 4, limit);
}

detail::WriteAwaiter writeLine(Stream& stream, std::string_view line, std::string_view delimiter) {
    return stream.write(join(asBytes(line), asBytes(delimiter)));
}

detail::WriteAwaiter writeNetstring(Stream& stream, BytesView string) {
    std::string prefix = std::to_string(string.size()) + ":";
    return stream.write(join(asBytes(prefix), string, asBytes(",")));
}
detail::WriteAwaiter writeNetstring(Stream& stream, std::string_view text) {
    return writeNetstring(stream, asBytes(text));
}

detail::WriteAwaiter writeInt8String(Stream& stream, BytesView string) {
    return stream.write(intString(1, string));
}
detail::WriteAwaiter writeInt8String(Stream& stream, std::string_view text) {
    return writeInt8String(stream, asBytes(text));
}
detail::WriteAwaiter writeInt16String(Stream& stream, BytesView string) {
    return stream.write(intString(2, string));
}
detail::WriteAwaiter writeInt16String(Stream& stream, std::string_view text) {
    return writeInt16String(stream, asBytes(text));
}
detail::WriteAwaiter writeInt32String(Stream& stream, BytesView string) {
    return stream.write(intString(4, string));
}
detail::WriteAwaiter writeInt32String(Stream& stream, std::string_view text) {
    return writeInt32String(stream, asBytes(text));
}

}  // namespace wring
