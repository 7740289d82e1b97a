#include <wring/net/descriptor_passing.hpp>

#include <wring/net/detail/stream_access.hpp>
#include <wring/net/unix_errors.hpp>
#include <wring/runtime/assert.hpp>
#include <wring/runtime/detail/operation_awaiter.hpp>
#include <wring/runtime/reactor.hpp>

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace wring {

namespace {

/// A duplicate of a connection's descriptor: the connection may be closed while an operation is in
/// flight on it, as its own operations are not.
class Duplicate {
 public:
    explicit Duplicate(const Stream& stream)
        : reactor_(detail::StreamAccess::connection(stream).reactor()) {
        if (detail::StreamAccess::connection(stream).layer()) {
            throw UsageError(0, "pass descriptors", "the stream is secured");
        }
        int fd = detail::StreamAccess::connection(stream).fd();
        if (fd < 0) throw ConnectionLost(0, "close");
        fd_ = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (fd_ < 0) throw Error(errno, "dup");
    }
    Duplicate(const Duplicate&) = delete;
    Duplicate& operator=(const Duplicate&) = delete;
    ~Duplicate() { reactor_.closeDescriptor(fd_); }
    int fd() const noexcept { return fd_; }
    Driver& driver() const noexcept { return reactor_.driver(); }

 private:
    Reactor& reactor_;
    int fd_;
};

/// A message of one run of bytes and some descriptors, in the kernel's form.
class Message {
 public:
    Message(const void* bytes, std::size_t size) noexcept {
        part_.iov_base = const_cast<void*>(bytes);
        part_.iov_len = size;
        raw_.msg_iov = &part_;
        raw_.msg_iovlen = 1;
    }
    Message(const Message&) = delete;
    Message& operator=(const Message&) = delete;

    msghdr& raw() noexcept { return raw_; }
    void makeRoom() noexcept {
        raw_.msg_control = control_.data();
        raw_.msg_controllen = control_.size();
    }
    void put(std::span<const int> descriptors) noexcept {
        if (descriptors.empty()) return;
        makeRoom();
        raw_.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
        cmsghdr* header = CMSG_FIRSTHDR(&raw_);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
    }
    std::vector<FileDescriptor> take();

 private:
    iovec part_{};
    msghdr raw_{};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(descriptorsMax * sizeof(int))> control_{};
};

std::vector<FileDescriptor> Message::take() {
    std::vector<FileDescriptor> taken;
    taken.reserve(descriptorsMax);
    for (cmsghdr* each = CMSG_FIRSTHDR(&raw_); each; each = CMSG_NXTHDR(&raw_, each)) {
        if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS) continue;
        std::size_t count = (each->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(each) + i * sizeof fd, sizeof fd);
            taken.emplace_back(fd);
        }
    }
    return taken;
}

void check(int result) {
    if (result == -ECANCELED) throw CancelledError(ECANCELED, "transfer");
    if (result < 0) detail::lostFailure(-result).raise();
}

}  // namespace

Task<> sendDescriptors(Stream& stream, BytesView bytes, std::span<const int> descriptors) {
    if (bytes.empty() && !descriptors.empty()) throw FileDescriptorOverrun();
    if (descriptors.size() > descriptorsMax) {
        throw Error(EINVAL, "sendmsg", std::to_string(descriptors.size()) + " descriptors");
    }
    if (bytes.empty()) co_return;
    int sent = 0;
    {
        Duplicate socket(stream);
        Message message(bytes.data(), bytes.size());
        message.put(descriptors);
        detail::OperationAwaiter sending(socket.driver());
        sending.operation().prepareSendmsg(socket.fd(), message.raw());
        sent = co_await sending;
    }
    check(sent);
    co_await stream.write(bytes.subspan(static_cast<std::size_t>(sent)));
}

Task<DescriptorMessage> receiveDescriptors(Stream& stream, std::size_t bytesMax) {
    WRING_ASSERT(bytesMax > 0, "receiveDescriptors of no bytes");
    std::string buffer(bytesMax, '\0');
    Duplicate socket(stream);
    Message message(buffer.data(), buffer.size());
    message.makeRoom();
    detail::OperationAwaiter receiving(socket.driver());
    receiving.operation().prepareRecvmsg(socket.fd(), message.raw(), MSG_CMSG_CLOEXEC);
    int got = co_await receiving;
    check(got);
    DescriptorMessage result;
    result.descriptors = message.take();
    if (message.raw().msg_flags & MSG_CTRUNC) {
        stream.abort();
        throw ConnectionLost(EMFILE, "recvmsg",
                             "descriptors were dropped: the process has too many");
    }
    std::string_view came(buffer.data(), static_cast<std::size_t>(got));
    result.bytes = Bytes::copyOf(came);
    co_return std::move(result);
}

}  // namespace wring
