#pragma once

#include <wring/endpoints/interfaces.hpp>

namespace wring {

/// "Listens" on this process's standard input and output: listen() connects one protocol to them at
/// once. The port it gives counts that connection and accepts no other; it is done listening when
/// the connection is lost, or when it is told to.
///
/// Errors    NoProtocol from a factory that refuses, or that serves streams: there is no socket
/// here;
///           what buildProtocol() or connectionMade() throws.
/// Source    Twisted: StandardIOEndpoint.
class WRING_API StandardIOEndpoint final : public IStreamServerEndpoint {
 public:
    explicit StandardIOEndpoint(Reactor& reactor, int input = 0, int output = 1);
    Deferred<Ref<IListeningPort>> listen(Ref<IFactory> factory) override;

 private:
    Reactor& reactor_;
    int input_;
    int output_;
};

}  // namespace wring
