#include <wring/runtime/detail/kernel_driver.hpp>

#include <wring/runtime/assert.hpp>
#include <wring/runtime/detail/message_layout.hpp>

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <ctime>

namespace wring::detail {

namespace {
int result(int value) noexcept { return value < 0 ? -errno : value; }
}  // namespace

KernelDriver::KernelDriver(const BufferLayout& buffers, bool nonBlockingSockets, int wakeFlags)
    : DriverCore(buffers),
      wakeFd_(::eventfd(0, EFD_CLOEXEC | wakeFlags)),
      socketFlags_(SOCK_CLOEXEC | (nonBlockingSockets ? SOCK_NONBLOCK : 0)),
      acceptFlags_(socketFlags_) {
    noteWoken();
    if (wakeFd_ >= 0) return;
    int code = errno;
    throw DriverUnavailable{code, false, "the wake-up descriptor could not be made",
                            "raise the limit on open files (ulimit -n)"};
}

KernelDriver::~KernelDriver() { ::close(wakeFd_); }

Time KernelDriver::now() const noexcept {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return Time(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

void KernelDriver::wake() noexcept {
    // An async-signal-safe system call; EAGAIN means that a wake-up is due anyway.
    int before = errno;
    std::uint64_t one = 1;
    [[maybe_unused]] ssize_t written = ::write(wakeFd_, &one, sizeof one);
    errno = before;
}

int KernelDriver::openSocket(int family, int type, int protocol) noexcept {
    return result(::socket(family, type | socketFlags_, protocol));
}

int KernelDriver::bind(int fd, const void* address, std::size_t bytes) noexcept {
    return result(::bind(fd, static_cast<const sockaddr*>(address), static_cast<socklen_t>(bytes)));
}

int KernelDriver::listen(int fd, int backlog) noexcept { return result(::listen(fd, backlog)); }

int KernelDriver::connectNow(int fd, const void* address, std::size_t bytes) noexcept {
    return result(
        ::connect(fd, static_cast<const sockaddr*>(address), static_cast<socklen_t>(bytes)));
}

int KernelDriver::sendMessageNow(int fd, const ::msghdr& message) noexcept {
    ssize_t sent = 0;
    do {
        sent = ::sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return result(static_cast<int>(sent));
}

int KernelDriver::receiveMessageNow(int fd, ::msghdr& message) noexcept {
    return result(static_cast<int>(::recvmsg(fd, &message, MSG_DONTWAIT)));
}

int KernelDriver::getSocketName(int fd, void* address, std::size_t& bytes) noexcept {
    auto length = static_cast<socklen_t>(bytes);
    int outcome = result(::getsockname(fd, static_cast<sockaddr*>(address), &length));
    bytes = length;
    return outcome;
}

int KernelDriver::getPeerName(int fd, void* address, std::size_t& bytes) noexcept {
    auto length = static_cast<socklen_t>(bytes);
    int outcome = result(::getpeername(fd, static_cast<sockaddr*>(address), &length));
    bytes = length;
    return outcome;
}

int KernelDriver::setOption(int fd, int level, int option, const void* value,
                            std::size_t bytes) noexcept {
    return result(::setsockopt(fd, level, option, value, static_cast<socklen_t>(bytes)));
}

int KernelDriver::getOption(int fd, int level, int option, void* value,
                            std::size_t& bytes) noexcept {
    auto length = static_cast<socklen_t>(bytes);
    int outcome = result(::getsockopt(fd, level, option, value, &length));
    bytes = length;
    return outcome;
}

int KernelDriver::receiveInto(const Operation& operation, std::span<std::byte> buffer) noexcept {
    int fd = operation.fd();
    if (operation.verb() == Verb::recvMulti) {
        return result(static_cast<int>(::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT)));
    }
    auto receive = [](void* socket, ::msghdr& message) noexcept {
        return result(
            static_cast<int>(::recvmsg(*static_cast<int*>(socket), &message, MSG_DONTWAIT)));
    };
    return receiveMessageInto(buffer, *operation.message(), receive, &fd);
}

int KernelDriver::shutdownNow(int fd, int how) noexcept { return result(::shutdown(fd, how)); }

int KernelDriver::closeNow(int fd) noexcept {
    // Linux frees the number even when close reports EINTR: never a second try.
    int outcome = result(::close(fd));
    if (outcome != -EBADF) ++closed_;
    return outcome;
}

}  // namespace wring::detail
