// Talks to a peer that is not wring's, for tests/twisted_test.sh: with each protocol base a server
// that sends back every message, and a client that sends messages, wants them back, and sends one
// that is too long, by which it must lose the connection. framing_peer.py is the other side, with
// the same messages.
//
//   framing_peer serve                 prints NAME=PORT, one a line; runs until SIGTERM
//   framing_peer connect NAME=PORT…    prints "NAME ok" or "NAME failed: REASON"

#include <wring/deferred/timeout.hpp>
#include <wring/endpoints/connect_protocol.hpp>
#include <wring/endpoints/reactor_tcp.hpp>
#include <wring/endpoints/run.hpp>
#include <wring/endpoints/tcp_endpoints.hpp>
#include <wring/net/int_string_receiver.hpp>
#include <wring/net/line_receiver.hpp>
#include <wring/net/netstring_receiver.hpp>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace wring;

namespace {

/// The protocol bases by one pair of names.
template <class Receiver>
class Framed : public Receiver {
 public:
    virtual void got(std::string_view message) = 0;
    void send(std::string_view message) { this->sendString(message); }

 private:
    void stringReceived(BytesView string) final { got(asText(string)); }
};

template <>
class Framed<LineReceiver> : public LineReceiver {
 public:
    virtual void got(std::string_view message) = 0;
    void send(std::string_view message) { sendLine(message); }

 private:
    void lineReceived(std::string_view line) final { got(line); }
};

/// A message of that many bytes; letters only where the framing knows a delimiter.
std::string message(std::size_t size, bool isText) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        std::size_t value = i * 31 + size;
        text[i] = static_cast<char>(isText ? 'a' + value % 26 : value % 256);
    }
    return text;
}

std::vector<std::string> messages(std::size_t limit, bool isText) {
    std::vector<std::string> all;
    for (std::size_t size = 0; size < 100; ++size) all.push_back(message(size, isText));
    for (std::size_t size : {limit - 1, limit}) all.push_back(message(size, isText));
    return all;
}

template <class Receiver>
class Echo final : public Framed<Receiver> {
 public:
    explicit Echo(std::size_t limit) { this->setMaxLength(limit); }
    void got(std::string_view message) override { this->send(message); }
};

template <class Receiver>
class Talker final : public Framed<Receiver> {
 public:
    Talker(std::size_t limit, bool isText)
        : expected_(messages(limit, isText)), tooLong_(message(limit + 1, isText)) {
        this->setMaxLength(limit);
    }
    void connectionMade() override {
        for (const std::string& each : expected_) this->send(each);
    }
    void got(std::string_view message) override {
        if (next_ == expected_.size() || message != expected_[next_]) {
            problem = "message " + std::to_string(next_) + " came back otherwise";
            return this->transport().abortConnection();
        }
        if (++next_ == expected_.size()) this->send(tooLong_);
    }
    void connectionLost(const Failure& reason) override {
        if (problem.empty() && next_ < expected_.size()) {
            problem =
                "lost after " + std::to_string(next_) + " messages: " + reason.getErrorMessage();
        }
    }
    std::string problem;

 private:
    std::vector<std::string> expected_;
    std::string tooLong_;
    std::size_t next_ = 0;
};

struct Kind {
    std::size_t limit;
    Ref<IFactory> (*server)(std::size_t limit);
    Task<std::string> (*talk)(Reactor& reactor, std::uint16_t port, std::size_t limit);
};

template <class Receiver>
Ref<IFactory> serverOf(std::size_t limit) {
    return factory<Echo<Receiver>>(limit);
}

template <class Receiver>
Task<std::string> talkBy(Reactor& reactor, std::uint16_t port, std::size_t limit) {
    constexpr bool isText = std::is_same_v<Receiver, LineReceiver>;
    auto endpoint = makeRef<TCPClientEndpoint>(reactor, ConnectOptions("127.0.0.1", port));
    auto talker = makeRef<Talker<Receiver>>(limit, isText);
    Ref<IProtocol> connected = co_await connectProtocol(endpoint, talker);
    co_await connected;
    co_return talker->problem;
}

template <class Receiver>
Kind kindOf(std::size_t limit) {
    return {limit, serverOf<Receiver>, talkBy<Receiver>};
}

std::map<std::string, Kind> kinds() {
    return {{"line", kindOf<LineReceiver>(16384)},
            {"netstring", kindOf<NetstringReceiver>(50000)},
            {"int8", kindOf<Int8StringReceiver>(200)},
            {"int16", kindOf<Int16StringReceiver>(50000)},
            {"int32", kindOf<Int32StringReceiver>(50000)}};
}

Task<> serveAll(Reactor& reactor) {
    std::vector<Ref<IListeningPort>> ports;
    for (const auto& [name, kind] : kinds()) {
        ports.push_back(listenTCP(reactor, 0, kind.server(kind.limit), 50, "127.0.0.1"));
        std::printf("%s=%d\n", name.c_str(), ports.back()->getHost().port());
    }
    std::fflush(stdout);
    co_await ports.front();
}

Task<> talkToAll(Reactor& reactor, std::vector<std::string> servers) {
    std::map<std::string, Kind> known = kinds();
    for (const std::string& server : servers) {
        std::string name = server.substr(0, server.find('='));
        Kind kind = known.at(name);
        int port = std::atoi(server.substr(name.size() + 1).c_str());
        auto talk = kind.talk(reactor, static_cast<std::uint16_t>(port), kind.limit);
        auto problem = co_await outcome(withTimeout(20s, std::move(talk)));
        std::string text = problem ? *problem : problem.error().getErrorMessage();
        std::printf("%s %s\n", name.c_str(), text.empty() ? "ok" : ("failed: " + text).c_str());
    }
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string> words(argv + 1, argv + argc);
    if (words.size() == 1 && words[0] == "serve") return run(serveAll);
    if (words.size() < 2 || words[0] != "connect") return 2;
    words.erase(words.begin());
    return run(ReactorOptions(), talkToAll, words);
}
