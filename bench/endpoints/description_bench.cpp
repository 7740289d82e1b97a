// Question: what does it cost to take an endpoint description apart?
//
// The neighbour cuts at each colon and at the first equals sign, and knows no escapes, no errors
// and no positions.

#include <wring/bench/support/allocations.hpp>
#include <wring/endpoints/description.hpp>

#include <string>
#include <utility>
#include <vector>

namespace {

using namespace wring;

constexpr std::string_view shortText = "tcp:8080:interface=127.0.0.1";
constexpr std::string_view longText =
    "ssl:443:privateKey=/etc/keys/server.pem:certKey=/etc/keys/server.pem:interface=\\:\\:1:"
    "backlog=4096";

/// Runs parse(), which gives how many arguments it found.
template <class F>
void measure(benchmark::State& state, std::size_t expected, F parse) {
    std::size_t found = 0;
    {
        bench::AllocationCount count(state);
        for (auto _ : state) found += parse();
    }
    if (found != static_cast<std::size_t>(state.iterations()) * expected)
        state.SkipWithError("an argument was lost");
}

template <const std::string_view& text, std::size_t arguments>
void parsedDescription(benchmark::State& state) {
    measure(state, arguments, [] {
        Description parsed = parseDescription(text);
        return parsed.positional().size() + parsed.keywords().size();
    });
}
BENCHMARK(parsedDescription<shortText, 2>)->Name("parseDescription/short");
BENCHMARK(parsedDescription<longText, 5>)->Name("parseDescription/long");

using Arguments = std::vector<std::pair<std::string, std::string>>;

void splitDescription(benchmark::State& state) {
    measure(state, 2, [] {
        Arguments arguments;
        std::string_view left = shortText.substr(shortText.find(':') + 1);
        for (bool more = true; more;) {
            std::size_t end = left.find(':');
            std::string_view part = left.substr(0, end);
            std::size_t equals = part.find('=');
            bool isNamed = equals != part.npos;
            arguments.emplace_back(isNamed ? part.substr(0, equals) : std::string_view(),
                                   isNamed ? part.substr(equals + 1) : part);
            more = end != left.npos;
            if (more) left.remove_prefix(end + 1);
        }
        return arguments.size();
    });
}
BENCHMARK(splitDescription)->Name("splitAtColons/short");

}  // namespace

BENCHMARK_MAIN();
