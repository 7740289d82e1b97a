#pragma once

#include <wring/deferred/event.hpp>
#include <wring/net/process_errors.hpp>
#include <wring/net/process_transport.hpp>

namespace wring {

/// What a child process talks to. makeConnection() first, then in the order in which they happen
/// childDataReceived() and, once per pipe and after its data, childConnectionLost();
/// processExited() once the process has ended, which may be before the last of these;
/// processEnded() last.
///
/// A handle can be awaited until then: `co_await protocol`.
/// Errors    what a member throws is logged; the pipe whose data made it throw is closed.
/// Lifetime  the transport keeps it until processEnded() has returned.
/// Source    Twisted: IProcessProtocol.
class WRING_API IProcessProtocol : public RefCounted {
 public:
    /// The child runs.
    virtual void makeConnection(Ref<IProcessTransport> transport) = 0;
    /// The child wrote to that descriptor. The bytes are lent for the length of the call.
    virtual void childDataReceived(int childFD, BytesView data) = 0;
    /// The pipe of that descriptor is closed, by whomever.
    virtual void childConnectionLost(int childFD) = 0;
    /// The process has ended: ProcessDone or ProcessTerminated.
    virtual void processExited(const Failure& reason) = 0;
    /// Likewise, and all pipes are closed. When the reactor stops before that: ConnectionLost, and
    /// there was no processExited() if the process goes on.
    virtual void processEnded(const Failure& reason) = 0;

    /// Set when processEnded() has returned.
    Event& ended() noexcept { return ended_; }

 private:
    Event ended_;
};

/// Waits until that protocol's process has ended and all pipes to it are closed.
inline Event::Awaiter operator co_await(const Ref<IProcessProtocol>& protocol) noexcept {
    return protocol->ended().wait();
}

/// The base most process protocols start from: override what matters.
///
/// Source    Twisted: protocol.ProcessProtocol.
class WRING_API ProcessProtocol : public IProcessProtocol {
 public:
    void makeConnection(Ref<IProcessTransport> transport) override;
    /// The child runs, and can be talked to.
    virtual void connectionMade() {}
    /// Calls outReceived() for 1 and errReceived() for 2.
    void childDataReceived(int childFD, BytesView data) override;
    /// The child wrote to its output, or to its error output.
    virtual void outReceived(BytesView) {}
    virtual void errReceived(BytesView) {}
    /// Calls one of the next three for 0, 1 and 2.
    void childConnectionLost(int childFD) override;
    virtual void inConnectionLost() {}
    virtual void outConnectionLost() {}
    virtual void errConnectionLost() {}
    void processExited(const Failure&) override {}
    void processEnded(const Failure&) override {}

    /// The process; there is one from connectionMade() on, even after it has ended.
    IProcessTransport& transport() const noexcept { return *transport_; }

 private:
    Ref<IProcessTransport> transport_;
};

}  // namespace wring
