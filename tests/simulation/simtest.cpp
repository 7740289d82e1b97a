#include <wring/tests/simulation/trial.hpp>
#include <cstdio>
#include <cstdlib>
int main(int argc, char** argv) {
    using namespace wring::testing;
    unsigned long first = std::strtoul(argv[1], nullptr, 10), count = std::strtoul(argv[2], nullptr, 10),
                  events = std::strtoul(argv[3], nullptr, 10);
    (void)argc;
    std::map<std::string, unsigned long> reached;
    unsigned long total = 0, bad = 0;
    for (unsigned long seed = first; seed < first + count; ++seed) {
        auto verdict = runTrial(wring::Choices(seed), events);
        total += verdict.events;
        for (auto& [k, v] : verdict.reached) reached[k] += v;
        if (!verdict.violations.empty()) {
            ++bad;
            std::printf("seed %lu: %s\n", seed, verdict.violations.front().c_str());
        }
    }
    std::printf("%lu events, %lu bad\n", total, bad);
    for (auto& [k, v] : reached) std::printf("%s %lu\n", k.c_str(), v);
}
