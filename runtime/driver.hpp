#pragma once

#include <wring/runtime/api.hpp>
#include <wring/runtime/operation.hpp>
#include <wring/runtime/time.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace wring {

class Driver;
class DriverOptions;

namespace detail {
class BufferPool;
}

/// Which kernel interface a reactor runs on.
enum class DriverKind : std::uint8_t {
    automatic,  ///< io_uring, or epoll where io_uring is denied; says so once
    uring,      ///< io_uring or an error
    epoll,      ///< epoll
};

/// The kind of that name ("auto", "uring", "epoll"); throws DriverError for any other.
WRING_API DriverKind driverKindFromString(const std::string& name);

/// Makes the drivers of another world than this machine's kernel, such as a Simulation.
class IDriverSource {
 public:
    virtual ~IDriverSource() = default;
    /// A driver of its own kind. Throws DriverError.
    virtual std::unique_ptr<Driver> makeDriver(const DriverOptions& options) = 0;
};

/// How a driver is made. Fields are set by name on an object; see also the environment:
/// WRING_REACTOR=auto|uring|epoll and WRING_DISABLE=feature,feature,….
class WRING_API DriverOptions {
 public:
    DriverOptions();
    DriverOptions(const DriverOptions&);
    DriverOptions& operator=(const DriverOptions&);
    ~DriverOptions();

    IDriverSource* source = nullptr;    ///< borrowed; makes the driver in place of `kind`
    DriverKind kind;                    ///< default: WRING_REACTOR, else automatic
    std::vector<std::string> disabled;  ///< kernel features to do without; default: WRING_DISABLE
    std::uint32_t submissionEntries = 1024;   ///< of the ring; a power of two
    std::uint32_t completionEntries = 8192;   ///< of the ring; a power of two
    std::uint32_t bufferBytes = 8192;         ///< of one receive buffer; from 64 of them on
                                              ///< 64 are joined, where the driver can
    std::uint32_t buffersInitial = 64;        ///< doubled when they run out …
    std::uint32_t buffersMax = 1024;          ///< … up to this; beyond, receivers wait their turn
    std::uint32_t completionsPerTurn = 2048;  ///< of the ring, told before timers get their turn
};

/// What was found in the kernel at start, each switchable off by name for tests.
struct DriverFeatures {
    bool multishotAccept = false;  ///< "multishot_accept", Linux 5.19
    bool multishotRecv = false;    ///< "multishot_recv", of messages as well, Linux 6.0
    bool bufferRing = false;       ///< "bufring", Linux 5.19
    bool deferTaskrun = false;     ///< "defer_taskrun", Linux 6.1
    bool coopTaskrun = false;      ///< "coop_taskrun", Linux 5.19
    bool registeredRing = false;   ///< "registered_ring", Linux 5.18
    bool inlineSend = false;       ///< "inline_send", Linux 6.1
    bool joinedBuffers = false;    ///< "joined_buffers", Linux 6.18; older ones lose count of them
};

/// Counters since the driver was made.
struct DriverStats {
    std::uint64_t submitted = 0;         ///< operations handed in
    std::uint64_t completions = 0;       ///< told to operations
    std::uint64_t enters = 0;            ///< blocking or submitting kernel calls
    std::uint64_t cancels = 0;           ///< cancellations asked for
    std::uint64_t starvations = 0;       ///< receivers that found no buffer
    std::uint64_t overflows = 0;         ///< completion-queue overflows met
    std::uint64_t staleCompletions = 0;  ///< for operations already gone; ignored
    std::uint32_t buffers = 0;           ///< receive buffers that exist
    std::uint32_t buffersLent = 0;       ///< pieces of them in users' hands
    std::uint32_t inFlight = 0;          ///< operations submitted and not finished
};

/// The seam between wring and the world: everything wring asks of a kernel goes through here.
///
/// Rules     an operation ends by its own last completion only; cancel() is a request, and what
///           moved before it is told as success. A multishot operation that the kernel ended
///           without an error is armed again in here; callers see one operation.
/// Thread    that of the first wait() or poll; wake() any thread.
/// Source    io_uring(7), epoll(7).
class WRING_API Driver {
 public:
    /// Makes the driver that `options` ask for; throws DriverError with cause and cure.
    static std::unique_ptr<Driver> create(const DriverOptions& options);

