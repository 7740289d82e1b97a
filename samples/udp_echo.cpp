// Sends back each datagram that it receives, until Ctrl-C.
//
//   udp_echo [PORT] [--style coroutine|protocol]
//   udp_echo 7007
//
// The port is 7007 of the loopback unless it is given; 0 lets the kernel choose. Prints "listening
// on ADDRESS:PORT". Try it with: echo hello | socat - UDP:127.0.0.1:7007

#include <wring/deferred/event.hpp>
#include <wring/endpoints/run.hpp>
#include <wring/net/udp_socket.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

using namespace wring;

namespace {

// In a protocol's style: a datagram that the peer's port does not want is nobody's business.
struct Echo : DatagramProtocol {
    void datagramReceived(BytesView data, const Address& from) override {
        transport().write(data, from);
    }
};

Task<> echo(UdpSocket* socket) {
    for (;;) {
        Datagram datagram = co_await socket->receiveFrom();
        co_await socket->sendTo(datagram.data, datagram.from);
    }
}

void announce(const Address& address) {
    std::printf("listening on %s\n", address.format().c_str());
    std::fflush(stdout);
}

Task<> app(Reactor& reactor, std::uint16_t port, bool isProtocol) {
    UdpOptions options;
    options.interface = "127.0.0.1";
    options.maxPacketSize = 65536;
    if (isProtocol) {
        auto transport = listenUDP(reactor, port, makeRef<Echo>(), options);
        announce(transport->getHost());
        Event untilCancelled;
        co_await untilCancelled.wait();
    } else {
        UdpSocket socket(reactor, port, options);
        announce(socket.getHost());
        co_await echo(&socket);
    }
}

int usage() {
    std::fputs("Usage: udp_echo [port] [--style coroutine|protocol]\n", stderr);
    return 1;
}

}  // namespace

int main(int argc, char** argv) try {
    int port = 7007;
    std::string style = "coroutine";
    for (int i = 1; i < argc; ++i) {
        std::string word = argv[i];
        if (word == "--style" && i + 1 < argc) {
            style = argv[++i];
        } else {
            char* end = nullptr;
            port = static_cast<int>(std::strtol(argv[i], &end, 10));
            if (*end || word.empty() || port < 0 || port > 65535) return usage();
        }
    }
    if (style != "coroutine" && style != "protocol") return usage();
    return run(ReactorOptions(), app, static_cast<std::uint16_t>(port), style == "protocol");
} catch (const Error& error) {
    std::fprintf(stderr, "udp_echo: %s\n", error.what());
    return 2;
}
