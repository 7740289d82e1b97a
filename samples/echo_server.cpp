// Sends back what it receives, by a protocol that a factory builds.
//
//   echo_server [PORT]
//
// Prints nothing. The port is 8000 unless it is given; given as 0 the kernel chooses one, and then
// it prints "listening on ADDRESS:PORT". `echo` is the same with all that a server needs.

#include <wring/endpoints/reactor_tcp.hpp>
#include <wring/runtime/reactor.hpp>

#include <cstdio>
#include <cstdlib>

using namespace wring;

namespace {

class Echo : public Protocol {
 public:
    void dataReceived(BytesView data) override { transport().write(data); }
};

class EchoFactory : public ServerFactory {
 public:
    Ref<IProtocol> buildProtocol(const Address&) override { return makeRef<Echo>(); }
};

}  // namespace

int main(int argc, char** argv) try {
    int number = argc == 2 ? std::atoi(argv[1]) : 8000;
    if (argc > 2 || number < 0 || number > 65535) {
        std::fputs("Usage: echo_server [port]\n", stderr);
        return 1;
    }
    Reactor reactor;
    auto port = listenTCP(reactor, static_cast<std::uint16_t>(number), makeRef<EchoFactory>());
    reactor.callWhenRunning([&] {
        if (number == 0) std::printf("listening on %s\n", port->getHost().format().c_str());
        std::fflush(stdout);
    });
    reactor.run();
} catch (const Error& error) {
    std::fprintf(stderr, "echo_server: %s\n", error.what());
    return 2;
}
