#include <wring/net/detail/receiver.hpp>

#include <wring/net/tls_errors.hpp>

#include <string>
#include <utility>

namespace wring::detail {

void Receiver::makeConnection(Ref<ITransport> transport) {
    hasTransport_ = true;
    Protocol::makeConnection(std::move(transport));
}

bool Receiver::isSecure() const { return hasTransport_ && transport().isSecure(); }

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
    bool wasSecure = isSecure();
    do {
        pending_.absorb();
        if (!mayDeliver()) pending_.clear();
        // What stands behind the request to secure the connection was not secured.
        if (!wasSecure && isSecure() && !pending_.empty()) {
            throw ClearBytesError(0, "startTLS", std::to_string(pending_.size()) + " of them");
        }
    } while (!isPaused_ && !pending_.empty() && step());
    if (!mayDeliver()) pending_.clear();
}

}  // namespace wring::detail
