#include <wring/net/framing_errors.hpp>
#include <wring/net/int_string_receiver.hpp>
#include <wring/tests/fuzz/framings.hpp>

// The first byte says how wide a length is, the second how long a string may be, the third how the
// others are cut.

namespace wring::testing {

namespace {

template <class Receiver>
class Recorder final : public Receiver {
 public:
    Recorder(std::vector<std::string>* events, std::size_t most)
        : Receiver(most), events_(events) {}
    void stringReceived(BytesView string) override { events_->emplace_back(asText(string)); }

 private:
    std::vector<std::string>* events_;
};

/// The string as it is sent; empty if that cannot be.
template <class Receiver>
std::string print(std::string_view string) {
    auto transport = makeRef<StringTransport>();
    std::vector<std::string> none;
    auto sender = makeRef<Recorder<Receiver>>(&none, 0);
    sender->makeConnection(transport);
    try {
        sender->sendString(string);
    } catch (const StringTooLongError&) {
        require(transport->value().empty(), "of a string that is too long nothing is sent");
    }
    return transport->value();
}

template <class Receiver>
void check(Input input, unsigned width) {
    std::size_t most = input.byte();
    std::uint8_t way = input.byte();
    std::string_view text = input.rest();
    Told told = tellHoweverCut<Recorder<Receiver>>(text, way, most);
    std::string printed;
    for (const std::string& each : told.events) {
        require(each.size() <= most, "no string is longer than allowed");
        printed += print<Receiver>(each);
    }
    bool isAll = told.isClosed ? text.starts_with(printed) : printed + told.left == text;
    require(isAll, "what is delivered and what is left is what came");
    scanHoweverCut(detail::IntStringFraming(width, most), text, way);

    std::string sent = print<Receiver>(text);
    bool fits = width >= sizeof(std::size_t) || text.size() >> (8 * width) == 0;
    require(sent.empty() != fits, "a string is sent if its length fits");
    if (!fits) return;
    Told back = tellHoweverCut<Recorder<Receiver>>(sent, way, text.size());
    require(back == Told{{std::string(text)}, false, ""}, "what is sent is what is received");
}

}  // namespace

}  // namespace wring::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace wring;
    testing::Input input(data, size);
    switch (input.byte() % 3) {
        case 0:
            testing::check<Int8StringReceiver>(input, 1);
            break;
        case 1:
            testing::check<Int16StringReceiver>(input, 2);
            break;
        default:
            testing::check<Int32StringReceiver>(input, 4);
    }
    return 0;
}
