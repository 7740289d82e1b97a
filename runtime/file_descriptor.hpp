#pragma once

#include <wring/runtime/api.hpp>

#include <utility>

namespace wring {

/// A descriptor that is owned: closed when destroyed. Of no reactor, of no kind.
class WRING_API FileDescriptor {
 public:
    /// Takes `fd` over; -1 is none.
    explicit FileDescriptor(int fd = -1) noexcept : fd_(fd) {}
    FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.release()) {}
    FileDescriptor& operator=(FileDescriptor other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~FileDescriptor();

    /// The descriptor, or -1.
    int get() const noexcept { return fd_; }
    /// Gives it up; the caller closes it.
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

 private:
    int fd_;
};

}  // namespace wring
