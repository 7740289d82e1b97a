#pragma once

#include <wring/runtime/api.hpp>

namespace wring {

class Reactor;

/// Base of what lives on a reactor and has to be told when it ends: connections, listening
/// ports. Registered from construction to leave().
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

    /// Where it lives, or lived.
    Reactor& reactor() const noexcept { return reactor_; }

 protected:
    /// Asks for one turnEnded(); asking again before it has come changes nothing.
    void endOfTurn() noexcept;
    /// It has ended and counts no more: what is left of it is a record that may outlive the reactor.
    void leave() noexcept;

 private:
    friend class Reactor;
    Reactor& reactor_;
    ReactorResource* next_ = nullptr;
    ReactorResource* previous_ = nullptr;
    ReactorResource* nextEnding_ = nullptr;
    ReactorResource* previousEnding_ = nullptr;
    bool isEnding_ = false;
    bool isToldToStop_ = false;
    bool hasLeft_ = false;
};

}  // namespace wring
