// Prints what clients send, and when they come and go.
//
//   simplelogger [PORT]
//
// Prints "Got connection from ('ADDRESS', PORT)", the bytes as they are, and "('ADDRESS', PORT)
// disconnected". The port is 1234 unless it is given; given as 0 the kernel chooses one, and then
// it prints "listening on ADDRESS:PORT" first.

#include <wring/endpoints/reactor_tcp.hpp>
#include <wring/runtime/reactor.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

using namespace wring;

namespace {

void say(const std::string& text) {
    std::puts(text.c_str());
    std::fflush(stdout);
}

class SimpleLogger : public Protocol {
 public:
    void connectionMade() override { say("Got connection from " + client()); }
    void dataReceived(BytesView data) override { say(std::string(asText(data))); }
    void connectionLost(const Failure&) override { say(client() + " disconnected"); }

 private:
    std::string client() const {
        Address peer = transport().getPeer();
        return "('" + peer.host() + "', " + std::to_string(peer.port()) + ")";
    }
};

}  // namespace

int main(int argc, char** argv) try {
    int number = argc == 2 ? std::atoi(argv[1]) : 1234;
    if (argc > 2 || number < 0 || number > 65535) {
        std::fputs("Usage: simplelogger [port]\n", stderr);
        return 1;
    }
    Reactor reactor;
    auto port = listenTCP(reactor, static_cast<std::uint16_t>(number), factory<SimpleLogger>());
    reactor.callWhenRunning([&] {
        if (number == 0) say("listening on " + port->getHost().format());
    });
    reactor.run();
} catch (const Error& error) {
    std::fprintf(stderr, "simplelogger: %s\n", error.what());
    return 2;
}
