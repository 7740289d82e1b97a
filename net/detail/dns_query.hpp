#pragma once

#include <wring/net/dns_resolver.hpp>
#include <wring/runtime/detail/wait.hpp>
#include <wring/runtime/operation.hpp>
#include <wring/runtime/result.hpp>
#include <wring/runtime/timer.hpp>

#include <optional>

struct ares_channeldata;
struct ares_addrinfo;

namespace wring::detail {

/// One look-up by c-ares, awaited once: a channel, its sockets and its timer. It has ended when no
/// operation on any of the sockets is in flight and all of them are closed.
class DnsQuery final : public Wait, private Timer {
 public:
    DnsQuery(Reactor& reactor, const DnsOptions& options, std::string host, std::uint16_t port,
             int family);
    ~DnsQuery();

    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) {
        if (!begin(handle)) {
            isCancelled_ = true;
            return false;
        }
        ask();
        isSuspended_ = !isOver();
        if (!isSuspended_) withdraw();
        return isSuspended_;
    }
    Result<std::vector<Address>> await_resume() { return takeResult(); }
    Result<std::vector<Address>> takeResult();
    void cancelWait() noexcept override;
    std::string describe() const override { return "DNS for '" + host_ + "'"; }

 private:
    struct Watch;
    struct SocketCalls;

    void ask() noexcept;
    void open();
    void process(int readable, int writable) noexcept;
    /// After anything that c-ares did: arms what it waits for, or ends.
    void settle() noexcept;
    void watchSockets() noexcept;
    void armTimer() noexcept;
    void closeChannel() noexcept;
    bool isOver() const noexcept { return hasAnswer_ && !first_; }
    Watch* find(int fd) noexcept;
    void remove(Watch& watch) noexcept;

    static void onAnswer(void* query, int status, int timeouts, ares_addrinfo* answer);
    void take(int status, const ares_addrinfo* answer) noexcept;
    static void onWanted(void* query, int fd, int readable, int writable);
    static void onPolled(Operation& operation, Completion& completion) noexcept;
    static void onDue(Timer& timer) noexcept;

    Reactor& reactor_;
    const DnsOptions& options_;
    std::string host_;
    std::uint16_t port_;
    int family_;
    ares_channeldata* channel_ = nullptr;
    Watch* first_ = nullptr;
    std::vector<Address> found_;
    std::optional<Failure> failure_;
    int said_ = 0;  // the code of the last answer that came in a datagram
    bool hasAnswer_ = false;
    bool isCancelled_ = false;
    bool isSuspended_ = false;
};

}  // namespace wring::detail
