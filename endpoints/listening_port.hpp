#pragma once

#include <wring/endpoints/interfaces.hpp>

namespace wring {

/// How a stream port listens. Set by name on an object.
class WRING_API ListenOptions {
 public:
    ListenOptions(Address where, std::string interfaceText)
        : address(where), interface(std::move(interfaceText)) {}

    Address address;        ///< where to bind
    std::string interface;  ///< as the user wrote it, for messages; empty means any
    int backlog = 50;       ///< connections the kernel keeps waiting; it has its own maximum
};

/// Opens a TCP port that serves connections by `factory`. Throws CannotListenError.
///
/// Source    Twisted: IReactorTCP.listenTCP.
WRING_API Ref<IListeningPort> listenTCP(Reactor& reactor, const ListenOptions& options,
                                        Ref<IFactory> factory);

}  // namespace wring
