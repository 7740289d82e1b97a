// Talks to a server by hand: lines typed go to it, and what it sends is shown.
//
//   dataforward HOST PORT
//   dataforward localhost 5001
//
// Prints "Connected to server. Press Ctrl-C to close connection." and then the server's bytes; or,
// with status 1, why it could not connect. A line's end goes out as CR LF, however it was typed.
// Ends when the server closes the connection; the end of the input closes this side once it is all
// sent.

#include <wring/endpoints/connect_protocol.hpp>
#include <wring/endpoints/hostname_endpoint.hpp>
#include <wring/endpoints/run.hpp>
#include <wring/net/standard_io.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

using namespace wring;

namespace {

// What is typed, and where the server's bytes are shown.
class Terminal : public Protocol, public IHalfCloseableProtocol {
 public:
    explicit Terminal(ITransport& server) : server_(&server) {}
    void dataReceived(BytesView data) override {
        std::string lines;
        for (char c : asText(data)) {
            if (c == '\n' && last_ != '\r') lines += '\r';
            lines += last_ = c;
        }
        if (server_) server_->write(lines);
    }
    // Nothing more is typed, but there may be answers.
    void readConnectionLost() override {
        if (server_) server_->loseWriteConnection();
    }
    // Nobody looks at the answers.
    void writeConnectionLost() override {
        if (server_) server_->loseConnection();
    }
    void serverLost() {
        server_ = nullptr;
        transport().loseConnection();
    }

 private:
    ITransport* server_;
    char last_ = 0;
};

// The server's side.
class Server : public Protocol {
 public:
    void connectionMade() override {
        terminal_ = makeRef<Terminal>(transport());
        auto screen = standardIO(transport().reactor(), terminal_);
        screen->write("Connected to server. Press Ctrl-C to close connection.\n");
    }
    void dataReceived(BytesView data) override { terminal_->transport().write(data); }
    void connectionLost(const Failure&) override { terminal_->serverLost(); }
    const Ref<Terminal>& terminal() const { return terminal_; }

 private:
    Ref<Terminal> terminal_;
};

Task<> app(Reactor& reactor, std::string host, std::uint16_t port, int* status) {
    auto endpoint = makeRef<HostnameEndpoint>(reactor, ConnectOptions(host, port));
    auto connecting = connectProtocol(endpoint, makeRef<Server>());
    auto server = co_await outcome(connecting);
    if (!server) {
        std::printf("%s\n", server.error().getErrorMessage().c_str());
        co_return;
    }
    *status = 0;
    co_await (*server)->lost().wait();
    co_await (*server)->terminal()->lost().wait();
}

}  // namespace

int main(int argc, char** argv) try {
    int port = argc == 3 ? std::atoi(argv[2]) : 0;
    if (port < 1 || port > 65535) {
        std::fputs("Usage: dataforward host port\n", stderr);
        return 1;
    }
    int status = 1;
    run(ReactorOptions(), app, std::string(argv[1]), static_cast<std::uint16_t>(port), &status);
    return status;
} catch (const Error& error) {
    std::fprintf(stderr, "dataforward: %s\n", error.what());
    return 2;
}
