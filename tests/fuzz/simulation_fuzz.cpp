#include <wring/tests/fuzz/property.hpp>
#include <wring/tests/simulation/trial.hpp>

// The bytes are a tape of choices: what the programs of a simulated world do, and what goes wrong.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace wring;
    constexpr std::uint64_t events = 300;
    auto bytes = std::as_bytes(std::span(data, size));
    testing::Verdict verdict = testing::runTrial(Choices::fromBytes(bytes), events);
    for (const std::string& each : verdict.violations) testing::require(false, each);
    return 0;
}
