// Answers each line with "You said: " and the line; "quit" with "Goodbye.", and hangs up.
//
//   echoserver [PORT]
//
// Prints "Server running, Press Ctrl-C to stop.", and "Connection from ADDRESS" for each client.
// The port is 5001 unless it is given; given as 0 the kernel chooses one, and then it prints
// "listening on ADDRESS:PORT" first.

#include <wring/endpoints/reactor_tcp.hpp>
#include <wring/net/line_receiver.hpp>
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

class Echo : public LineReceiver {
 public:
    void connectionMade() override { say("Connection from " + transport().getPeer().host()); }
    void lineReceived(std::string_view line) override {
        if (line == "quit") {
            sendLine("Goodbye.");
            transport().loseConnection();
        } else {
            sendLine("You said: " + std::string(line));
        }
    }
};

}  // namespace

int main(int argc, char** argv) try {
    int number = argc == 2 ? std::atoi(argv[1]) : 5001;
    if (argc > 2 || number < 0 || number > 65535) {
        std::fputs("Usage: echoserver [port]\n", stderr);
        return 1;
    }
    Reactor reactor;
    auto port = listenTCP(reactor, static_cast<std::uint16_t>(number), factory<Echo>());
    reactor.callWhenRunning([&] {
        if (number == 0) say("listening on " + port->getHost().format());
        say("Server running, Press Ctrl-C to stop.");
    });
    reactor.run();
} catch (const Error& error) {
    std::fprintf(stderr, "echoserver: %s\n", error.what());
    return 2;
}
