#include <wring/net/protocol.hpp>

namespace wring {

void Protocol::makeConnection(Ref<ITransport> transport) {
    transport_ = std::move(transport);
    connectionMade();
}

}  // namespace wring
