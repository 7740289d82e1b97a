#pragma once

#include <wring/net/address.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace wring {
class Driver;
}

namespace wring::detail {

/// The file by which a UNIX socket is reached. Removed when destroyed, if it still is the one that
/// was made.
class SocketFile {
 public:
    /// A file as the file system knows it.
    struct Identity {
        std::uint64_t device;
        std::uint64_t inode;
        unsigned mode;
    };
    static std::optional<Identity> at(const std::string& path) noexcept;
    /// The path that stays right when the current folder changes, empty for an abstract name;
    /// throws std::system_error.
    static std::string absolute(const std::string& path);

    SocketFile() noexcept = default;
    SocketFile(const SocketFile&) = delete;
    SocketFile& operator=(const SocketFile&) = delete;
    ~SocketFile() { remove(); }

    /// Binds the socket `fd` to `address`, which is at `path`, an absolute one. The file has `mode`
    /// whatever the umask says, and never a wider one. 0, or a negative errno and no file.
    int bind(Driver& driver, int fd, const Address& address, std::string path,
             unsigned mode) noexcept;
    void remove() noexcept;

 private:
    int setMode(unsigned mode) const noexcept;

    std::string path_;
    std::optional<Identity> made_;
};

}  // namespace wring::detail
