#include <wring/tests/simulation/batch.hpp>

#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <sstream>

namespace wring::testing {

namespace {

constexpr std::uint64_t seedsPerRepeat = 100;

void note(BatchResult& result, std::uint64_t seed, const std::string& violation) {
    ++result.failures;
    if (result.failures > 1 && seed > result.firstFailure) return;
    result.firstFailure = seed;
    result.firstViolation = violation;
}

void add(BatchResult& result, std::uint64_t seed, const Verdict& verdict) {
    ++result.seeds;
    result.events += verdict.events;
    result.digest += verdict.digest * (2 * seed + 1);
    for (std::size_t i = 0; i < Faults::count; ++i) result.faults[i] += verdict.faults[i];
    for (const auto& [path, count] : verdict.reached) result.reached[path] += count;
    if (!verdict.violations.empty()) note(result, seed, verdict.violations.front());
}

void add(BatchResult& result, const BatchResult& part) {
    result.seeds += part.seeds;
    result.events += part.events;
    result.digest += part.digest;
    result.repeated += part.repeated;
    for (std::size_t i = 0; i < Faults::count; ++i) result.faults[i] += part.faults[i];
    for (const auto& [path, count] : part.reached) result.reached[path] += count;
    if (part.failures == 0) return;
    bool isFirst = result.failures == 0 || part.firstFailure < result.firstFailure;
    result.failures += part.failures;
    if (!isFirst) return;
    result.firstFailure = part.firstFailure;
    result.firstViolation = part.firstViolation;
}

/// Every jobs-th seed, from the job's own on.
BatchResult runPart(const BatchOptions& options, unsigned job) {
    BatchResult result;
    std::uint64_t end = options.first + options.seeds;
    for (std::uint64_t seed = options.first + job; seed < end; seed += options.jobs) {
        Verdict verdict = runTrial(Choices(seed), options.events);
        add(result, seed, verdict);
        if (seed % seedsPerRepeat == 0) {
            ++result.repeated;
            bool isSame = runTrial(Choices(seed), options.events).digest == verdict.digest;
            if (!isSame) note(result, seed, "determinism: two runs of one seed differ");
        }
        if (options.stopsAtFirst && result.failures > 0) break;
    }
    return result;
}

// As text, from one process to another; the violation last, as it may have several lines.
std::string write(const BatchResult& result) {
    std::ostringstream text;
    text << result.seeds << ' ' << result.events << ' ' << result.digest << ' ' << result.repeated
         << ' ' << result.failures << ' ' << result.firstFailure << ' ';
    for (std::uint64_t count : result.faults) text << count << ' ';
    text << result.reached.size() << '\n';
    for (const auto& [path, count] : result.reached) text << count << ' ' << path << '\n';
    text << result.firstViolation;
    return text.str();
}

bool read(const std::string& from, BatchResult& result) {
    std::istringstream text(from);
    std::size_t paths = 0;
    text >> result.seeds >> result.events >> result.digest >> result.repeated >> result.failures >>
        result.firstFailure;
    for (std::uint64_t& count : result.faults) text >> count;
    text >> paths;
    for (std::size_t i = 0; i < paths; ++i) {
        std::uint64_t count = 0;
        std::string path;
        text >> count;
        std::getline(text >> std::ws, path);
        result.reached[path] = count;
    }
    bool isWhole = static_cast<bool>(text);
    std::getline(text, result.firstViolation, '\0');
    return isWhole;
}

struct Job {
    pid_t process;
    std::FILE* answer;
};

Job startPart(const BatchOptions& options, unsigned job) {
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    std::fflush(nullptr);
    pid_t process = ::fork();
    if (process == 0) {
        ::close(ends[0]);
        std::string text = write(runPart(options, job));
        for (std::size_t done = 0; done < text.size();) {
            ssize_t count = ::write(ends[1], text.data() + done, text.size() - done);
            if (count <= 0) std::abort();
            done += static_cast<std::size_t>(count);
        }
        std::_Exit(0);
    }
    ::close(ends[1]);
    return {process, ::fdopen(ends[0], "r")};
}

BatchResult finish(const Job& job, const BatchOptions& options) {
    std::string text;
    char block[4096];
    while (std::size_t count = std::fread(block, 1, sizeof block, job.answer)) {
        text.append(block, count);
    }
    std::fclose(job.answer);
    int status = 0;
    ::waitpid(job.process, &status, 0);
    BatchResult result;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || !read(text, result)) {
        result = {};
        note(result, options.first,
             "the process that ran some of the seeds crashed, status " + std::to_string(status));
    }
    return result;
}

}  // namespace

BatchResult runBatch(const BatchOptions& options) {
    if (options.jobs <= 1) return runPart(options, 0);
    std::vector<Job> jobs;
    for (unsigned i = 0; i < options.jobs; ++i) jobs.push_back(startPart(options, i));
    BatchResult result;
    for (const Job& job : jobs) add(result, finish(job, options));
    return result;
}

}  // namespace wring::testing
