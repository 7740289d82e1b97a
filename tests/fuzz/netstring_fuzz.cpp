#include <wring/net/netstring_receiver.hpp>
#include <wring/tests/fuzz/framings.hpp>

// The first byte says how long a string may be, the second how the others are cut.

namespace wring::testing {

namespace {

class Recorder final : public NetstringReceiver {
 public:
    Recorder(std::vector<std::string>* events, std::size_t most)
        : NetstringReceiver(most), events_(events) {}
    void stringReceived(BytesView string) override { events_->emplace_back(asText(string)); }

 private:
    std::vector<std::string>* events_;
};

std::string print(std::string_view string) {
    auto transport = makeRef<StringTransport>();
    std::vector<std::string> none;
    auto sender = makeRef<Recorder>(&none, 0);
    sender->makeConnection(transport);
    sender->sendString(string);
    return transport->value();
}

void check(Input input) {
    std::size_t most = input.byte();
    std::uint8_t way = input.byte();
    std::string_view text = input.rest();
    Told told = tellHoweverCut<Recorder>(text, way, most);
    std::string printed;
    for (const std::string& each : told.events) {
        require(each.size() <= most, "no string is longer than allowed");
        printed += print(each);
    }
    bool isAll = told.isClosed ? text.starts_with(printed) : printed + told.left == text;
    require(isAll, "what is delivered and what is left is what came");
    require(!told.isClosed || told.left.empty(), "nothing is left of what is no netstring");
    scanHoweverCut(detail::NetstringFraming(most), text, way);

    Told back = tellHoweverCut<Recorder>(print(text), way, text.size());
    require(back == Told{{std::string(text)}, false, ""}, "what is sent is what is received");
}

}  // namespace

}  // namespace wring::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    wring::testing::check({data, size});
    return 0;
}
