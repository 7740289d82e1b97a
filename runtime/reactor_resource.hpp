#pragma once

#include <wring/runtime/api.hpp>

namespace wring {

class Reactor;

/// Base of what lives on a reactor and has to be told when it ends: connections, listening
/// ports. Registered from construction until leaveReactor() or destruction.
class WRING_API ReactorResource {
 public:
    explicit ReactorResource(Reactor& reactor) noexcept;
    ReactorResource(const ReactorResource&) = delete;
    ReactorResource& operator=(const ReactorResource&) = delete;
    virtual ~ReactorResource();

    /// The reactor shuts down: end as soon as possible, then be destroyed.
    virtual void reactorStopping() noexcept = 0;

    /// The end of the turn in which endOfTurn() was asked for: after what happened in it, before
    /// the kernel is entered. Where everything written in one turn becomes one send.
    virtual void turnEnded() noexcept {}

    Reactor& reactor() const noexcept { return reactor_; }

 protected:
    /// Asks for one turnEnded(); asking again before it has come changes nothing.
    void endOfTurn() noexcept;
    /// Nothing of it is left on the reactor: shutdown waits for it no longer, and who holds it may
    /// keep it beyond the reactor's life. It gets no turnEnded() any more.
    void leaveReactor() noexcept;

 private:
    friend class Reactor;
    Reactor& reactor_;
    ReactorResource* next_ = nullptr;
    ReactorResource* previous_ = nullptr;
    ReactorResource* nextEnding_ = nullptr;
    ReactorResource* previousEnding_ = nullptr;
    bool isRegistered_ = true;
    bool isEnding_ = false;
    bool isToldToStop_ = false;
};

}  // namespace wring
