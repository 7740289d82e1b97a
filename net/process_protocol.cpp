#include <wring/net/process_protocol.hpp>

#include <utility>

namespace wring {

void ProcessProtocol::makeConnection(Ref<IProcessTransport> transport) {
    transport_ = std::move(transport);
    connectionMade();
}

void ProcessProtocol::childDataReceived(int childFD, BytesView data) {
    if (childFD == 1) outReceived(data);
    if (childFD == 2) errReceived(data);
}

void ProcessProtocol::childConnectionLost(int childFD) {
    switch (childFD) {
        case 0:
            return inConnectionLost();
        case 1:
            return outConnectionLost();
        case 2:
            return errConnectionLost();
        default:
            return;
    }
}

}  // namespace wring
