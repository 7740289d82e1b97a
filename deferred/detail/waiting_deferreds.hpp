#pragma once

#include <wring/deferred/detail/deferred_state.hpp>

#include <cstddef>

namespace wring::detail {

/// Deferreds that wait for their turn, first come first served. They are kept alive by it: nobody
/// needs a handle for a callback to be called. One that is cancelled, or fired by somebody else,
/// is gone from here before its callbacks run.
///
/// Lifetime  who still waits at its end fails with CancelledError.
class WRING_API WaitingDeferreds {
 public:
    WaitingDeferreds() noexcept = default;
    WaitingDeferreds(const WaitingDeferreds&) = delete;
    WaitingDeferreds& operator=(const WaitingDeferreds&) = delete;
    ~WaitingDeferreds();

    /// Puts one that has no canceller yet at the end. std::bad_alloc possible.
    void add(DeferredBase& state);
    /// The first one, which has not been fired and waits no more; null when nobody waits.
    Ref<DeferredBase> takeFirst() noexcept;
    std::size_t size() const noexcept { return size_; }

 private:
    struct Place;
    class Claim;
    void append(Place& place) noexcept;
    void remove(Place& place) noexcept;

    Place* first_ = nullptr;
    Place* last_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace wring::detail
