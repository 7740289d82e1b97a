#pragma once

#include <wring/net/socket.hpp>
#include <wring/runtime/operation.hpp>
#include <wring/runtime/reactor_resource.hpp>
#include <wring/runtime/timer.hpp>

namespace wring::detail {

/// A listening socket that takes connections as they come, in bursts, and backs off when there
/// is no descriptor left for another one.
///
/// Lifetime  the derived class keeps itself alive until acceptorClosed().
class WRING_API Acceptor : public ReactorResource, private Timer {
 public:
    /// Takes over `fd`, which listens. Where other processes share the socket it is never shut
    /// down: it would be for all of them.
    Acceptor(Reactor& reactor, int fd, bool isShared = false) noexcept;
    ~Acceptor() override;

    int fd() const noexcept { return fd_; }
    bool isClosed() const noexcept { return fd_ < 0; }

 protected:
    virtual void accepted(Socket socket) noexcept = 0;
    /// Closed, nothing in flight. `error` is 0 or what ended it unasked. `this` may go in it.
    virtual void acceptorClosed(int error) noexcept = 0;

    /// Takes connections from now on, or again.
    void startAccepting() noexcept;
    /// Takes none for a while; they wait in the kernel's backlog.
    void stopAccepting() noexcept;
    /// Takes none any more, and has the kernel refuse who connects.
    void refuse() noexcept;
    /// Closes; connections that were taken but not yet told are closed as well.
    void beginClose() noexcept;
    void turnEnded() noexcept override;

 private:
    struct Request : Operation {
        explicit Request(Acceptor& acceptor) noexcept
            : Operation(&Acceptor::onAccepted), owner(acceptor) {}
        Acceptor& owner;
    };
    static void onAccepted(Operation& operation, Completion& completion) noexcept;
    static void onRetry(Timer& timer) noexcept;
    void ended(int error) noexcept;
    void backOff(int error) noexcept;
    void finishClose() noexcept;

    Request request_;
    int fd_;
    int closeError_ = 0;
    unsigned failuresInRow_ = 0;
    Duration delay_{};
    Time nextLog_{};
    bool isShared_;
    bool isWanted_ = false;
    bool isClosing_ = false;
};

}  // namespace wring::detail
