#include <wring/tests/simulation/batch.hpp>
#include <wring/tests/simulation/floors.hpp>
#include <wring/tests/simulation/mutants.hpp>
#include <wring/tests/simulation/shrink.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

// Runs wring on a simulated kernel, seed by seed.

namespace wring::testing {

namespace {

constexpr const char* usage =
    "usage: simtest [--seed FIRST] [--seeds COUNT] [--events M] [-jN] [--long] [--trace] "
    "[--shrink]\n"
    "               [--tape FILE] [--mutants all|N] [--until-failure]\n"
    "\n"
    "  --seed FIRST     the first seed (1); --seeds COUNT how many (100, with --seed 1)\n"
    "  --events M       faults for so many events, then everything has to come to its end (5000)\n"
    "  -jN              in N processes\n"
    "  --long           20000 seeds of 10000 events\n"
    "  --trace          writes a line for each thing that happens (one seed)\n"
    "  --shrink         looks for a simpler tape of a seed that fails, and writes it to SEED.tape\n"
    "  --tape FILE      runs a tape, in place of a seed\n"
    "  --mutants WHICH  runs the programs with planted bugs until each is found\n"
    "  --until-failure  stops at the first seed that fails\n";

struct Arguments {
    BatchOptions batch;
    std::string tape;
    std::string mutants;
    bool traces = false;
    bool shrinks = false;
    bool hasCount = false;
    bool hasSeed = false;
};

[[noreturn]] void refuse(const std::string& why) {
    std::fprintf(stderr, "simtest: %s\n%s", why.c_str(), usage);
    std::exit(2);
}

std::uint64_t numberFrom(const std::string& text, const std::string& name) {
    char* end = nullptr;
    std::uint64_t number = std::strtoull(text.c_str(), &end, 10);
    if (text.empty() || *end || text[0] == '-') refuse(name + ": '" + text + "' is not a number");
    return number;
}

Arguments parse(int argc, char** argv) {
    Arguments given;
    for (int i = 1; i < argc; ++i) {
        std::string name = argv[i];
        auto value = [&] {
            if (++i == argc) refuse(name + " needs a value");
            return std::string(argv[i]);
        };
        if (name == "--seed") {
            given.batch.first = numberFrom(value(), name);
            given.hasSeed = true;
        } else if (name == "--seeds") {
            given.batch.seeds = numberFrom(value(), name);
            given.hasCount = true;
        } else if (name == "--events") {
            given.batch.events = std::min<std::uint64_t>(numberFrom(value(), name), 1'000'000'000);
        } else if (name.starts_with("-j")) {
            given.batch.jobs = static_cast<unsigned>(
                std::clamp<std::uint64_t>(numberFrom(name.substr(2), "-j"), 1, 256));
        } else if (name == "--long") {
            given.batch.seeds = 20'000;
            given.batch.events = 10'000;
            given.hasCount = true;
        } else if (name == "--trace") {
            given.traces = true;
        } else if (name == "--shrink") {
            given.shrinks = true;
        } else if (name == "--tape") {
            given.tape = value();
        } else if (name == "--mutants") {
            given.mutants = value();
        } else if (name == "--until-failure") {
            given.batch.stopsAtFirst = true;
        } else if (name == "--help") {
            std::printf("%s", usage);
            std::exit(0);
        } else {
            refuse("unknown argument '" + name + "'");
        }
    }
    if (given.hasSeed && !given.hasCount) given.batch.seeds = 1;
    return given;
}

Choices::Tape readTape(const std::string& path) {
    std::ifstream file(path);
    if (!file) refuse("cannot read " + path);
    Choices::Tape tape;
    for (std::uint32_t choice; file >> choice;) tape.push_back(choice);
    return tape;
}

int report(const Verdict& verdict) {
    for (const std::string& each : verdict.violations) std::printf("violation: %s\n", each.c_str());
    auto choices = std::count_if(verdict.tape.begin(), verdict.tape.end(),
                                 [](std::uint32_t choice) { return choice != 0; });
    std::printf("events %llu, digest %016llx, choices that are not 0: %lld of %zu\n",
                static_cast<unsigned long long>(verdict.events),
                static_cast<unsigned long long>(verdict.digest), static_cast<long long>(choices),
                verdict.tape.size());
    return verdict.violations.empty() ? 0 : 1;
}

int shrinkSeed(const BatchOptions& options) {
    Verdict verdict = runTrial(Choices(options.first), options.events);
    if (verdict.violations.empty()) return report(verdict);
    std::string kind = verdict.violations.front().substr(0, 40);
    auto fails = [&](const Choices::Tape& tape) {
        Verdict again = runTrial(Choices(tape), options.events);
        return !again.violations.empty() && again.violations.front().starts_with(kind);
    };
    Choices::Tape tape = shrink(verdict.tape, fails, 3000);
    std::string path = std::to_string(options.first) + ".tape";
    std::ofstream file(path);
    for (std::uint32_t choice : tape) file << choice << '\n';
    std::printf("replay: simtest --events %llu --trace --tape %s\n",
                static_cast<unsigned long long>(options.events), path.c_str());
    return report(runTrial(Choices(tape), options.events));
}

int runSeeds(const Arguments& given) {
    auto begin = std::chrono::steady_clock::now();
    BatchResult result = runBatch(given.batch);
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::printf("faults:");
    for (std::size_t i = 0; i < Faults::count; ++i) {
        std::printf(" %s %llu", faultName(static_cast<Fault>(i)),
                    static_cast<unsigned long long>(result.faults[i]));
    }
    std::printf("\npaths:");
    for (const auto& [path, count] : result.reached) {
        std::printf(" %s %llu;", path.c_str(), static_cast<unsigned long long>(count));
    }
    std::printf(
        "\n%llu seeds from %llu, %llu events (%.0f a second), digest %016llx, %llu run twice, "
        "%llu violations\n",
        static_cast<unsigned long long>(result.seeds),
        static_cast<unsigned long long>(given.batch.first),
        static_cast<unsigned long long>(result.events),
        static_cast<double>(result.events) / took.count(),
        static_cast<unsigned long long>(result.digest),
        static_cast<unsigned long long>(result.repeated),
        static_cast<unsigned long long>(result.failures));
    if (result.failures > 0) {
        std::printf("seed %llu: %s\nreplay: simtest --seed %llu --events %llu --trace\n",
                    static_cast<unsigned long long>(result.firstFailure),
                    result.firstViolation.c_str(),
                    static_cast<unsigned long long>(result.firstFailure),
                    static_cast<unsigned long long>(given.batch.events));
        return 1;
    }
    return checkFloors(result) ? 0 : 1;
}

}  // namespace

int run(int argc, char** argv) {
    Arguments given = parse(argc, argv);
    if (!given.mutants.empty()) return runMutants(argv[0], given.mutants, given.batch);
    if (given.traces) ::setenv("WRING_SIM_TRACE", "1", 1);
    if (!given.tape.empty())
        return report(runTrial(Choices(readTape(given.tape)), given.batch.events));
    if (given.shrinks) return shrinkSeed(given.batch);
    if (given.traces) return report(runTrial(Choices(given.batch.first), given.batch.events));
    return runSeeds(given);
}

}  // namespace wring::testing

int main(int argc, char** argv) { return wring::testing::run(argc, argv); }
