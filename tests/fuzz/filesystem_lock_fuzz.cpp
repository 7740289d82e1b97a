#include <wring/deferred/filesystem_lock.hpp>
#include <wring/runtime/error.hpp>
#include <wring/tests/fuzz/input.hpp>
#include <wring/tests/fuzz/property.hpp>

#include <signal.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <optional>

// The first line is what the link of a lock leads to.

namespace wring::testing {

namespace {

/// A folder for the lock, removed with it.
class Place {
 public:
    Place() {
        std::string name = (std::filesystem::temp_directory_path() / "wring-XXXXXX").string();
        require(::mkdtemp(name.data()) != nullptr, "there is a folder");
        folder_ = name;
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    std::string lock() const { return folder_ + "/lock"; }
    std::string target() const {
        std::error_code ignored;
        return std::filesystem::read_symlink(lock(), ignored).string();
    }

 private:
    std::string folder_;
};

// The process that a text names as all programs write it; nothing for any other text.
std::optional<int> processOf(const std::string& text) {
    long number = std::strtol(text.c_str(), nullptr, 10);
    bool isPlain = number > 0 && number <= 0x7fffffff && std::to_string(number) == text;
    return isPlain ? std::optional(static_cast<int>(number)) : std::nullopt;
}

bool isAlive(int process) { return ::kill(process, 0) == 0 || errno == EPERM; }

// A text that names a process but is not plain: zeros before the number.
bool isPadded(const std::string& text) {
    return text.starts_with('0') && text.find_first_not_of("0123456789") == text.npos;
}

void checkProcess(const Place& place, int process) {
    bool isHeld = isAlive(process);
    std::optional<int> owner = FilesystemLock::owner(place.lock());
    // Another process may come and go meanwhile.
    if (isHeld != isAlive(process)) return;
    require(owner == (isHeld ? std::optional(process) : std::nullopt), "a living owner is told");
    FilesystemLock lock(place.lock());
    bool isTaken = lock.lock();
    if (isHeld != isAlive(process)) return;
    require(isTaken != isHeld, "the lock of a process that is gone is taken, no other");
    require(!isTaken || !lock.clean(), "whoever takes it is told so");
}

void check(Input input) {
    static const Place place;
    std::string text = input.line();
    ::unlink(place.lock().c_str());
    if (text.empty() || ::symlink(text.c_str(), place.lock().c_str()) != 0) return;
    if (auto process = processOf(text)) {
        checkProcess(place, *process);
    } else if (!isPadded(text) || text.size() > 31) {
        int refusals = 0;
        try {
            static_cast<void>(FilesystemLock::owner(place.lock()));
        } catch (const Error& error) {
            refusals += error.number() == EINVAL;
        }
        FilesystemLock lock(place.lock());
        try {
            static_cast<void>(lock.lock());
        } catch (const Error& error) {
            refusals += error.number() == EINVAL;
        }
        require(refusals == 2 && !lock.locked(), "what names no process is no lock");
        require(place.target() == text, "what is no lock is left alone");
    }
}

}  // namespace

}  // namespace wring::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    wring::testing::check({data, size});
    return 0;
}
