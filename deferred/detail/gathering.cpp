#include <wring/deferred/detail/gathering.hpp>

#include <wring/deferred/errors.hpp>

namespace wring::detail {

void Gathering::cancelAll(std::size_t except) noexcept {
    isCancelled_ = true;
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
        if (i == except || !inputs_[i]) continue;
        Ref<DeferredBase> each(inputs_[i]);
        try {
            each->cancel();
        } catch (...) {
            reportCancellerError();
        }
    }
}

DeferredBase::Canceller askAll(Ref<Gathering> gathering) {
    return [gathering = std::move(gathering)](DeferredBase& all) {
        Ref<DeferredBase> alive(&all);
        gathering->cancelAll(gathering->size());
        if (gathering->isAbandoned()) all.fail(Failure::of<CancelledError>());
        // Who survived this may be asked again. Not before the end of the first asking: a
        // canceller that cancels the whole would come back to itself.
        if (!all.isCalled()) all.setCanceller(askAll(gathering), true);
    };
}

Failure firstError(const Failure& failure, std::size_t index) noexcept {
    try {
        return FirstError(failure, index);
    } catch (...) {
        return Failure::current();
    }
}

}  // namespace wring::detail
