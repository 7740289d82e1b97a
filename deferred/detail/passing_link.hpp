#pragma once

#include <wring/deferred/detail/deferred_state.hpp>

#include <utility>

namespace wring::detail {

/// Looks at a Deferred's result where it stands in the chain: `look(state)`, which does not throw,
/// may copy it, take it or leave it.
template <class T, class Look>
class PassingLink final : public OwnedLink {
 public:
    explicit PassingLink(Look look) : look_(std::move(look)) {}
    Step run(DeferredBase& current, Ref<DeferredBase>&) noexcept override {
        look_(static_cast<DeferredState<T>&>(current));
        return Step::next;
    }

 private:
    Look look_;
};

/// Hangs `look` on the end of a chain; it is called at once if the result is there.
template <class T, class Look>
void lookAtResult(const Ref<DeferredState<T>>& state, Look look) {
    Ref<DeferredState<T>> alive = state;
    alive->append(*new PassingLink<T, Look>(std::move(look)));
}

}  // namespace wring::detail
