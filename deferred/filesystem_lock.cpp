#include <wring/deferred/filesystem_lock.hpp>

#include <wring/runtime/error.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <utility>

namespace wring {

namespace {

[[noreturn]] void fail(const char* operation, const std::string& path, int code = errno) {
    throw Error(code, operation, path);
}

/// The process that the link names; none when there is no link.
std::optional<pid_t> ownerOf(const std::string& path) {
    char target[32];
    ssize_t length = ::readlink(path.c_str(), target, sizeof target);
    if (length < 0 && errno == ENOENT) return std::nullopt;
    if (length < 0) fail("readlink", path);
    pid_t owner = 0;
    auto [end, error] = std::from_chars(target, target + length, owner);
    // Of what fills the room there may be more. Zero and less are groups of processes to kill().
    bool isCut = length == sizeof target;
    if (isCut || error != std::errc() || end != target + length || owner <= 0) {
        fail("read the owner of a lock", path, EINVAL);
    }
    return owner;
}

bool isAlive(pid_t process) noexcept { return ::kill(process, 0) == 0 || errno == EPERM; }

std::string folderOf(const std::string& path) {
    std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

/// A folder that this process has locked for others that clear locks in it.
class Clearing {
 public:
    explicit Clearing(const std::string& folder)
        : folder_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
        if (folder_ < 0) fail("open", folder);
        isFree_ = ::flock(folder_, LOCK_EX | LOCK_NB) == 0;
    }
    Clearing(const Clearing&) = delete;
    Clearing& operator=(const Clearing&) = delete;
    ~Clearing() { ::close(folder_); }
    bool isFree() const noexcept { return isFree_; }

 private:
    int folder_;
    bool isFree_ = false;
};

/// Removes the link of a process that is gone. False when it may not be removed now.
bool clearAfter(pid_t gone, const std::string& path) {
    Clearing clearing(folderOf(path));
    if (!clearing.isFree()) return false;
    // Somebody may have cleared it and taken the lock since it was read; nobody can from here on.
    if (ownerOf(path) != gone) return true;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) fail("unlink", path);
    return true;
}

}  // namespace

FilesystemLock::FilesystemLock(std::string path) : path_(std::move(path)) {}

FilesystemLock::~FilesystemLock() {
    if (isLocked_) give();
}

bool FilesystemLock::lock() {
    const std::string self = std::to_string(::getpid());
    bool isClean = true;
    while (::symlink(self.c_str(), path_.c_str()) != 0) {
        if (errno != EEXIST) fail("symlink", path_);
        std::optional<pid_t> owner = ownerOf(path_);
        if (!owner) continue;  // given back meanwhile
        if (isAlive(*owner) || !clearAfter(*owner, path_)) return false;
        isClean = false;
    }
    isLocked_ = true;
    isClean_ = isClean;
    return true;
}

void FilesystemLock::unlock() {
    std::optional<pid_t> owner = ownerOf(path_);
    if (!owner) fail("readlink", path_, ENOENT);
    if (*owner != ::getpid()) {
        throw UsageError(0, "unlock", "Lock '" + path_ + "' not owned by this process");
    }
    if (::unlink(path_.c_str()) != 0) fail("unlink", path_);
    isLocked_ = false;
}

// A copy of this object in a forked child finds that the lock is its parent's.
void FilesystemLock::give() noexcept {
    try {
        unlock();
    } catch (...) {
    }
}

bool FilesystemLock::isLocked(const std::string& path) {
    FilesystemLock trial(path);
    return !trial.lock();
}

std::optional<int> FilesystemLock::owner(const std::string& path) {
    std::optional<pid_t> process = ownerOf(path);
    if (process && !isAlive(*process)) return std::nullopt;
    return process;
}

}  // namespace wring
