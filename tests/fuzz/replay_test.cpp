#include <gtest/gtest.h>
#include <algorithm>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

// Tries what the fuzzer starts from, and what it has found, with whatever compiler and sanitizer
// there is. What does not hold is thrown.

extern "C" {
int replay_address(const std::uint8_t* data, std::size_t size);
int replay_datagram(const std::uint8_t* data, std::size_t size);
int replay_description(const std::uint8_t* data, std::size_t size);
int replay_filesystem_lock(const std::uint8_t* data, std::size_t size);
int replay_hostname(const std::uint8_t* data, std::size_t size);
int replay_int_string(const std::uint8_t* data, std::size_t size);
int replay_line(const std::uint8_t* data, std::size_t size);
int replay_listen_fds(const std::uint8_t* data, std::size_t size);
int replay_message_layout(const std::uint8_t* data, std::size_t size);
int replay_netstring(const std::uint8_t* data, std::size_t size);
int replay_proxy_header(const std::uint8_t* data, std::size_t size);
int replay_simulation(const std::uint8_t* data, std::size_t size);
int replay_tls_session(const std::uint8_t* data, std::size_t size);
}

namespace wring {
namespace {

namespace fs = std::filesystem;

struct Target {
    const char* name;
    int (*check)(const std::uint8_t* data, std::size_t size);
    std::size_t beginningsMax = 64;  // of each input
};

void PrintTo(const Target& target, std::ostream* out) { *out << target.name; }

std::vector<fs::path> corpusOf(const Target& target) {
    fs::directory_iterator folder(fs::path(WRING_TEST_CORPUS) / target.name);
    std::vector<fs::path> files(begin(folder), end(folder));
    std::sort(files.begin(), files.end());
    return files;
}

std::string contentOf(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

// What is thrown, if anything is. The input lies in memory of its own: what reads over its end is
// seen.
std::string complaintAbout(std::string_view input, const Target& target) {
    std::unique_ptr<std::uint8_t[]> own(new std::uint8_t[input.size()]);
    std::copy(input.begin(), input.end(), own.get());
    try {
        target.check(own.get(), input.size());
    } catch (const std::exception& error) {
        return error.what();
    }
    return "";
}

class ReplayTest : public ::testing::TestWithParam<Target> {};

TEST_P(ReplayTest, whatMustHoldDoesOfTheCorpusAndItsBeginnings) {
    int inputs = 0;
    for (const fs::path& file : corpusOf(GetParam())) {
        SCOPED_TRACE(file.string());
        std::string input = contentOf(file);
        std::size_t step = 1 + input.size() / std::max<std::size_t>(GetParam().beginningsMax, 1);
        for (std::size_t size = input.size(); size <= input.size(); size -= step) {
            EXPECT_EQ(complaintAbout({input.data(), size}, GetParam()), "") << size << " bytes";
            ++inputs;
            if (GetParam().beginningsMax == 0) break;
        }
    }
    EXPECT_GT(inputs, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Targets, ReplayTest,
    ::testing::Values(Target{"address", replay_address}, Target{"datagram", replay_datagram},
                      Target{"description", replay_description},
                      Target{"filesystem_lock", replay_filesystem_lock},
                      Target{"hostname", replay_hostname}, Target{"int_string", replay_int_string},
                      Target{"line", replay_line}, Target{"listen_fds", replay_listen_fds},
                      Target{"message_layout", replay_message_layout},
                      Target{"netstring", replay_netstring},
                      Target{"proxy_header", replay_proxy_header},
                      Target{"simulation", replay_simulation, 0},
                      Target{"tls_session", replay_tls_session, 8}),
    [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace wring