    virtual ~Driver() = default;

    /// "uring", "epoll" or "sim".
    virtual const char* name() const noexcept = 0;
    /// What the kernel offers and was not switched off.
    virtual DriverFeatures features() const noexcept = 0;
    /// Counters; cheap.
    virtual DriverStats stats() const noexcept = 0;

    /// Starts `operation`; cannot fail: what goes wrong is its completion. Never completes in here.
    virtual void submit(Operation& operation) noexcept = 0;
    /// Asks that `operation` ends soon. It still ends by its own completion. No effect when it is
    /// not in flight.
    virtual void cancel(Operation& operation) noexcept = 0;
    /// Hands over what was submitted, waits up to `timeout` for something to happen and tells the
    /// completions. Zero polls; Duration::max() waits for ever. Gives how many were told.
    virtual unsigned wait(Duration timeout) noexcept = 0;
    /// Hands over what was submitted without waiting.
    virtual void flush() noexcept = 0;
    /// Makes a wait() return. The only member that any thread and a signal handler may call.
    virtual void wake() noexcept = 0;
    /// A descriptor that poll(2) finds readable when wait() has something to do.
    virtual int fd() noexcept = 0;
    /// Monotonic time in nanoseconds when wait() last woke up; other threads may read it.
    const std::int64_t& wokenAt() const noexcept { return wokenAt_; }
    /// Monotonic time, read now.
    virtual Time now() const noexcept = 0;

    /// The system calls of these names, done at once. Give the result or a negative errno.
    virtual int openSocket(int family, int type, int protocol) noexcept = 0;
    virtual int bind(int fd, const void* address, std::size_t bytes) noexcept = 0;
    virtual int listen(int fd, int backlog) noexcept = 0;
    /// Of a datagram socket, which does not wait.
    virtual int connectNow(int fd, const void* address, std::size_t bytes) noexcept = 0;
    /// One message, without waiting for room for it or for it to come.
    virtual int sendMessageNow(int fd, const ::msghdr& message) noexcept = 0;
    virtual int receiveMessageNow(int fd, ::msghdr& message) noexcept = 0;
    virtual int getSocketName(int fd, void* address, std::size_t& bytes) noexcept = 0;
    virtual int getPeerName(int fd, void* address, std::size_t& bytes) noexcept = 0;
    virtual int setOption(int fd, int level, int option, const void* value,
                          std::size_t bytes) noexcept = 0;
    virtual int getOption(int fd, int level, int option, void* value,
                          std::size_t& bytes) noexcept = 0;
    /// Tries to send what `send` was prepared for, in place of submit() and without its wait. Gives
    /// how many bytes were taken, or a negative errno: -EAGAIN says no more than "submit it".
    ///
    /// A driver that hands sends over in batches takes all of what has an `owner` (on epoll, all of
    /// what is short, once it has waited), keeps that or a copy of what it holds, and has `send` in
    /// flight until the kernel has answered. It is told of that only if the kernel took less, or if
    /// cancel() asked for the end: `bytes` of the completion is then all that was to be sent,
    /// `result` how much of it was.
    virtual int sendNow(Operation& send, Bytes& owner) noexcept = 0;
    /// Puts a copy of `bytes` behind what sendNow() keeps of `send`, which goes out with it as one.
    /// False: nothing was put there, as something else is kept behind it, it is not short, its end
    /// was asked for, or the kernel has it.
    virtual bool sendMore(Operation& send, BytesView bytes) noexcept = 0;
    virtual int shutdownNow(int fd, int how) noexcept = 0;
    /// Closes a descriptor on which nothing is in flight.
    virtual int closeNow(int fd) noexcept = 0;
    /// How often closeNow() or a close operation succeeded: who waits for a descriptor asks this.
    virtual std::uint64_t closedCount() const noexcept = 0;

    /// The receive buffers.
    virtual detail::BufferPool& buffers() noexcept = 0;

 protected:
    /// To be called when wait() wakes up.
    void noteWoken() noexcept;

 private:
    std::int64_t wokenAt_ = 0;
};

}  // namespace wring
