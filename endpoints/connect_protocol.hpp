#pragma once

#include <wring/endpoints/interfaces.hpp>

#include <concepts>

namespace wring {

/// Connects `protocol`, an object that exists already, and gives it. Its factory() stays null.
/// Errors and cancellation as connect().
///
/// Source    Twisted: endpoints.connectProtocol.
WRING_API Deferred<Ref<IProtocol>> connectProtocol(const Ref<IStreamClientEndpoint>& endpoint,
                                                   Ref<IProtocol> protocol);

/// The same, keeping the protocol's type.
template <std::derived_from<IProtocol> P>
    requires(!std::same_as<P, IProtocol>)
Deferred<Ref<P>> connectProtocol(const Ref<IStreamClientEndpoint>& endpoint, Ref<P> protocol) {
    Ref<IProtocol> plain = protocol;
    return connectProtocol(endpoint, std::move(plain))
        .addCallback([protocol = std::move(protocol)](const Ref<IProtocol>&) { return protocol; });
}

}  // namespace wring
