#pragma once

#include <wring/tests/support/streams.hpp>

#include <string>
#include <utility>

namespace wring::testing {

/// A factory of one protocol, which there is already.
class OneProtocol final : public Factory {
 public:
    explicit OneProtocol(Ref<IProtocol> protocol) : protocol_(std::move(protocol)) {}
    Ref<IProtocol> buildProtocol(const Address&) override { return protocol_; }

 private:
    Ref<IProtocol> protocol_;
};

/// Serves a real connection whose peer sends `sent` by `protocol` until the protocol has closed it;
/// gives what the peer got.
inline Task<std::string> exchange(Reactor& reactor, Ref<IProtocol> protocol, std::string sent) {
    PeerPair ends;
    Socket socket(reactor, ends.near.release());
    makeRef<OneProtocol>(protocol)->connectionAccepted(std::move(socket));
    ends.far.send(sent);
    co_await protocol->lost().wait();
    co_return ends.far.receive();
}

}  // namespace wring::testing
