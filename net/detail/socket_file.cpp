#include <wring/net/detail/socket_file.hpp>

#include <wring/runtime/driver.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

namespace wring::detail {

std::optional<SocketFile::Identity> SocketFile::at(const std::string& path) noexcept {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
    return Identity{status.st_dev, status.st_ino, status.st_mode};
}

std::string SocketFile::absolute(const std::string& path) {
    bool isAbstract = !path.empty() && path.front() == '\0';
    return isAbstract ? std::string() : std::filesystem::absolute(path).string();
}

// The socket's own mode, set before, is what bind() makes the file with, less the umask: so the
// file never allows more than it shall.
int SocketFile::bind(Driver& driver, int fd, const Address& address, std::string path,
                     unsigned mode) noexcept {
    remove();
    path_ = std::move(path);
    ::fchmod(fd, mode);
    int result = driver.bind(fd, address.sockaddrData(), address.sockaddrSize());
    if (result < 0 || path_.empty()) return result;
    made_ = at(path_);
    result = setMode(mode);
    if (result < 0) remove();
    return result;
}

int SocketFile::setMode(unsigned mode) const noexcept {
    if (!made_) return -ENOENT;
    if (!S_ISSOCK(made_->mode)) return -EEXIST;  // somebody put something else there meanwhile
    if ((made_->mode & 07777) == mode) return 0;
    // Never through a symbolic link that somebody put there meanwhile.
    return ::fchmodat(AT_FDCWD, path_.c_str(), mode, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : -errno;
}

void SocketFile::remove() noexcept {
    auto made = std::exchange(made_, std::nullopt);
    if (!made) return;
    auto now = at(path_);
    bool isOurs = now && now->device == made->device && now->inode == made->inode;
    if (isOurs && S_ISSOCK(now->mode)) ::unlink(path_.c_str());
}

}  // namespace wring::detail
