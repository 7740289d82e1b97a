// Tells whether a port accepts connections.
//
//   connectiontest HOST PORT
//   connectiontest localhost 80
//
// Prints "Connect to port 80", or with status 1 "Error connecting to port 81: " and the reason:
// "Connection was refused by other side: 111: Connection refused." or "DNS lookup failed: address
// 'fakesite' not found.", for example.

#include <wring/endpoints/connect_protocol.hpp>
#include <wring/endpoints/run.hpp>
#include <wring/endpoints/tcp_endpoints.hpp>
#include <wring/net/errors.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

using namespace wring;

namespace {

// Fires a Deferred when it is connected, and hangs up.
class ConnectionTest : public Protocol {
 public:
    explicit ConnectionTest(Deferred<> connected) : connected_(std::move(connected)) {}
    void connectionMade() override {
        transport().loseConnection();
        connected_.callback();
    }

 private:
    Deferred<> connected_;
};

Deferred<> testConnect(Reactor& reactor, const std::string& host, std::uint16_t port) {
    Deferred<> connected;
    auto endpoint = makeRef<TCPClientEndpoint>(reactor, ConnectOptions(host, port));
    connectProtocol(endpoint, makeRef<ConnectionTest>(connected))
        .addCallback([](const Ref<ConnectionTest>&) {})
        .addErrback([connected](const Failure& failure) mutable { connected.errback(failure); });
    return connected;
}

void printSuccess(std::uint16_t port, int* status) {
    std::printf("Connect to port %d\n", port);
    *status = 0;
}

void printFailure(const Failure& failure, const std::string& host, std::uint16_t port) {
    std::string reason = failure.getErrorMessage();
    // The name is what matters here, not what the resolver had to say about it.
    if (failure.check<DNSLookupError>()) {
        reason = "DNS lookup failed: address '" + host + "' not found.";
    }
    std::printf("Error connecting to port %d: %s\n", port, reason.c_str());
}

Task<> app(Reactor& reactor, std::string host, std::uint16_t port, int* status) {
    co_await testConnect(reactor, host, port)
        .addCallback(printSuccess, port, status)
        .addErrback(printFailure, host, port);
}

}  // namespace

int main(int argc, char** argv) try {
    int port = argc == 3 ? std::atoi(argv[2]) : 0;
    if (port < 1 || port > 65535) {
        std::fputs("Usage: connectiontest host port\n", stderr);
        return 1;
    }
    int status = 1;
    run(ReactorOptions(), app, std::string(argv[1]), static_cast<std::uint16_t>(port), &status);
    return status;
} catch (const Error& error) {
    std::fprintf(stderr, "connectiontest: %s\n", error.what());
    return 2;
}
