#pragma once

#include <wring/runtime/detail/inline_sends.hpp>
#include <wring/runtime/detail/kernel_driver.hpp>
#include <wring/runtime/detail/operation_slots.hpp>

#include <vector>

struct io_uring;
struct io_uring_sqe;
struct io_uring_cqe;
struct io_uring_buf_ring;

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

 private:
    void setUp(const DriverOptions& options);
    void probe(const DriverOptions& options) noexcept;
    void setUpBufferRing(const DriverOptions& options) noexcept;
    void enable() noexcept;

    bool start(Operation& operation) noexcept;
    void restart(Operation& operation) noexcept;
    void fill(io_uring_sqe& entry, Operation& operation) noexcept;
    void fillReceiver(io_uring_sqe& entry, Operation& operation) const noexcept;
    bool sendCancel(Operation& operation) noexcept;
    io_uring_sqe* takeEntry() noexcept;

    void drainBacklog() noexcept;
    bool hasMoreToDo() const noexcept;
    void enter(Duration timeout) noexcept;
    void onEnterResult(int result) noexcept;
    unsigned reap() noexcept;
    void prefetch(const io_uring_cqe& entry) const noexcept;
    unsigned onEntry(const io_uring_cqe& entry) noexcept;
    void onBundle(Operation* operation, std::uint32_t buffer, std::uint32_t bytes,
                  bool more) noexcept;
    unsigned tellBundle() noexcept;
    std::uint32_t nextOfBundle() noexcept;
    void letGo(Operation& operation) noexcept;
    void deliver(Operation& operation, Completion& completion) noexcept;
    void endMulti(Operation& operation, Completion& completion) noexcept;
    void receivePolled(Operation& operation) noexcept;
    void finishLater(Operation& operation, int result) noexcept;
    unsigned tellDone() noexcept;
    void bufferReturned(std::uint32_t buffer) noexcept override;
    void armWake() noexcept;
    static void onWake(Operation& operation, Completion& completion) noexcept;
    static bool isInline(std::uint64_t identity) noexcept;
    void onInlineEntry(std::uint64_t number, int result) noexcept;
    void tellInline(Operation& operation, InlineSends::Entry& entry, int result) noexcept;
    void handInlineOver() noexcept;
    bool isInlineHeard() const noexcept;
    unsigned confirmInline() noexcept;
    bool isOwnersThread() const noexcept;
    void abandonAll() noexcept;
    void disown() noexcept;
    void takeNews() noexcept;
    void passNewsOn() noexcept;
    void publishBuffers() noexcept;
    bool picksBuffers() const noexcept { return bufferRing_ != nullptr; }

    static constexpr std::uint64_t ignoredIdentity = ~std::uint64_t{0};

    /// What one completion says of several buffers and was not told yet. There is one at most: a
    /// turn within a handler tells the rest before it takes the next completion.
    struct Bundle {
        Operation* operation = nullptr;  // null: nothing is left
        unsigned place = 0;              // of its next buffer in the ring
        std::uint32_t bytes = 0;         // that are left
        bool more = false;               // after the last one
    };

    struct WakeOperation : Operation {
        explicit WakeOperation(UringDriver& owner)
            : Operation(&UringDriver::onWake), driver(owner) {}
        UringDriver& driver;
        std::uint64_t count = 0;
    };

    std::unique_ptr<io_uring> ring_;
    DriverFeatures features_;
    io_uring_buf_ring* bufferRing_ = nullptr;
    std::size_t bufferRingBytes_ = 0;
    unsigned bufferRingMask_ = 0;
    unsigned buffersToPublish_ = 0;
    // Only with bundles, of which the kernel names the first buffer alone: they follow each other
    // as they were handed to it.
    std::vector<std::uint16_t> bufferAt_;  // by place in the ring
    std::vector<std::uint16_t> placeOf_;   // by buffer
    unsigned nextPlace_ = 0;
    Bundle bundle_;
    std::vector<std::uint32_t> freeBuffers_;  // only without a buffer ring
    OperationSlots slots_;
    std::uint32_t inFlight_ = 0;
    OperationList backlog_;         // no room in the submission queue yet
    OperationList pendingCancels_;  // submitted, their cancel not yet
    OperationList done_;            // ended in here, not yet told
    InlineSends inlineSends_;
    unsigned inlineHeardAt_ = 0;  // what the kernel had to say of a batch lies before this place
    unsigned inlineAsked_ = 0;    // sends whose end somebody wants to be told
    WakeOperation wake_;
    unsigned completionsPerTurn_;
    int newsFd_ = -1;  // once somebody has asked for fd()
    bool enabled_ = false;
    bool abandoning_ = false;
    const void* owner_ = nullptr;
};

}  // namespace wring::detail
