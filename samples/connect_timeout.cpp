// Connects to an endpoint, and cancels the attempt when it takes too long.
//
//   connect_timeout ENDPOINT [SECONDS]
//   connect_timeout tcp:localhost:7007:timeout=60 5
//
// Prints "Connected to ADDRESS:PORT", or, with status 1, "Failed: " and the class and text of the
// error; of a cancelled attempt "Failed: ConnectingCancelledError: …". The time is 30 s unless it
// is given. An endpoint has a time-out of its own, also 30 s, which is another error.

#include <wring/endpoints/connect_protocol.hpp>
#include <wring/endpoints/registry.hpp>
#include <wring/endpoints/run.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

using namespace wring;

namespace {

class Greeter : public Protocol {
 public:
    void connectionMade() override {
        std::printf("Connected to %s\n", transport().getPeer().format().c_str());
        transport().loseConnection();
    }
};

Task<> app(Reactor& reactor, std::string description, double seconds, int* status) {
    auto endpoint = clientFromString(reactor, description);
    Deferred<Ref<Greeter>> attempt = connectProtocol(endpoint, makeRef<Greeter>());
    auto limit =
        reactor.callLater(std::chrono::duration<double>(seconds), [attempt] { attempt.cancel(); });
    auto connected = co_await outcome(attempt);
    if (limit->active()) limit->cancel();
    if (!connected) {
        std::printf("Failed: %s: %s\n", connected.error().className().c_str(),
                    connected.error().getErrorMessage().c_str());
        co_return;
    }
    *status = 0;
    Ref<IProtocol> greeter = *connected;
    co_await greeter;  // until the connection is lost
}

}  // namespace

int main(int argc, char** argv) try {
    double seconds = argc == 3 ? std::atof(argv[2]) : 30;
    bool isInRange = seconds >= 0 && seconds <= 1e6;
    if (argc < 2 || argc > 3 || !isInRange) {
        std::fputs("Usage: connect_timeout endpoint [seconds]\n", stderr);
        return 1;
    }
    int status = 1;
    run(ReactorOptions(), app, std::string(argv[1]), seconds, &status);
    return status;
} catch (const Error& error) {
    std::fprintf(stderr, "connect_timeout: %s\n", error.what());
    return 2;
}
