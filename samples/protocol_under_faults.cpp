// Tests a protocol of one's own on the simulated kernel, where everything goes wrong that may.
//
//   protocol_under_faults [--careless] [SEEDS [FIRST]]
//   protocol_under_faults 200
//
// A desk books orders, one a line, and confirms each. Its client sends an order again, over a new
// connection, until it is confirmed: so the desk must not book what it has booked already. Each
// seed is a world of its own, with connections that break, clog or cannot be made, short reads,
// full buffers, missing descriptors. Prints what was survived, in a second or two; status 0.
// With --careless the desk forgets to look: prints a seed that shows it, and how to run that
// again; status 1.

#include <wring/deferred/sleep.hpp>
#include <wring/deferred/start.hpp>
#include <wring/deferred/timeout.hpp>
#include <wring/endpoints/registry.hpp>
#include <wring/net/framing.hpp>
#include <wring/net/line_receiver.hpp>
#include <wring/runtime/log.hpp>
#include <wring/runtime/reactor.hpp>
#include <wring/runtime/simulation.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace wring;

namespace {

constexpr int ordersPerSeed = 20;

/// What is common to the two sides of one run.
struct Shop {
    bool isCareless = false;
    std::string address;
    std::vector<int> booked = std::vector<int>(ordersPerSeed);  // how often
    int confirmed = 0;
    int retries = 0;
};

/// The server's side of the protocol.
class Desk final : public LineReceiver {
 public:
    explicit Desk(Shop* shop) : shop_(*shop) {}
    void lineReceived(std::string_view line) override {
        int& booked = shop_.booked.at(static_cast<std::size_t>(std::stoi(std::string(line))));
        if (booked == 0 || shop_.isCareless) ++booked;
        sendLine(line);
    }

 private:
    Shop& shop_;
};

Task<> openTheDesk(Reactor& reactor, Shop* shop) {
    for (;;) {
        auto endpoint = serverFromString(reactor, "tcp:7000");
        auto desk = factory<Desk>(shop);
        auto port = co_await outcome(endpoint->listen(desk));
        if (port) co_await *port;
        co_await sleepFor(100ms);
    }
}

Task<> place(Reactor& reactor, Shop* shop) {
    auto endpoint = clientFromString(reactor, "tcp:" + shop->address + ":7000:timeout=5");
    Stream stream = co_await endpoint->connectStream();
    while (shop->confirmed < ordersPerSeed) {
        std::string order = std::to_string(shop->confirmed);
        co_await stream.write(order + "\r\n");
        auto answer = co_await readLine(stream, 100);
        if (!answer || answer->text() != order) co_return;
        ++shop->confirmed;
    }
    co_await stream.close();
}

Task<> placeAll(Reactor& reactor, Shop* shop) {
    for (; shop->confirmed < ordersPerSeed; ++shop->retries) {
        auto placed = co_await outcome(withTimeout(10s, place(reactor, shop)));
        if (!placed) co_await sleepFor(100ms);
    }
}

/// Runs one seed; gives what was wrong, or nothing.
std::string run(std::uint64_t seed, Shop& shop, Faults::Counts& struck) {
    Simulation world{Choices(seed)};
    SimulatedHost& server = world.addHost();
    SimulatedHost& client = world.addHost();
    shop.address = server.address();
    server.reactor().callWhenRunning([&] { start(openTheDesk(server.reactor(), &shop)); });
    client.reactor().callWhenRunning([&] { start(placeAll(client.reactor(), &shop)); });
    for (int second = 0; second < 120 && shop.confirmed < ordersPerSeed; ++second) world.runFor(1s);
    world.heal();
    for (int second = 0; second < 300 && shop.confirmed < ordersPerSeed; ++second) world.runFor(1s);

    for (std::size_t i = 0; i < struck.size(); ++i) struck[i] += world.faults().counts()[i];
    if (!world.violations().empty()) return world.violations().front();
    if (shop.confirmed < ordersPerSeed) return "it did not end after all was well";
    for (int booked : shop.booked) {
        if (booked != 1) return "an order was booked " + std::to_string(booked) + " times";
    }
    return {};
}

int runAll(std::uint64_t first, std::uint64_t count, bool isCareless) {
    Faults::Counts struck{};
    long orders = 0, retries = 0;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        Shop shop;
        shop.isCareless = isCareless;
        std::string wrong = run(seed, shop, struck);
        if (!wrong.empty()) {
            auto number = static_cast<unsigned long long>(seed);
            std::printf("seed %llu: %s\nagain: protocol_under_faults %s1 %llu\n", number,
                        wrong.c_str(), isCareless ? "--careless " : "", number);
            return 1;
        }
        orders += shop.confirmed;
        retries += shop.retries;
    }
    std::printf("%llu seeds: %ld orders booked once each, with %ld connections\n",
                static_cast<unsigned long long>(count), orders, retries);
    for (std::size_t i = 0; i < struck.size(); ++i) {
        if (struck[i] == 0) continue;
        std::printf("%8llu %s\n", static_cast<unsigned long long>(struck[i]),
                    faultName(static_cast<Fault>(i)));
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    bool isCareless = argc > 1 && std::string(argv[1]) == "--careless";
    std::uint64_t numbers[] = {200, 1};
    for (int i = isCareless ? 2 : 1, which = 0; i < argc; ++i, ++which) {
        char* end = nullptr;
        if (which < 2) numbers[which] = std::strtoull(argv[i], &end, 10);
        if (which >= 2 || end == argv[i] || *end) {
            std::fputs("Usage: protocol_under_faults [--careless] [SEEDS [FIRST]]\n", stderr);
            return 1;
        }
    }
    setLogSink([](LogLevel, std::string_view) {});  // it would tell of each fault
    return runAll(numbers[1], numbers[0], isCareless);
}
