#include <wring/endpoints/connect_protocol.hpp>

namespace wring {

namespace {

class OneShotFactory final : public Factory {
 public:
    explicit OneShotFactory(Ref<IProtocol> protocol) : protocol_(std::move(protocol)) {}
    Ref<IProtocol> buildProtocol(const Address&) override { return std::move(protocol_); }

 private:
    Ref<IProtocol> protocol_;
};

}  // namespace

Deferred<Ref<IProtocol>> connectProtocol(const Ref<IStreamClientEndpoint>& endpoint,
                                         Ref<IProtocol> protocol) {
    return endpoint->connect(makeRef<OneShotFactory>(std::move(protocol)));
}

}  // namespace wring
