#include <wring/endpoints/listen_fds.hpp>
#include <wring/runtime/log.hpp>
#include <wring/tests/fuzz/input.hpp>
#include <wring/tests/fuzz/property.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cstdlib>

// Three lines: LISTEN_FDS, LISTEN_FDNAMES, and what stands behind the number of the process.

namespace wring::testing {

namespace {

/// Some descriptors side by side, as a parent leaves them; the one behind them is not open.
class Inherited {
 public:
    static constexpr int count = 3;
    Inherited() {
        int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        while (!areFree()) ++first_;
        for (int i = 0; i < count; ++i) ::dup2(fd, first_ + i);
        ::close(fd);
    }
    Inherited(const Inherited&) = delete;
    Inherited& operator=(const Inherited&) = delete;
    ~Inherited() {
        for (int i = 0; i < count; ++i) ::close(first_ + i);
    }
    int first() const { return first_; }

 private:
    bool areFree() const {
        for (int i = 0; i <= count; ++i) {
            if (::fcntl(first_ + i, F_GETFD) >= 0) return false;
        }
        return true;
    }
    int first_ = 500;
};

int warnings = 0;

/// Counts what is logged as long as it lives.
class Counting {
 public:
    Counting() : before_(setLogSink([](LogLevel, std::string_view) { ++warnings; })) {
        warnings = 0;
    }
    Counting(const Counting&) = delete;
    Counting& operator=(const Counting&) = delete;
    ~Counting() { setLogSink(before_); }

 private:
    LogSink before_;
};

// How many descriptors the variables tell of; -1 if they do not fit together.
int wantedCount(std::string count, const std::string& names) {
    bool areDigits =
        std::all_of(count.begin(), count.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (count.empty() || !areDigits) return -1;
    count.erase(0, std::min(count.find_first_not_of('0'), count.size() - 1));
    if (count.size() > 1 || count[0] - '0' > Inherited::count) return -1;
    int wanted = count[0] - '0';
    bool fits = wanted == 0 || std::count(names.begin(), names.end(), ':') + 1 == wanted;
    return fits ? wanted : -1;
}

std::string join(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& each : names) text += (&each == names.data() ? "" : ":") + each;
    return text;
}

bool isSame(const ListenFDs& a, const ListenFDs& b) {
    return a.inheritedDescriptors() == b.inheritedDescriptors() && a.names() == b.names();
}

void checkFound(const ListenFDs& found, int wanted, const std::string& names, int first) {
    std::vector<int> descriptors = found.inheritedDescriptors();
    require(static_cast<int>(descriptors.size()) == std::max(wanted, 0), "all of them or none");
    for (int fd : descriptors) require(fd == first++, "they stand side by side");
    if (wanted <= 0) return require(found.names().empty(), "there is no name for none");
    require(join(found.names()) == names, "the names are those that were given");
    for (const auto& [name, fd] : found.inheritedNamedDescriptors()) {
        auto last = std::find(found.names().rbegin(), found.names().rend(), name);
        auto index = static_cast<std::size_t>(found.names().rend() - last) - 1;
        require(descriptors[index] == fd, "of several of one name the last has it");
    }
}

void check(Input input) {
    static const Inherited inherited;
    Counting counting;
    std::string count = input.line(), names = input.line();
    std::string pid = std::to_string(::getpid()) + input.line();
    bool areOurs = pid == std::to_string(::getpid());
    int wanted = areOurs ? wantedCount(count, names) : 0;
    int first = inherited.first();

    ListenFDs found = ListenFDs::parse({pid.c_str(), count.c_str(), names.c_str()}, first);
    checkFound(found, wanted, names, first);
    require(warnings == (wanted < 0 ? 1 : 0), "one warning if they do not fit together");

    constexpr std::array variables{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"};
    ::setenv(variables[0], pid.c_str(), 1);
    ::setenv(variables[1], count.c_str(), 1);
    ::setenv(variables[2], names.c_str(), 1);
    require(isSame(ListenFDs::fromEnvironment(first), found), "the environment tells the same");
    for (const char* name : variables) {
        require((::getenv(name) == nullptr) == areOurs, "what is ours is taken from children");
        ::unsetenv(name);
    }
}

}  // namespace

}  // namespace wring::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    wring::testing::check({data, size});
    return 0;
}
