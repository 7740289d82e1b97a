#include <wring/endpoints/registry.hpp>
#include <wring/net/tls_errors.hpp>
#include <wring/runtime/log.hpp>
#include <wring/runtime/reactor.hpp>
#include <wring/tests/fuzz/input.hpp>
#include <wring/tests/fuzz/property.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>

// The bytes are a description, once for a server and once for a client.

namespace wring::testing {

namespace {

using List = std::vector<Description::Argument>;

bool isSame(const List& a, const List& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
        return x.name == y.name && x.text == y.text;
    });
}

std::string print(const Description& description) {
    std::string text = quoteStringArgument(description.type());
    for (const auto& each : description.positional()) text += ":" + quoteStringArgument(each.text);
    for (const auto& each : description.keywords()) {
        text += ":" + quoteStringArgument(each.name) + "=" + quoteStringArgument(each.text);
    }
    return text;
}

void checkPrinting(const Description& description) {
    Description again = parseDescription(print(description));
    bool areSame = again.type() == description.type() &&
                   isSame(again.positional(), description.positional()) &&
                   isSame(again.keywords(), description.keywords());
    require(areSame, "what is printed is what was parsed");
}

void checkQuoting(std::string_view text) {
    std::string quoted = quoteStringArgument(text);
    Description description = parseDescription("t:" + quoted + ":k=" + quoted);
    bool isThere = isSame(description.positional(), {{"", std::string(text), 0}}) &&
                   isSame(description.keywords(), {{"k", std::string(text), 0}});
    require(isThere, "any text can be quoted");
}

int lowestFreeDescriptor() {
    int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(fd);
    return fd;
}

// Whatever else is thrown is a finding.
template <class F>
bool isAccepted(std::string_view text, F parse) {
    int before = lowestFreeDescriptor();
    bool accepted = true;
    try {
        parse();
    } catch (const EndpointSyntaxError& error) {
        accepted = false;
        require(error.position() <= text.size(), "a mistake stands within the text");
    } catch (const CertificateError&) {
        accepted = false;  // files are read, and closed again
    }
    require(lowestFreeDescriptor() == before, "nothing is opened");
    return accepted;
}

class Silence {
 public:
    Silence() : before_(setLogSink([](LogLevel, std::string_view) {})) {}
    Silence(const Silence&) = delete;
    Silence& operator=(const Silence&) = delete;
    ~Silence() { setLogSink(before_); }

 private:
    LogSink before_;
};

void check(std::string_view text) {
    Silence silence;
    checkQuoting(text);
    if (!isAccepted(text, [&] { checkPrinting(parseDescription(text)); })) return;
    // One for all inputs: making it costs the kernel milliseconds. The exit of the process ends it.
    static Reactor& reactor = *new Reactor(ReactorOptions("epoll"));
    std::string printed = print(parseDescription(text));
    bool isServer = isAccepted(text, [&] { serverFromString(reactor, text); });
    bool isClient = isAccepted(text, [&] { clientFromString(reactor, text); });
    // Printing moves what has no name before what has one, which no type minds.
    bool isSame = isServer == isAccepted(printed, [&] { serverFromString(reactor, printed); }) &&
                  isClient == isAccepted(printed, [&] { clientFromString(reactor, printed); });
    require(isSame, "a description means the same however it is written");
}

}  // namespace

}  // namespace wring::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    wring::testing::check(wring::testing::Input(data, size).rest());
    return 0;
}
