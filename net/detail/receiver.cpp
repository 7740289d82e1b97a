#include <wring/net/detail/receiver.hpp>

#include <utility>

namespace wring::detail {

void Receiver::makeConnection(Ref<ITransport> transport) {
    hasTransport_ = true;
    Protocol::makeConnection(std::move(transport));
}

bool Receiver::isOpen() const { return connected() && !transport().disconnecting(); }

void Receiver::dataReceived(BytesView data) {
    if (isBusy_) return pending_.arrive(data);
    pending_.lend(data);
    process();
}

void Receiver::process() {
    if (isBusy_) return;
    // A callback may let go of the last handle; an object that no handle refers to is its owner's.
    Ref<IProtocol> alive(useCount() > 0 ? this : nullptr);
    isBusy_ = true;
    try {
        deliver();
    } catch (...) {
        isBusy_ = false;
        pending_.settle();
        throw;
    }
    isBusy_ = false;
    pending_.settle();
}

void Receiver::deliver() {
    do {
        pending_.absorb();
        if (!mayDeliver()) pending_.clear();
    } while (!isPaused_ && !pending_.empty() && step());
    if (!mayDeliver()) pending_.clear();
}

}  // namespace wring::detail
