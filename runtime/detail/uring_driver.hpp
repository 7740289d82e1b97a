#pragma once

#include <wring/runtime/detail/inline_sends.hpp>
#include <wring/runtime/detail/kernel_driver.hpp>
#include <wring/runtime/detail/operation_slots.hpp>
#include <wring/runtime/detail/uring_buffers.hpp>

#include <vector>

struct io_uring;
struct io_uring_sqe;

namespace wring::detail {

/// The driver on io_uring: one enter per turn, multishot accept and receive, receive buffers
/// picked by the kernel, identities with a generation.
///
/// Source    io_uring(7), io_uring_setup(2), io_uring_enter(2), io_uring_cancelation(7).
class UringDriver final : public KernelDriver {
 public:
    explicit UringDriver(const DriverOptions& options);
    ~UringDriver() override;

    const char* name() const noexcept override { return "uring"; }
    DriverFeatures features() const noexcept override { return features_; }
    DriverStats stats() const noexcept override;
    void submit(Operation& operation) noexcept override;
    void cancel(Operation& operation) noexcept override;
    unsigned wait(Duration timeout) noexcept override;
    void flush() noexcept override;
    int fd() noexcept override;
    int sendNow(Operation& send, Bytes& owner) noexcept override;
    bool sendMore(Operation& send, BytesView bytes) noexcept override;

 private:
    void setUp(const DriverOptions& options);
    void probe(const DriverOptions& options) noexcept;
    bool setUpBuffers() noexcept;
    void enable() noexcept;

    void start(Operation& operation) noexcept;
    void fill(io_uring_sqe& entry, Operation& operation) noexcept;
    void fillReceiver(io_uring_sqe& entry, Operation& operation) const noexcept;
    bool sendCancel(Operation& operation) noexcept;
    io_uring_sqe* takeEntry() noexcept;
    io_uring_sqe* takeEntryOfNext() noexcept;

    void drainBacklog() noexcept;
    bool hasMoreToDo() const noexcept;
    void enter(Duration timeout) noexcept;
    void onEnterResult(int result) noexcept;
    unsigned reap() noexcept;
    void onResult(Operation& operation, std::int32_t result) noexcept;
    unsigned onPart(Operation* operation, std::int32_t result, std::uint32_t flags) noexcept;
    unsigned onMarkedEntry(std::uint64_t identity, std::int32_t result) noexcept;
    bool goesOn(Operation& operation, std::int32_t& result) noexcept;
    void tellPart(Operation& operation, Completion& completion) noexcept;
    void forget(Operation& operation, const Completion& completion) noexcept;
    Bytes takeReceived(std::uint32_t number, int result) noexcept;
    BufferPool& poolOf(const Operation& operation) noexcept;
    bool awaitBuffer(Operation& operation) noexcept;
    void serveStarved() noexcept;
    void letGo(Operation& operation) noexcept;
    void endMulti(Operation& operation, Completion& completion) noexcept;
    void receivePolled(Operation& operation) noexcept;
    void finishLater(Operation& operation, int result) noexcept;
    unsigned tellDone() noexcept;
    void bufferReturned(std::uint32_t buffer) noexcept override;
    void armWake() noexcept;
    static void onWake(Operation& operation, Completion& completion) noexcept;
    void onInlineEntry(std::uint64_t number, int result) noexcept;
    void tellInline(Operation& operation, InlineSends::Entry& entry, int result) noexcept;
    void handInlineOver() noexcept;
    bool isInlineHeard() const noexcept;
    unsigned confirmInline() noexcept;
    bool isOwnersThread() const noexcept;
    bool takeOver() noexcept;
    void abandonAll() noexcept;
    void disown() noexcept;
    void takeNews() noexcept;
    void passNewsOn() noexcept;
    void publishBuffers() noexcept;
    bool picksBuffers() const noexcept { return buffers_.isSetUp(); }

    static constexpr std::uint64_t ignoredIdentity = ~std::uint64_t{0};
    static constexpr std::uint32_t messageMark = 0x8000;  // in the second group's numbers

    struct DetachPool {
        void operator()(BufferPool* pool) const noexcept { pool->detach(); }
    };

    struct WakeOperation : Operation {
        explicit WakeOperation(UringDriver& owner)
            : Operation(&UringDriver::onWake), driver(owner) {}
        UringDriver& driver;
        std::uint64_t count = 0;
    };

    std::unique_ptr<io_uring> ring_;
    DriverFeatures features_;
    UringBuffers buffers_;
    UringBuffers messageBuffers_;  // only where those are joined: a message wants one to itself
    std::unique_ptr<BufferPool, DetachPool> messagePool_;
    std::vector<std::uint32_t> freeBuffers_;  // only without a buffer ring
    OperationSlots slots_;
    std::uint32_t inFlight_ = 0;
    OperationList backlog_;         // no room in the submission queue yet
    OperationList pendingCancels_;  // submitted, their cancel not yet
    OperationList done_;            // ended in here, not yet told
    OperationList telling_;         // of these, what is being told
    InlineSends inlineSends_;
    unsigned lastInlineAt_ = 0;   // place in the submission queue of the send that was kept last
    unsigned inlineHeardAt_ = 0;  // what the kernel had to say of a batch lies before this place
    unsigned inlineAsked_ = 0;    // sends whose end somebody wants to be told
    WakeOperation wake_;
    unsigned completionsPerTurn_;
    int newsFd_ = -1;                     // once somebody has asked for fd()
    std::uint8_t unregisteredFlags_ = 0;  // liburing's, of the ring before it had a number
    bool enabled_ = false;
    bool abandoning_ = false;
    const void* owner_ = nullptr;
};

}  // namespace wring::detail
