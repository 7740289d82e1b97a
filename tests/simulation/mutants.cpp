#include <wring/tests/simulation/mutants.hpp>

#include <sys/wait.h>
#include <algorithm>
#include <cstdio>
#include <filesystem>

namespace wring::testing {

namespace {

namespace files = std::filesystem;

constexpr const char* prefix = "simtest-mutant-";

std::vector<files::path> findMutants(const files::path& folder, const std::string& which) {
    std::vector<files::path> found;
    if (!files::is_directory(folder)) return found;
    for (const auto& each : files::directory_iterator(folder)) {
        std::string name = each.path().filename().string();
        if (!name.starts_with(prefix) || each.is_directory()) continue;
        std::string number = name.substr(std::string(prefix).size(), 2);
        if (which == "all" || which == number || "0" + which == number)
            found.push_back(each.path());
    }
    std::sort(found.begin(), found.end());
    return found;
}

/// What a program wrote, without its last line feed; `status` as from waitpid(2).
std::string outputOf(const std::string& command, int& status) {
    std::string output;
    std::FILE* pipe = ::popen(command.c_str(), "r");
    if (!pipe) return output;
    char block[4096];
    while (std::size_t count = std::fread(block, 1, sizeof block, pipe))
        output.append(block, count);
    status = ::pclose(pipe);
    return output;
}

}  // namespace

int runMutants(const std::string& self, const std::string& which, const BatchOptions& options) {
    std::vector<files::path> mutants =
        findMutants(files::path(self).parent_path() / "simulation", which);
    if (mutants.empty()) {
        std::fprintf(stderr,
                     "simtest: no programs with planted bugs; configure with -Dmutants=true\n");
        return 2;
    }
    std::size_t killed = 0;
    for (const files::path& mutant : mutants) {
        int status = 0;
        std::string output = outputOf(
            "'" + mutant.string() + "' --until-failure --seed 1 --seeds " +
                std::to_string(options.seeds) + " --events " + std::to_string(options.events) +
                " -j" + std::to_string(options.jobs) + " 2>&1",
            status);
        bool isFound = WIFEXITED(status) && WEXITSTATUS(status) == 1;
        bool isCrash = !WIFEXITED(status) || WEXITSTATUS(status) > 1;
        killed += isFound || isCrash;
        std::size_t at = output.find("\nseed ");
        std::string first = at == std::string::npos ? "" : output.substr(at + 1);
        first = first.substr(0, first.find('\n'));
        std::printf("%s %s %s\n", isFound || isCrash ? "killed  " : "SURVIVED",
                    mutant.filename().string().c_str() + std::string(prefix).size(),
                    isCrash ? "crash" : first.substr(0, 100).c_str());
    }
    std::printf("mutants %zu/%zu\n", killed, mutants.size());
    return killed == mutants.size() ? 0 : 1;
}

}  // namespace wring::testing
