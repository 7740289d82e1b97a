#include <wring/net/spewing_factory.hpp>

#include <wring/net/detail/quoted_bytes.hpp>
#include <wring/runtime/log.hpp>

namespace wring {

/// A connection that tells everything.
class SpewingFactory::Spewing final : public ProtocolWrapper {
 public:
    using ProtocolWrapper::ProtocolWrapper;

    void dataReceived(BytesView data) override {
        log(LogLevel::info, "Received: " + detail::quotedBytes(data));
        ProtocolWrapper::dataReceived(data);
    }
    using ProtocolWrapper::write;
    void write(BytesView bytes) override {
        log(LogLevel::info, "Sending: " + detail::quotedBytes(bytes));
        ProtocolWrapper::write(bytes);
    }
    void writeSequence(std::span<const BytesView> parts) override {
        for (BytesView part : parts) log(LogLevel::info, "Sending: " + detail::quotedBytes(part));
        ProtocolWrapper::writeSequence(parts);
    }
};

Ref<ProtocolWrapper> SpewingFactory::wrap(Ref<IProtocol> protocol) {
    return makeRef<Spewing>(*this, std::move(protocol));
}

}  // namespace wring
