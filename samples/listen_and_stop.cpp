// Listens on an endpoint, answers one client, and stops listening.
//
//   listen_and_stop ENDPOINT
//   listen_and_stop tcp:7007
//
// Prints "listening on ADDRESS:PORT", "Answered ADDRESS" and "Stopped listening."; or, with status
// 1, "Cannot listen: " and the reason. The client gets "Sorry, we are closing."

#include <wring/endpoints/registry.hpp>
#include <wring/endpoints/run.hpp>

#include <cstdio>
#include <string>

using namespace wring;

namespace {

class Closing : public Protocol {
 public:
    explicit Closing(Event* answered) : answered_(answered) {}
    void connectionMade() override {
        transport().write("Sorry, we are closing.\r\n");
        transport().loseConnection();
        std::printf("Answered %s\n", transport().getPeer().host().c_str());
    }
    void connectionLost(const Failure&) override { answered_->set(); }

 private:
    Event* answered_;
};

Task<> app(Reactor& reactor, std::string description, Event* answered, int* status) {
    auto port = co_await outcome(
        serverFromString(reactor, description)->listen(factory<Closing>(answered)));
    if (!port) {
        std::printf("Cannot listen: %s\n", port.error().getErrorMessage().c_str());
        co_return;
    }
    std::printf("listening on %s\n", (*port)->getHost().format().c_str());
    std::fflush(stdout);
    co_await answered->wait();
    // The port is free, and the factory told, when this goes on; open connections would stay.
    co_await (*port)->stopListening();
    std::puts("Stopped listening.");
    *status = 0;
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 2) {
        std::fputs("Usage: listen_and_stop endpoint\n", stderr);
        return 1;
    }
    int status = 1;
    Event answered;  // outlives the connections
    run(ReactorOptions(), app, std::string(argv[1]), &answered, &status);
    return status;
} catch (const Error& error) {
    std::fprintf(stderr, "listen_and_stop: %s\n", error.what());
    return 2;
}
