#pragma once

#include <wring/runtime/detail/inline_sends.hpp>
#include <wring/runtime/detail/kernel_driver.hpp>

#include <vector>

struct epoll_event;

namespace wring::detail {

/// The same operations over epoll: each is a non-blocking call, repeated when the descriptor has
/// become ready. Edge-triggered, one registration per descriptor for both directions.
///
/// Source    epoll(7).
class EpollDriver final : public KernelDriver {
 public:
    explicit EpollDriver(const DriverOptions& options);
    ~EpollDriver() override;

    const char* name() const noexcept override { return "epoll"; }
    DriverFeatures features() const noexcept override { return {}; }
    DriverStats stats() const noexcept override;
    void submit(Operation& operation) noexcept override;
    void cancel(Operation& operation) noexcept override;
    unsigned wait(Duration timeout) noexcept override;
    void flush() noexcept override;
    int fd() noexcept override { return epollFd_; }
    int closeNow(int fd) noexcept override;
    int sendNow(Operation& send, Bytes& owner) noexcept override;
    bool sendMore(Operation& send, BytesView bytes) noexcept override;

 private:
    enum class Direction : bool { read, write };

    /// What is known of one descriptor. Ready means: not known to be exhausted.
    struct Descriptor {
        OperationList waiting[2];  // by Direction
        OperationList polls;       // of either: they take nothing, and do not wait for each other
        std::uint32_t generation = 0;
        bool isReady[2] = {false, false};
        bool isRegistered = false;
        bool isAtEnd = false;  // a FIN, an error or urgent data is due: a short read proves nothing
        bool isQueued = false;
        bool isDomainKnown = false;
        bool isUnix = false;  // a message with descriptors ends a read: a short one proves nothing
    };

    static Direction directionOf(const Operation& operation) noexcept;
    Descriptor* descriptor(int fd) noexcept;
    int doRegister(int fd, Descriptor& descriptor) noexcept;
    void enqueue(Operation& operation, Descriptor& descriptor) noexcept;
    void queueReady(int fd, Descriptor& descriptor) noexcept;
    void retry(Operation& operation) noexcept;
    void forget(int fd) noexcept;

    int attempt(Operation& operation) noexcept;
    int attemptConnect(Operation& operation) noexcept;
    int attemptPoll(Operation& operation) noexcept;
    void progress(int fd, Direction direction) noexcept;
    void progressPolls(Descriptor& descriptor) noexcept;
    unsigned progressOne(Operation& operation, int fd, Direction direction) noexcept;
    unsigned receiveMulti(Operation& operation, int fd) noexcept;
    void complete(Operation& operation, int result) noexcept;
    void complete(Operation& operation, Completion& completion) noexcept;
    void finishLater(Operation& operation, int result) noexcept;

    int waitForEvents(epoll_event* events, int count, Duration timeout) noexcept;
    void onEvent(const epoll_event& event) noexcept;
    void runReady() noexcept;
    void tellDone() noexcept;
    bool carrySendsOut() noexcept;
    bool hasSendsToTell() noexcept;
    void tellSends() noexcept;
    void bufferReturned(std::uint32_t buffer) noexcept override;

    int epollFd_;
    std::vector<Descriptor> descriptors_;     // by number
    std::vector<int> ready_;                  // to be tried before the next wait
    std::vector<int> batch_;                  // being tried
    std::vector<std::uint32_t> freeBuffers_;  // last in, first out: the warm one
    InlineSends sends_;                       // for the end of the turn
    OperationList done_;
    OperationList telling_;  // of these, what is being told
    std::uint32_t inFlight_ = 0;
    unsigned told_ = 0;
    bool hasPreciseWait_ = true;
    bool hasWaited_ = false;  // before that no end of a turn is near
};

}  // namespace wring::detail
