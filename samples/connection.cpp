// Connects to a host, says where that led, and hangs up.
//
//   connection HOST [PORT]
//   connection localhost 7007
//
// Prints "Connected to 127.0.0.1." and "Lost connection: Connection was closed cleanly."; or, with
// status 1, "Connection failed: " and the reason. The port is 80 unless it is given.

#include <wring/endpoints/reactor_tcp.hpp>
#include <wring/runtime/reactor.hpp>

#include <cstdio>
#include <cstdlib>

using namespace wring;

namespace {

class HangUp : public Protocol {
 public:
    void connectionMade() override {
        std::printf("Connected to %s.\n", transport().getPeer().host().c_str());
        transport().loseConnection();
    }
};

class HangUpFactory : public ClientFactory {
 public:
    explicit HangUpFactory(int* status) : status_(status) {}
    Ref<IProtocol> buildProtocol(const Address&) override { return makeRef<HangUp>(); }
    void clientConnectionFailed(IConnector& connector, const Failure& reason) override {
        std::string text = reason.getErrorMessage();
        if (reason.check<DNSLookupError>()) {
            text =
                "DNS lookup failed: address '" + connector.getDestination().host() + "' not found.";
        }
        std::printf("Connection failed: %s\n", text.c_str());
        *status_ = 1;
        Reactor::current()->requestStop();
    }
    void clientConnectionLost(IConnector&, const Failure& reason) override {
        std::printf("Lost connection: %s\n", reason.getErrorMessage().c_str());
        Reactor::current()->requestStop();
    }

 private:
    int* status_;
};

}  // namespace

int main(int argc, char** argv) try {
    int port = argc == 3 ? std::atoi(argv[2]) : 80;
    if (argc < 2 || argc > 3 || port < 1 || port > 65535) {
        std::fputs("Usage: connection host [port]\n", stderr);
        return 1;
    }
    int status = 0;
    Reactor reactor;
    reactor.callWhenRunning([&] {
        connectTCP(reactor, argv[1], static_cast<std::uint16_t>(port),
                   makeRef<HangUpFactory>(&status));
    });
    reactor.run();
    return status;
} catch (const Error& error) {
    std::fprintf(stderr, "connection: %s\n", error.what());
    return 2;
}
