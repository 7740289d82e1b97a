#pragma once

#include <wring/deferred/filesystem_lock.hpp>
#include <wring/endpoints/detail/port_source.hpp>
#include <wring/endpoints/unix_endpoints.hpp>
#include <wring/net/detail/socket_file.hpp>

#include <optional>

namespace wring::detail {

/// A listening UNIX socket with its file and, if wanted, its lock.
class WRING_API UnixSource final : public PortSource {
 public:
    explicit UnixSource(UNIXListenOptions options);
    UnixSource(const UnixSource&) = delete;
    UnixSource& operator=(const UnixSource&) = delete;
    ~UnixSource() override;

    int open(Reactor& reactor) override;
    /// Removes the file, if it is still ours, then gives the lock back.
    void closed() noexcept override;

 private:
    [[noreturn]] void refuse(int code, const std::string& about = {}) const;
    void takeLock();
    void removeStale() const;
    int bindAndListen(Reactor& reactor, const Address& address);

    UNIXListenOptions options_;
    std::string path_;  // absolute; empty for an abstract name
    SocketFile file_;   // what was made there
    std::optional<FilesystemLock> lock_;
};

/// Whether it is a NUL and the name of an abstract socket.
inline bool isAbstract(const std::string& path) noexcept {
    return !path.empty() && path.front() == '\0';
}

/// A path for a message, with `@` for the NUL of an abstract name.
std::string shownPath(const std::string& path);

}  // namespace wring::detail
