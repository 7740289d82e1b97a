#pragma once

#include <wring/net/detail/frame.hpp>
#include <wring/net/protocol.hpp>
#include <wring/tests/fuzz/input.hpp>
#include <wring/tests/fuzz/property.hpp>
#include <wring/tests/support/string_transport.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace wring::testing {

/// What came of the bytes that a protocol was given.
struct Told {
    std::vector<std::string> events;
    bool isClosed = false;
    std::string left;  ///< what was not delivered

    bool operator==(const Told&) const = default;
};

/// Hands the pieces to a P(events, args…), each in memory that is gone afterwards, as a transport
/// does; goes on whenever it has paused.
template <class P, class... Args>
Told tell(const std::vector<std::string_view>& pieces, const Args&... args) {
    Told told;
    auto transport = makeRef<StringTransport>();
    auto protocol = makeRef<P>(&told.events, args...);
    protocol->makeConnection(transport);
    for (std::string_view piece : pieces) {
        std::unique_ptr<char[]> own(new char[piece.size()]);
        std::copy(piece.begin(), piece.end(), own.get());
        protocol->dataReceived(asBytes(std::string_view(own.get(), piece.size())));
        own.reset();
        if constexpr (requires { protocol->resumeProducing(); }) {
            while (protocol->paused() && !transport->disconnecting()) protocol->resumeProducing();
        }
    }
    told.isClosed = transport->disconnecting();
    told.left = protocol->takeUnparsed();
    return told;
}

/// What a P(events, args…) tells of the text, which must be the same however it is cut.
template <class P, class... Args>
Told tellHoweverCut(std::string_view text, std::uint8_t way, const Args&... args) {
    Told whole = tell<P>({text}, args...);
    require(tell<P>(cut(text, way), args...) == whole, "pieces tell the same as the whole");
    require(tell<P>(cut(text, 0), args...) == whole, "bytes tell the same as the whole");
    return whole;
}

inline bool isSame(const detail::Frame& a, const detail::Frame& b) {
    return a.state == b.state && a.prefix == b.prefix && a.payload == b.payload &&
           a.suffix == b.suffix && a.badAt == b.badAt;
}

/// Sees that a scanner that is shown more and more of the text finds what one finds that sees all.
template <class Framing>
void scanHoweverCut(const Framing& framing, std::string_view text, std::uint8_t way) {
    constexpr auto incomplete = detail::Frame::State::incomplete;
    detail::Frame frame;
    std::size_t seen = 0, shown = 0;
    for (std::string_view piece : cut(text, way)) {
        shown += piece.size();
        frame = framing.scan(asBytes(text.substr(0, shown)), seen);
        if (frame.state != incomplete) break;
    }
    std::size_t nothing = 0;
    detail::Frame whole = framing.scan(asBytes(text), nothing);
    bool areBothOpen = frame.state == incomplete && whole.state == incomplete;
    require(areBothOpen || isSame(frame, whole), "a scanner of pieces finds what one of all finds");
    bool isWithin = frame.state != detail::Frame::State::complete || frame.size() <= shown;
    require(isWithin, "a complete frame lies within the bytes");
}

}  // namespace wring::testing
