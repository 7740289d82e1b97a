#include <wring/net/limit_total_connections_factory.hpp>

namespace wring {

LimitTotalConnectionsFactory::LimitTotalConnectionsFactory(
    Ref<IFactory> wrapped, std::optional<std::size_t> connectionLimit, Ref<IFactory> overflow)
    : WrappingFactory(std::move(wrapped)),
      connectionLimit_(connectionLimit),
      overflow_(std::move(overflow)) {}

void LimitTotalConnectionsFactory::doStart() {
    if (overflow_) overflow_->doStart();
    WrappingFactory::doStart();
}

void LimitTotalConnectionsFactory::doStop() {
    if (overflow_) overflow_->doStop();
    WrappingFactory::doStop();
}

Ref<IProtocol> LimitTotalConnectionsFactory::buildProtocol(const Address& address) {
    if (!connectionLimit_ || connectionCount() < *connectionLimit_) {
        return WrappingFactory::buildProtocol(address);
    }
    return overflow_ ? buildBy(*overflow_, address) : nullptr;
}

}  // namespace wring
