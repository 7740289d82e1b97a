#pragma once

#include <wring/runtime/detail/driver_core.hpp>

#include <cerrno>

namespace wring::detail {

/// What the drivers that speak to a real kernel share: plain system calls, the clock, and the
/// wake-up descriptor.
class KernelDriver : public DriverCore {
 public:
    explicit KernelDriver(const BufferLayout& buffers, bool nonBlockingSockets, int wakeFlags);
    ~KernelDriver() override;

    Time now() const noexcept override;
    void wake() noexcept override;
    int openSocket(int family, int type, int protocol) noexcept override;
    int bind(int fd, const void* address, std::size_t bytes) noexcept override;
    int listen(int fd, int backlog) noexcept override;
    int connectNow(int fd, const void* address, std::size_t bytes) noexcept override;
    int sendMessageNow(int fd, const ::msghdr& message) noexcept override;
    int receiveMessageNow(int fd, ::msghdr& message) noexcept override;
    int getSocketName(int fd, void* address, std::size_t& bytes) noexcept override;
    int getPeerName(int fd, void* address, std::size_t& bytes) noexcept override;
    int setOption(int fd, int level, int option, const void* value,
                  std::size_t bytes) noexcept override;
    int getOption(int fd, int level, int option, void* value, std::size_t& bytes) noexcept override;
    int shutdownNow(int fd, int how) noexcept override;
    int closeNow(int fd) noexcept override;

 protected:
    /// Receives what a recvMulti or recvmsgMulti asks for into a buffer, without waiting.
    static int receiveInto(const Operation& operation, std::span<std::byte> buffer) noexcept;

    int wakeFd_;
    int socketFlags_;
    int acceptFlags_;
};

/// Why a driver could not be made, with the errno behind it.
struct DriverUnavailable {
    int code;
    bool isDenied;  ///< the interface is not to be had here, as opposed to lack of a resource
    std::string cause;
    std::string cure;
};

/// Each throws DriverUnavailable.
std::unique_ptr<Driver> makeUringDriver(const DriverOptions& options);
std::unique_ptr<Driver> makeEpollDriver(const DriverOptions& options);

}  // namespace wring::detail
