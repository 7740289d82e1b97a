#pragma once

#include <wring/runtime/detail/driver_core.hpp>
#include <wring/runtime/detail/sim_kernel.hpp>

#include <atomic>
#include <deque>
#include <vector>

namespace wring::detail {

/// The driver on a simulated host. Each operation is tried when it is handed over and again when
/// its descriptor changes; how it went becomes news, told by a later or the same wait() as chance
/// has it.
///
/// A wait() moves the simulated time on itself, unless others do that: then it returns, and says by
/// dueAt() when it wants to be called again.
class SimulatedDriver final : public DriverCore, private SimKernel::Watcher {
 public:
    SimulatedDriver(SimKernel& kernel, const DriverOptions& options, const bool& isStepped);
    ~SimulatedDriver() override;

    /// Since when, or from when on, a wait() has something to do.
    Time dueAt() const noexcept;
    /// Something was asked of its reactor from outside the turns, such as a timer.
    void lookAgain() noexcept { wantsWakeAt_ = {}; }

    const char* name() const noexcept override { return "sim"; }
    DriverFeatures features() const noexcept override { return features_; }
    DriverStats stats() const noexcept override;
    void submit(Operation& operation) noexcept override;
    void cancel(Operation& operation) noexcept override;
    unsigned wait(Duration timeout) noexcept override;
    void flush() noexcept override;
    void wake() noexcept override;
    int fd() noexcept override;
    Time now() const noexcept override { return world_.now(); }

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
    int sendNow(Operation& send, Bytes& owner) noexcept override;
    bool sendMore(Operation& send, BytesView bytes) noexcept override;
    int shutdownNow(int fd, int how) noexcept override;
    int closeNow(int fd) noexcept override;

 private:
    /// How often accepting has failed for want of something, since when, after how many closes.
    struct Shortage {
        Time since{};
        std::uint64_t closesBefore = 0;
        unsigned failures = 0;
    };
    /// What waits on one descriptor, by direction; polls wait for either.
    struct Descriptor {
        OperationList waiting[2];
        OperationList polls;
        Shortage shortage;
        bool isQueued = false;
    };
    /// Something to be told of an operation.
    struct News {
        Operation* operation;
        Completion completion;
        std::string received;  // to be written to the operation's memory
        Time visibleAt;
    };
    /// An operation in flight.
    struct Slot {
        Operation* operation = nullptr;
        std::uint64_t given = 0;  // a digest of what it is to send
        std::uint32_t generation = 0;
        bool isGiven = true;  // the memory it sends from is the kernel's until it ends
    };
    /// A send that the caller does not wait for.
    struct Silent {
        Operation* operation;
        Bytes bytes;
    };

    bool strikes(Fault fault) noexcept { return world_.faults().strikes(fault); }
    Duration upTo(std::uint64_t milliseconds) noexcept;
    void enter(Operation& operation) noexcept;
    void leave(Operation& operation) noexcept;
    Descriptor& descriptor(int fd);
    void handOver();
    void begin(Operation& operation);
    void waitOn(Operation& operation);
    void queue(int fd) noexcept;
    void descriptorChanged(int fd) noexcept override;
    void progress();
    void progress(int fd);
    void receiveMulti(Operation& operation);
    int receiveInto(Operation& operation, std::span<std::byte> buffer);
    bool acceptMulti(Operation& operation);

    int attempt(Operation& operation, std::string& received);
    int tryReceive(Operation& operation, std::string& received);
    int trySend(SimObject& socket, BytesView bytes);
    int tryMessage(Operation& operation);
    int trySendMessage(SimObject& socket, const ::msghdr& message);
    int tryReceiveMessage(SimObject& socket, ::msghdr& message);
    void noteRoomSoon(int fd);
    int tryAccept(int fd);
    void noteShortage(int fd);
    int tryPoll(const Operation& operation) const noexcept;

    void addNews(Operation& operation, Completion completion, std::string received = {});
    void endLater(Operation& operation, int result, std::string received = {});
    void cancelNow(std::size_t slot, std::uint32_t generation);
    void sendSilent();
    void confirmSilent();
    bool hasVisibleNews() const noexcept;
    Time nextVisible() const noexcept;
    std::size_t chooseNews() noexcept;
    bool isBusy() const noexcept;
    void tell();
    void tellOne(News news);
    void block(Time deadline);
    void look();
    bool clearWake() noexcept;
    std::uint64_t digestOf(const Operation& operation) const noexcept;
    void scribble(const Operation& operation, std::size_t from) noexcept;
    void bufferReturned(std::uint32_t buffer) noexcept override { freeBuffers_.push_back(buffer); }

    SimKernel& kernel_;
    SimWorld& world_;
    const bool& isStepped_;
    DriverFeatures features_;
    std::vector<Descriptor> descriptors_;
    std::vector<Slot> slots_;
    std::vector<std::uint32_t> freeSlots_;
    std::vector<std::uint32_t> freeBuffers_;
    std::vector<int> ready_;
    OperationList starting_;
    std::deque<News> news_;
    std::vector<Silent> silent_;
    std::vector<Silent> unheard_;
    std::uint32_t inFlight_ = 0;
    unsigned told_ = 0;
    Time wantsWakeAt_{};
    std::atomic<bool> isWoken_ = false;
    bool isPolled_ = false;  // somebody has asked for fd()
    bool isInside_ = false;
    int wakeFd_;
};

}  // namespace wring::detail
