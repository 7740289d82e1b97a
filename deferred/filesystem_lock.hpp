#pragma once

#include <wring/runtime/api.hpp>

#include <optional>
#include <string>

namespace wring {

/// A lock between processes: a symbolic link whose target is the number of the process that has
/// it. Creating a link is atomic on every file system, and `ls -l` shows who has the lock.
///
/// A link whose process is gone is cleared away. A process that may not be signalled is one that
/// lives, and a number that another process has got since counts as the owner's: a daemon that
/// always has the same number, in a container, finds its own stale lock held. Clearing happens
/// under a flock of the folder, so that no process takes away the new link of another one that has
/// cleared the old; while somebody else keeps the folder locked, the stale link counts as a lock.
///
/// Errors    Error, with errno and path, for whatever the file system says beyond that; EINVAL for
///           something at that path that is no link to a process.
/// Thread    the calls are the kernel's own and block as long as the file system does.
/// Lifetime  a lock that is held is given back at the end of this object, not of the process.
/// Source    Twisted: lockfile.FilesystemLock, which has no destructor to give it back.
class WRING_API FilesystemLock {
 public:
    explicit FilesystemLock(std::string path);
    FilesystemLock(const FilesystemLock&) = delete;
    FilesystemLock& operator=(const FilesystemLock&) = delete;
    ~FilesystemLock();

    /// Takes the lock, if no living process has it; true if it did. Never waits.
    [[nodiscard]] bool lock();
    /// Gives it back. Throws UsageError when another process has it, Error(ENOENT) when nobody has.
    void unlock();

    /// Whether this object took the lock and did not give it back.
    bool locked() const noexcept { return isLocked_; }
    /// Whether the one before had given the lock back, rather than died with it.
    bool clean() const noexcept { return isClean_; }
    /// The path of the link.
    const std::string& name() const noexcept { return path_; }

    /// Whether somebody has the lock at `path`. Finds out by trying: what is stale is cleared.
    static bool isLocked(const std::string& path);
    /// The living process that has the lock at `path`, if there is one. Only looks: nothing is
    /// taken or cleared, so that it never is in the way of somebody who wants the lock.
    static std::optional<int> owner(const std::string& path);

 private:
    void give() noexcept;

    std::string path_;
    bool isLocked_ = false;
    bool isClean_ = true;
};

}  // namespace wring
