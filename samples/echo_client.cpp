// Says hello to an echo server and prints the answer.
//
//   echo_client [ENDPOINT [--reactor auto|uring|epoll]]
//   echo_client tcp:localhost:7007
//
// The server is tcp:localhost:8000, that is `echo_server`, unless it is given.
// Prints "Server said: hello, world!", "connection lost", "Connection lost - goodbye!"; without a
// server "Connection failed - goodbye!" and the reason on stderr, with status 1.

#include <wring/endpoints/connect_protocol.hpp>
#include <wring/endpoints/registry.hpp>
#include <wring/endpoints/run.hpp>

#include <cstdio>
#include <string>

using namespace wring;

namespace {

class EchoClient : public Protocol {
 public:
    void connectionMade() override { transport().write("hello, world!"); }
    void dataReceived(BytesView data) override {
        answer_ += asText(data);
        if (answer_.size() < 13) return;
        std::printf("Server said: %s\n", answer_.c_str());
        transport().loseConnection();
    }
    void connectionLost(const Failure&) override { std::puts("connection lost"); }

 private:
    std::string answer_;
};

Task<> app(Reactor& reactor, std::string endpoint) {
    auto connected = co_await outcome(
        connectProtocol(clientFromString(reactor, endpoint), makeRef<EchoClient>()));
    if (!connected) {
        std::puts("Connection failed - goodbye!");
        connected.error().raise();
    }
    Ref<IProtocol> client = *connected;
    co_await client;
    std::puts("Connection lost - goodbye!");
}

}  // namespace

int main(int argc, char** argv) try {
    bool choosesReactor = argc == 4 && std::string(argv[2]) == "--reactor";
    if (argc > 2 && !choosesReactor) {
        std::fputs("usage: echo_client [ENDPOINT [--reactor auto|uring|epoll]]\n", stderr);
        return 2;
    }
    ReactorOptions options;
    if (choosesReactor) options.driver.kind = driverKindFromString(argv[3]);
    return run(options, app, std::string(argc > 1 ? argv[1] : "tcp:localhost:8000"));
} catch (const Error& error) {
    std::fprintf(stderr, "echo_client: %s\n", error.what());
    return 2;
}
