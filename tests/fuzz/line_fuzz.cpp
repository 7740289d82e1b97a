#include <wring/net/line_only_receiver.hpp>
#include <wring/net/line_receiver.hpp>
#include <wring/tests/fuzz/framings.hpp>

// The first byte says which delimiter, the second how long a line may be, the third how the others
// are cut. Lines that begin with P, R, D or M make the protocol pause, go over to raw bytes, or
// change its delimiter or limit.

namespace wring::testing {

namespace {

constexpr std::string_view delimiters[] = {"\r\n", "\n", "aab", "abab", ".", "\r\r\n"};

class Recorder final : public LineReceiver {
 public:
    Recorder(std::vector<std::string>* events, std::string_view delimiter, std::size_t most)
        : LineReceiver(std::string(delimiter), most), events_(events) {}

    void lineReceived(std::string_view line) override {
        require(line.size() <= maxLength(), "no line is longer than allowed");
        require(line.find(delimiter()) == line.npos, "no line has a delimiter in it");
        events_->push_back("line " + std::string(line));
        if (line.size() < 2) return;
        std::string_view value = line.substr(1);
        switch (line.front()) {
            case 'P':
                return pauseProducing();
            case 'R':
                rawBytes_ = static_cast<unsigned char>(value.front());
                events_->push_back("raw ");
                return setRawMode();
            case 'D':
                return setDelimiter(std::string(value));
            case 'M':
                return setMaxLength(static_cast<unsigned char>(value.front()));
            default:
                return;
        }
    }

    void rawDataReceived(BytesView data) override {
        BytesView raw = data.first(std::min(rawBytes_, data.size()));
        events_->back() += asText(raw);
        rawBytes_ -= raw.size();
        if (rawBytes_ == 0) setLineMode(data.subspan(raw.size()));
    }

 private:
    std::vector<std::string>* events_;
    std::size_t rawBytes_ = 0;
};

class LinesOnly final : public LineOnlyReceiver {
 public:
    LinesOnly(std::vector<std::string>* events, std::string_view delimiter, std::size_t most)
        : LineOnlyReceiver(std::string(delimiter), most), events_(events) {}
    void lineReceived(std::string_view line) override { events_->emplace_back(line); }

 private:
    std::vector<std::string>* events_;
};

// What LineOnlyReceiver says of a line that is too long depends on how it came; what it has said
// before must be lines that are there.
void checkLinesOnly(std::string_view text, std::uint8_t way, std::string_view delimiter,
                    std::size_t most) {
    Told all = tellHoweverCut<LinesOnly>(text, way, delimiter, text.size());
    std::string printed;
    for (const std::string& each : all.events) printed.append(each).append(delimiter);
    require(!all.isClosed && printed + all.left == text, "all lines and the rest are what came");

    Told some = tell<LinesOnly>(cut(text, way), delimiter, most);
    bool areFirst = some.events.size() <= all.events.size() &&
                    std::equal(some.events.begin(), some.events.end(), all.events.begin());
    require(areFirst, "the lines up to one that is too long are told");
    require(some.isClosed || some == all, "all lines are told if none is too long");
}

void check(Input input) {
    std::string_view delimiter = delimiters[input.byte() % std::size(delimiters)];
    std::size_t most = input.byte();
    std::uint8_t way = input.byte();
    tellHoweverCut<Recorder>(input.rest(), way, delimiter, most);
    checkLinesOnly(input.rest(), way, delimiter, most);
    scanHoweverCut(detail::LineFraming(std::string(delimiter), most), input.rest(), way);
}

}  // namespace

}  // namespace wring::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    wring::testing::check({data, size});
    return 0;
}
