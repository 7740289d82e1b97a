#pragma once

#include <wring/net/hostname_resolver.hpp>

#include <memory>

namespace wring {

class Reactor;

/// The resolver of that reactor.
WRING_API std::shared_ptr<IHostnameResolver> nameResolver(Reactor& reactor);

/// Has names resolved by `resolver` from now on, by the first one again if it is null; gives the
/// one that did it before.
///
/// Source    Twisted: IReactorPluggableNameResolver.installNameResolver.
WRING_API std::shared_ptr<IHostnameResolver> installNameResolver(
    Reactor& reactor, std::shared_ptr<IHostnameResolver> resolver);

}  // namespace wring
