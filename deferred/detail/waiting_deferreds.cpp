#include <wring/deferred/detail/waiting_deferreds.hpp>

#include <utility>

namespace wring::detail {

struct WaitingDeferreds::Place : Pooled {
    explicit Place(DeferredBase& waiting) noexcept : state(&waiting) {}
    Ref<DeferredBase> state;
    WaitingDeferreds* list = nullptr;  // null when it is in none
    Place* next = nullptr;
    Place* previous = nullptr;
};

/// The canceller of who waits. It has nothing to stop: as a Deferred lets go of its canceller when
/// it is cancelled or fired, by whomever, the end of this is the time to leave.
class WaitingDeferreds::Claim {
 public:
    explicit Claim(Place* place) noexcept : place_(place) {}
    Claim(Claim&& other) noexcept : place_(std::exchange(other.place_, nullptr)) {}
    Claim& operator=(Claim&&) = delete;
    ~Claim() {
        if (!place_) return;
        if (place_->list) place_->list->remove(*place_);
        delete place_;
    }
    void operator()(DeferredBase&) const noexcept {}

 private:
    Place* place_;
};

WaitingDeferreds::~WaitingDeferreds() {
    while (Ref<DeferredBase> state = takeFirst()) {
        state->toldToEnd();
        state->fail(Failure::of<CancelledError>());
    }
}

void WaitingDeferreds::add(DeferredBase& state) {
    auto* place = new Place(state);
    state.setCanceller(Claim(place));
    append(*place);
}

Ref<DeferredBase> WaitingDeferreds::takeFirst() noexcept {
    if (!first_) return nullptr;
    Place& place = *first_;
    remove(place);
    return std::move(place.state);
}

void WaitingDeferreds::append(Place& place) noexcept {
    place.list = this;
    place.previous = last_;
    (last_ ? last_->next : first_) = &place;
    last_ = &place;
    ++size_;
}

void WaitingDeferreds::remove(Place& place) noexcept {
    (place.previous ? place.previous->next : first_) = place.next;
    (place.next ? place.next->previous : last_) = place.previous;
    place.list = nullptr;
    --size_;
}

}  // namespace wring::detail
