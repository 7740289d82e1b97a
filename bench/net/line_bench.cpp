// Question: what does it cost to take lines out of the chunks that they come in?
//
// The neighbour looks for the line ends with memchr() and calls a function for each line, with
// chunks that end with a line. Items are lines of 64 bytes.

#include <wring/bench/support/allocations.hpp>
#include <wring/net/line_receiver.hpp>
#include <wring/net/string_transport.hpp>

#include <cstring>
#include <string>

namespace {

using namespace wring;

constexpr std::size_t lineBytes = 64;
constexpr std::size_t linesInAll = 1024;

std::string manyLines() {
    std::string text;
    for (std::size_t i = 0; i < linesInAll; ++i) {
        text.append(lineBytes - 2, static_cast<char>('a' + i % 26)).append("\r\n");
    }
    return text;
}

/// Runs take(chunk, &lines) for all chunks of that many bytes, which has to add the lines in it.
template <class F>
void measure(benchmark::State& state, F take) {
    const std::string text = manyLines();
    auto chunkBytes = static_cast<std::size_t>(state.range(0));
    std::int64_t lines = 0;
    {
        bench::AllocationCount count(state);
        for (auto _ : state) {
            for (std::size_t at = 0; at < text.size(); at += chunkBytes) {
                take(std::string_view(text).substr(at, chunkBytes), &lines);
            }
        }
        state.SetItemsProcessed(state.iterations() * std::int64_t{linesInAll});
    }
    if (lines != state.iterations() * std::int64_t{linesInAll})
        state.SkipWithError("a line was lost");
}

class Counter : public LineReceiver {
 public:
    void lineReceived(std::string_view line) override {
        if (line.size() == lineBytes - 2) ++lines;
    }
    std::int64_t lines = 0;
};

/// 8192: whole lines. 1000: nearly every chunk ends within one.
void lineReceiver(benchmark::State& state) {
    auto counter = makeRef<Counter>();
    counter->makeConnection(makeRef<testing::StringTransport>());
    measure(state, [&counter](std::string_view chunk, std::int64_t* lines) {
        counter->dataReceived(asBytes(chunk));
        *lines = counter->lines;
    });
}
BENCHMARK(lineReceiver)->Arg(8192)->Arg(1000);

[[gnu::noinline]] void countLine(std::string_view line, std::int64_t* lines) {
    if (line.size() == lineBytes - 2) ++*lines;
}

void memchrOfLines(benchmark::State& state) {
    measure(state, [](std::string_view chunk, std::int64_t* lines) {
        while (!chunk.empty()) {
            const void* found = std::memchr(chunk.data(), '\n', chunk.size());
            if (!found) return;
            auto end = static_cast<std::size_t>(static_cast<const char*>(found) - chunk.data());
            countLine(chunk.substr(0, end - 1), lines);
            chunk.remove_prefix(end + 1);
        }
    });
}
BENCHMARK(memchrOfLines)->Arg(8192);

}  // namespace

BENCHMARK_MAIN();
