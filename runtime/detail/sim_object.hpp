#pragma once

#include <wring/runtime/bytes.hpp>
#include <wring/runtime/ref.hpp>

#include <cerrno>
#include <cstddef>
#include <span>

struct msghdr;

namespace wring::detail {

class SimKernel;

/// What a descriptor of a simulated kernel refers to. The members are the system calls of their
/// names: they never wait, and give a result or a negative errno.
class SimObject : public RefCounted {
 public:
    explicit SimObject(SimKernel& kernel) noexcept : kernel_(&kernel) {}

    /// The descriptor that refers to it; -1 for none.
    int fd() const noexcept { return fd_; }
    void setFd(int fd) noexcept { fd_ = fd; }
    SimKernel& kernel() const noexcept { return *kernel_; }

    /// As poll(2) would tell, asked or not.
    virtual unsigned readiness() const noexcept = 0;
    /// The descriptor is closed.
    virtual void closed() noexcept {}
    /// Nothing holds anything up any more.
    virtual void healed() noexcept {}

    /// `offset` -1 is the object's own position.
    virtual int read(std::span<std::byte>, std::int64_t) noexcept { return -EINVAL; }
    virtual int write(BytesView, std::int64_t) noexcept { return -EINVAL; }

    virtual int receive(std::span<std::byte>) noexcept { return -ENOTSOCK; }
    virtual int send(BytesView) noexcept { return -ENOTSOCK; }
    /// Whether it keeps messages apart, and has the two below.
    virtual bool keepsMessages() const noexcept { return false; }
    virtual int receiveMessage(::msghdr&) noexcept { return -EOPNOTSUPP; }
    virtual int sendMessage(const ::msghdr&) noexcept { return -EOPNOTSUPP; }
    virtual int bind(const void*, std::size_t) noexcept { return -ENOTSOCK; }
    virtual int listen(int) noexcept { return -ENOTSOCK; }
    virtual int accept(Ref<SimObject>&) noexcept { return -ENOTSOCK; }
    /// Begins; mostly -EINPROGRESS.
    virtual int connect(const void*, std::size_t) noexcept { return -ENOTSOCK; }
    /// How the connect() that was begun went: -EINPROGRESS while that is open.
    virtual int connectOutcome() noexcept { return -ENOTSOCK; }
    virtual int shutdown(int) noexcept { return -ENOTSOCK; }
    virtual int name(void*, std::size_t&) const noexcept { return -ENOTSOCK; }
    virtual int peerName(void*, std::size_t&) const noexcept { return -ENOTSOCK; }
    virtual int setOption(int, int, const void*, std::size_t) noexcept { return -ENOTSOCK; }
    virtual int getOption(int, int, void*, std::size_t&) noexcept { return -ENOTSOCK; }

 protected:
    /// To be called when readiness() may have changed for the better.
    void changed() noexcept;

 private:
    SimKernel* kernel_;
    int fd_ = -1;
};

}  // namespace wring::detail
