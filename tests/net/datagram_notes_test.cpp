#include <wring/net/detail/datagram_notes.hpp>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <cstring>
#include <string>
#include <vector>

namespace wring::detail {
namespace {

std::string note(int level, int type, std::string value, int lengthOff = 0) {
    ::cmsghdr header{};
    header.cmsg_level = level;
    header.cmsg_type = type;
    header.cmsg_len = CMSG_LEN(value.size()) + static_cast<std::size_t>(lengthOff);
    std::string text(reinterpret_cast<const char*>(&header), sizeof header);
    text += value;
    text.resize(CMSG_SPACE(value.size()));
    return text;
}

std::string number(std::uint32_t value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

const std::string drops = note(SOL_SOCKET, SO_RXQ_OVFL, number(7));
const std::string segments = note(IPPROTO_UDP, UDP_GRO, number(1200));

TEST(DatagramNotesTest, bothAreReadInAnyOrderAmongOthers) {
    const std::string other = note(SOL_SOCKET, SO_TIMESTAMP, "something");
    for (const std::string& all : {drops + segments, segments + other + drops}) {
        DatagramNotes notes = readNotes(asBytes(all));
        EXPECT_EQ(notes.dropped, 7u);
        EXPECT_EQ(notes.segmentBytes, 1200u);
    }
    DatagramNotes none = readNotes({});
    EXPECT_FALSE(none.dropped);
    EXPECT_EQ(none.segmentBytes, 0u);
}

TEST(DatagramNotesTest, whatIsCutOffOrOfAWrongLengthCountsForNothing) {
    for (std::size_t size = 0; size < CMSG_LEN(4); ++size) {
        EXPECT_FALSE(readNotes(asBytes(drops).first(size)).dropped) << size;
    }
    for (int off : {-21, -20, -5, -1, 5, 1000}) {
        std::string wrong = note(SOL_SOCKET, SO_RXQ_OVFL, number(7), off);
        EXPECT_FALSE(readNotes(asBytes(wrong)).dropped) << off;
    }
    EXPECT_EQ(readNotes(asBytes(note(IPPROTO_UDP, UDP_GRO, number(~0u)))).segmentBytes, 0u);
}

/// What a split gives: "text" of each, with a "!" behind one that was cut.
std::vector<std::string> split(std::string_view text, std::size_t segment, std::size_t most,
                               bool isCut = false) {
    std::vector<std::string> all;
    DatagramSplit parts(asBytes(text), segment, most, isCut);
    while (parts.next()) {
        all.emplace_back(asText(parts.data()));
        if (parts.isTruncated()) all.back() += "!";
    }
    EXPECT_TRUE(parts.empty());
    return all;
}

TEST(DatagramNotesTest, aSplitGivesEachDatagramAndItsTruncation) {
    using Texts = std::vector<std::string>;
    EXPECT_EQ(split("abcdefgh", 0, 100), Texts{"abcdefgh"});
    EXPECT_EQ(split("", 0, 100), Texts{""});
    EXPECT_EQ(split("abcdefgh", 3, 100), (Texts{"abc", "def", "gh"}));
    EXPECT_EQ(split("abcdef", 3, 100), (Texts{"abc", "def"}));
    EXPECT_EQ(split("abcdefgh", 3, 2), (Texts{"ab!", "de!", "gh"}));
    EXPECT_EQ(split("abcdefgh", 0, 8, true), Texts{"abcdefgh!"});
    EXPECT_EQ(split("abcdefgh", 5, 8, true), (Texts{"abcde", "fgh!"}));
    EXPECT_EQ(split("ab", 5, 8), Texts{"ab"});
    DatagramSplit none;
    EXPECT_FALSE(none.next());
}

}  // namespace
}  // namespace wring::detail
