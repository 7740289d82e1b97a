#pragma once

#include <wring/runtime/ref.hpp>

namespace wring {
class Arguments;
class ConnectOptions;
class EndpointRegistry;
class IStreamClientEndpoint;
class ListenOptions;
class Reactor;
}  // namespace wring

namespace wring::detail {

/// Registers "tcp" (listening and connecting) and "tcp6" (listening).
void addTcpParsers(EndpointRegistry& registry);

/// What types on top of TCP have in common with it: "port", "interface" and "backlog" of a
/// listening one, "host", "port", "timeout" and "bindAddress" of a connecting one.
ListenOptions listenOptionsFrom(const Arguments& arguments);
ConnectOptions connectOptionsFrom(const Arguments& arguments);

/// What connects to an address, or to the host of a name.
Ref<IStreamClientEndpoint> clientEndpoint(Reactor& reactor, ConnectOptions options);

}  // namespace wring::detail
