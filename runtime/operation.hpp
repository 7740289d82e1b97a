#pragma once

#include <wring/runtime/api.hpp>
#include <wring/runtime/assert.hpp>
#include <wring/runtime/bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

struct msghdr;

namespace wring {

namespace detail {
class OperationList;
class DriverCore;
class UringDriver;
class EpollDriver;
class SimulatedDriver;
}  // namespace detail

/// What a driver can be asked to do; each is the system call of its name.
enum class Verb : std::uint8_t {
    nop,     ///< completes with 0
    accept,  ///< one connection; gives its descriptor
    connect,
    recv,  ///< into memory of the caller's
    send,
    sendmsg,
    recvmsg,
    shutdown,
    close,
    poll,          ///< one readiness event; gives the poll(2) mask
    read,          ///< file or pipe
    write,         ///< file or pipe
    acceptMulti,   ///< connections until it ends; each completion gives a descriptor
    recvMulti,     ///< into lent buffers, until it ends; an exhausted pool delays it, nothing else
    recvmsgMulti,  ///< messages, each into a lent buffer, until it ends; as recvMulti
};

/// The name of what `verb` does, as in "recv".
WRING_API const char* verbName(Verb verb) noexcept;

/// What a driver says of an operation: at least once, and exactly once with `more` false, after
/// which the operation is the caller's again.
struct Completion {
    std::int32_t result = 0;  ///< as the system call's; a negative errno on failure
    bool more = false;        ///< whether further completions of this operation follow
    Bytes bytes;  ///< of recvMulti: what came, empty at the end of the stream; see also sendNow().
                  ///< Of recvmsgMulti: see detail/message_layout.hpp
};

/// One request to the kernel: a verb, its arguments, and who is told. It is a member of whatever
/// wants it done (an awaiter, a connection) and stays where it is until its last completion: the
/// kernel may touch the buffers until then, cancelled or not.
///
/// Thread    the driver's.
/// Lifetime  neither copied nor moved; destroying one in flight ends the process with a message.
class WRING_API Operation {
 public:
    /// Told each completion, in the driver's thread, never from within submit(). On the last
    /// one (`more` false) the operation may be destroyed or submitted again.
    using Handler = void (*)(Operation& operation, Completion& completion) noexcept;

    explicit Operation(Handler handler) noexcept : handler_(handler) {}
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;
    ~Operation() {
        WRING_ASSERT(!inFlight(), "an operation was destroyed while the kernel had it");
    }

    /// Each sets the verb and its arguments. What they point to stays valid until the end of the
    /// operation. Not while in flight.
    void prepareNop() noexcept { prepare(Verb::nop, -1); }
    void prepareAccept(int fd) noexcept { prepare(Verb::accept, fd); }
    void prepareAcceptMulti(int fd) noexcept { prepare(Verb::acceptMulti, fd); }
    void prepareConnect(int fd, const void* address, std::size_t bytes) noexcept;
    void prepareRecv(int fd, std::span<std::byte> into, int flags = 0) noexcept;
    void prepareRecvMulti(int fd) noexcept { prepare(Verb::recvMulti, fd); }
    void prepareSend(int fd, BytesView from, int flags = 0) noexcept {
        prepare(Verb::send, fd, from.data(), from.size(), flags);
    }
    void prepareSendmsg(int fd, const ::msghdr& message, int flags = 0) noexcept;
    void prepareRecvmsg(int fd, ::msghdr& message, int flags = 0) noexcept;
    /// The name and the control part of each message get the room that `rooms` says by their
    /// lengths. Nothing else of it counts, and it stays until the end.
    void prepareRecvmsgMulti(int fd, const ::msghdr& rooms) noexcept;
    void prepareShutdown(int fd, int how) noexcept;
    void prepareClose(int fd) noexcept { prepare(Verb::close, fd); }
    void preparePoll(int fd, unsigned mask) noexcept;
    /// `offset` -1 means the file's own position, and is what pipes want.
    void prepareRead(int fd, std::span<std::byte> into, std::int64_t offset = -1) noexcept;
    /// Where nobody reads any more it gives -EPIPE, and raises SIGPIPE as write(2) does.
    void prepareWrite(int fd, BytesView from, std::int64_t offset = -1) noexcept;

    /// What it was last prepared for, and on which descriptor.
    Verb verb() const noexcept { return verb_; }
    int fd() const noexcept { return fd_; }
    /// What it sends, if it was prepared to.
    BytesView bytes() const noexcept {
        return {static_cast<const std::byte*>(data_), static_cast<std::size_t>(length_)};
    }

    /// The message that it sends or receives, or the rooms for those, if it was prepared to.
    const ::msghdr* message() const noexcept { return static_cast<const ::msghdr*>(data_); }

    /// Whether the driver has it: submitted and its last completion not yet told.
    bool inFlight() const noexcept { return state_ != State::idle; }

 private:
    friend class detail::OperationList;
    friend class detail::DriverCore;
    friend class detail::UringDriver;
    friend class detail::EpollDriver;
    friend class detail::SimulatedDriver;
    bool isMulti() const noexcept { return verb_ >= Verb::acceptMulti; }
    bool picksBuffers() const noexcept { return verb_ >= Verb::recvMulti; }
    enum class State : std::uint8_t { idle, queued, starved, submitted, unconfirmed, done };

    void prepare(Verb verb, int fd, const void* data = nullptr, std::uint64_t length = 0,
                 std::int64_t extra = 0) noexcept {
        WRING_ASSERT(!inFlight(), "an operation was prepared again while the kernel had it");
        verb_ = verb;
        fd_ = fd;
        data_ = data;
        length_ = length;
        extra_ = extra;
    }

    Handler handler_;
    Operation* next_ = nullptr;      // in one of the driver's lists
    Operation* previous_ = nullptr;  //
    const void* data_ = nullptr;     // buffer, sockaddr or msghdr
    std::uint64_t length_ = 0;       // of data_
    std::int64_t extra_ = 0;         // offset, flags, poll mask, shutdown direction
    int fd_ = -1;
    std::uint32_t slot_ = 0;  // identity with the driver while submitted
    std::int32_t result_ = 0;
    Verb verb_ = Verb::nop;
    State state_ = State::idle;
    bool cancelRequested_ = false;
    bool inList_ = false;
};

}  // namespace wring
