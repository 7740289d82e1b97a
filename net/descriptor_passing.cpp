#include <wring/net/descriptor_passing.hpp>

#include <wring/net/detail/rights_message.hpp>
#include <wring/net/detail/stream_access.hpp>
#include <wring/net/unix_errors.hpp>
#include <wring/runtime/assert.hpp>
#include <wring/runtime/detail/operation_awaiter.hpp>
#include <wring/runtime/reactor.hpp>

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
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
        detail::RightsMessage message(bytes.data(), bytes.size());
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
    detail::RightsMessage message(buffer.data(), buffer.size());
    message.makeRoom();
    detail::OperationAwaiter receiving(socket.driver());
    receiving.operation().prepareRecvmsg(socket.fd(), message.raw(), MSG_CMSG_CLOEXEC);
    int got = co_await receiving;
    check(got);
    DescriptorMessage result;
    result.descriptors = message.take();
    if (message.hasLostSome()) {
        stream.abort();
        throw ConnectionLost(EMFILE, "recvmsg",
                             "descriptors were dropped: the process has too many");
    }
    std::string_view came(buffer.data(), static_cast<std::size_t>(got));
    result.bytes = Bytes::copyOf(came);
    co_return std::move(result);
}

}  // namespace wring
