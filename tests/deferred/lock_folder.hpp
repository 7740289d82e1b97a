#pragma once

#include <wring/tests/deferred/support.hpp>

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <filesystem>
#include <string>

namespace wring::testing {

/// The number of a process that has been, and of which nothing is left.
inline pid_t pastProcess() {
    pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    ::waitpid(child, nullptr, 0);
    return child;
}

/// A folder for locks, empty at first, removed at the end.
class LockFolderTest : public QuietTest {
 protected:
    LockFolderTest() {
        char name[] = "/tmp/wring-lock-XXXXXX";
        folder_ = ::mkdtemp(name);
    }
    ~LockFolderTest() override { std::filesystem::remove_all(folder_); }

    std::string path() const { return folder_ + "/lock"; }
    std::string folder() const { return folder_; }
    /// Puts a link there, as if a process of that number had made it.
    void link(const std::string& target) const {
        ASSERT_EQ(::symlink(target.c_str(), path().c_str()), 0);
    }
    void link(pid_t owner) const { link(std::to_string(owner)); }
    void removeLink() const { ASSERT_EQ(::unlink(path().c_str()), 0); }
    /// Where the link points to; empty when there is none.
    std::string target() const {
        std::error_code none;
        return std::filesystem::read_symlink(path(), none).string();
    }
    static std::string self() { return std::to_string(::getpid()); }

 private:
    std::string folder_;
};

}  // namespace wring::testing
