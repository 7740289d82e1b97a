#pragma once

#include <wring/net/protocol.hpp>
#include <wring/tests/support/string_transport.hpp>

#include <gtest/gtest.h>
#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace wring::testing {

using Strings = std::vector<std::string>;

/// The ways to cut a stream that a framing must not mind.
enum class Cut { whole, byteByByte, everyPosition, random };

inline const char* cutName(Cut cut) {
    switch (cut) {
        case Cut::whole:
            return "whole";
        case Cut::byteByByte:
            return "byteByByte";
        case Cut::everyPosition:
            return "everyPosition";
        default:
            return "random";
    }
}

/// The pieces between these places, which are in order.
inline Strings piecesOf(const std::string& text, const std::vector<std::size_t>& places) {
    Strings pieces;
    std::size_t from = 0;
    for (std::size_t place : places) {
        pieces.push_back(text.substr(from, place - from));
        from = place;
    }
    pieces.push_back(text.substr(from));
    return pieces;
}

inline Strings randomPieces(const std::string& text, std::mt19937& random) {
    std::vector<std::size_t> places(random() % (text.size() + 1));
    for (std::size_t& place : places) place = random() % (text.size() + 1);
    std::sort(places.begin(), places.end());
    return piecesOf(text, places);
}

/// Every way of that kind to cut `text`; 200 of the random ones, always the same.
inline std::vector<Strings> cutsOf(const std::string& text, Cut cut) {
    std::vector<Strings> all;
    std::mt19937 random(7);
    std::vector<std::size_t> everywhere;
    for (std::size_t i = 1; i < text.size(); ++i) everywhere.push_back(i);
    if (cut == Cut::whole) all.push_back({text});
    if (cut == Cut::byteByByte) all.push_back(piecesOf(text, everywhere));
    for (std::size_t i = 0; cut == Cut::everyPosition && i <= text.size(); ++i) {
        all.push_back(piecesOf(text, {i}));
    }
    for (int i = 0; cut == Cut::random && i < 200; ++i) all.push_back(randomPieces(text, random));
    return all;
}

/// Hands a protocol bytes that are gone when this returns, as a transport does.
inline void feed(IProtocol& protocol, std::string_view text) {
    std::unique_ptr<std::byte[]> own(new std::byte[text.size()]);
    std::copy(asBytes(text).begin(), asBytes(text).end(), own.get());
    protocol.dataReceived({own.get(), text.size()});
}
inline void feedAll(IProtocol& protocol, const Strings& pieces) {
    for (const std::string& piece : pieces) feed(protocol, piece);
}

/// What a peer sends, and what the protocol that gets it shall tell.
struct CutCase {
    std::string name;
    std::string input;
    Strings events;
    std::size_t max = 99999;
    std::string delimiter = "\r\n";
};

inline void PrintTo(const CutCase& each, std::ostream* out) { *out << each.name; }

using CutParam = std::tuple<CutCase, Cut>;

inline std::string nameOfCut(const ::testing::TestParamInfo<CutParam>& info) {
    return std::get<0>(info.param).name + "_" + cutName(std::get<1>(info.param));
}

/// For the parameters that have a name, which is that of the test.
struct NameOf {
    template <class T>
    std::string operator()(const ::testing::TestParamInfo<T>& each) const {
        return each.param.name;
    }
};

inline auto allCuts() {
    return ::testing::Values(Cut::whole, Cut::byteByByte, Cut::everyPosition, Cut::random);
}

/// A protocol on a transport that does nothing.
template <class P>
struct Connected {
    template <class... Args>
    explicit Connected(Args&&... args)
        : transport(makeRef<StringTransport>()), protocol(makeRef<P>(std::forward<Args>(args)...)) {
        protocol->makeConnection(transport);
    }
    void feed(std::string_view text) { testing::feed(*protocol, text); }
    Ref<StringTransport> transport;
    Ref<P> protocol;
};

/// Sees that a P(events, case) tells the same however its input is cut.
template <class P>
void expectEventsHoweverCut(const CutParam& param) {
    const auto& [each, cut] = param;
    for (const Strings& pieces : cutsOf(each.input, cut)) {
        Strings events;
        Connected<P> it(&events, each);
        feedAll(*it.protocol, pieces);
        if (it.transport->disconnecting()) events.push_back("closed");
        EXPECT_EQ(events, each.events) << ::testing::PrintToString(pieces);
    }
}

}  // namespace wring::testing
