// A program made of services: a port that tells each client how many came before, and a timer that
// reports once a minute. They are started together, and stopped together when the program ends.
//
//   strports_service ENDPOINT
//   strports_service tcp:7007
//
// Prints "listening on ADDRESS:PORT" and "Served so far: 0"; a client gets "You are number 1." and
// so on. SIGTERM or Ctrl-C: "Everything has stopped.", the status is 0. When it cannot listen it
// says "strports_service: " and the reason, with status 2.

#include <wring/endpoints/application.hpp>
#include <wring/endpoints/multi_service.hpp>
#include <wring/endpoints/strports.hpp>
#include <wring/endpoints/timer_service.hpp>
#include <wring/runtime/reactor.hpp>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;
using namespace wring;

namespace {

class Counting : public Protocol {
 public:
    explicit Counting(int* served) : served_(served) {}
    void connectionMade() override {
        transport().write("You are number " + std::to_string(++*served_) + ".\r\n");
        transport().loseConnection();
    }

 private:
    int* served_;
};

void report(const int* served) {
    std::printf("Served so far: %d\n", *served);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 2) {
        std::fputs("Usage: strports_service endpoint\n", stderr);
        return 1;
    }
    int served = 0;
    Reactor reactor;
    auto application = makeRef<MultiService>();
    auto door = strportsService(reactor, argv[1], factory<Counting>(&served));
    door->setServiceParent(*application);
    makeRef<TimerService>(1min, report, &served)->setServiceParent(*application);

    startApplication(reactor, application);  // the port is open now, the timer waits for run()
    std::printf("listening on %s\n", door->port()->getHost().format().c_str());
    std::fflush(stdout);
    reactor.run();
    std::puts("Everything has stopped.");
    return 0;
} catch (const Error& error) {
    std::fprintf(stderr, "strports_service: %s\n", error.what());
    return 2;
}
