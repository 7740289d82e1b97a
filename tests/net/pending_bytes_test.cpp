#include <wring/net/detail/pending_bytes.hpp>

#include <wring/net/detail/line_framing.hpp>

#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <string>

namespace wring::detail {
namespace {

// Does at random what a protocol and its callbacks may do, beside a plain string that does the
// same.
class PendingBytesTest : public ::testing::TestWithParam<unsigned> {
 protected:
    std::size_t below(std::size_t bound) { return random_() % bound; }

    std::string someText() {
        std::string text(below(below(20) == 0 ? 400 : 20), '\0');
        for (char& each : text) each = "abc;"[below(4)];
        return text;
    }

    // One dataReceived().
    void deliver() {
        std::string chunk = someText();
        auto lent = std::make_unique<char[]>(chunk.size());
        chunk.copy(lent.get(), chunk.size());
        pending_.lend(asBytes({lent.get(), chunk.size()}));
        model_ += chunk;
        for (std::size_t steps = below(12); steps > 0; --steps) step();
        pending_.settle();
    }

    // Takes a piece and does what its callback might, during which the piece stays what it is.
    void step() {
        pending_.absorb();
        BytesView piece = takePiece();
        std::string wanted = model_.substr(0, piece.size());
        model_.erase(0, piece.size());
        for (std::size_t actions = below(3); actions > 0; --actions) act(piece);
        EXPECT_EQ(asText(piece), wanted);
    }

    BytesView takePiece() {
        if (below(8) == 0) return pending_.takeAll();
        Frame line = pending_.scan(framing_);
        std::size_t end = model_.find(';');
        EXPECT_EQ(line.state == Frame::State::complete, end != std::string::npos);
        if (line.state != Frame::State::complete) return {};
        EXPECT_EQ(line.payload, end);
        return pending_.take(line.size());
    }

    void act(BytesView piece) {
        std::string text = someText();
        switch (below(6)) {
            case 0:
                EXPECT_EQ(pending_.release(), std::exchange(model_, {}));
                break;
            case 1:
                pending_.clear();
                model_.clear();
                break;
            case 2:
            case 3:
                piece = piece.last(below(piece.size() + 1));
                model_ += asText(piece);
                pending_.arrive(piece);
                break;
            default:
                model_ += text;
                pending_.arrive(asBytes(text));
        }
    }

    std::mt19937 random_{GetParam()};
    LineFraming framing_{";", 1 << 20};
    PendingBytes pending_;
    std::string model_;
};

TEST_P(PendingBytesTest, whateverIsDoneNoByteIsLostOrMovedOutOfOrder) {
    for (int i = 0; i < 2000; ++i) {
        deliver();
        ASSERT_EQ(pending_.size(), model_.size());
    }
    EXPECT_EQ(pending_.release(), model_);
    EXPECT_TRUE(pending_.empty());
}
INSTANTIATE_TEST_SUITE_P(Seeds, PendingBytesTest, ::testing::Range(1u, 9u));

}  // namespace
}  // namespace wring::detail
