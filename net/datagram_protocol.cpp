#include <wring/net/datagram_protocol.hpp>

namespace wring {

WRING_DEFINE_ERROR(InvalidAddressError, UsageError, "Invalid address", false);
WRING_DEFINE_ERROR(MulticastJoinError, Error, "Multicast join or leave failed", true);

void DatagramProtocol::doStart(Ref<IUDPTransport> transport) {
    transport_ = std::move(transport);
    if (++numPorts_ == 1) startProtocol();
}

void DatagramProtocol::doStop() {
    if (--numPorts_ > 0) return;
    transport_ = nullptr;
    stopProtocol();
}

}  // namespace wring
