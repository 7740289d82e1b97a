#include <wring/net/traffic_logging_factory.hpp>

#include <wring/net/detail/quoted_bytes.hpp>
#include <wring/runtime/log.hpp>

#include <algorithm>
#include <cerrno>
#include <fstream>

namespace wring {

/// A connection and its file.
class TrafficLoggingFactory::Logged final : public ProtocolWrapper {
 public:
    Logged(TrafficLoggingFactory& factory, Ref<IProtocol> wrapped, const std::string& name)
        : ProtocolWrapper(factory, std::move(wrapped)),
          number_(std::to_string(factory.counter_)),
          lengthLimit_(factory.lengthLimit_),
          file_(name, std::ios::trunc | std::ios::binary) {
        if (!file_) throw Error(errno, "open", "the log of a connection, " + name);
    }

    void makeConnection(Ref<ITransport> transport) override {
        note("*");
        ProtocolWrapper::makeConnection(std::move(transport));
    }
    void dataReceived(BytesView data) override {
        note("C " + number_ + ": " + shown(data));
        ProtocolWrapper::dataReceived(data);
    }
    void connectionLost(const Failure& reason) override {
        note("C " + number_ + ": " + reason.className() + ": " + reason.getErrorMessage());
        ProtocolWrapper::connectionLost(reason);
    }
    using ProtocolWrapper::write;
    void write(BytesView bytes) override {
        note("S " + number_ + ": " + shown(bytes));
        ProtocolWrapper::write(bytes);
    }
    void writeSequence(std::span<const BytesView> parts) override {
        std::string list;
        for (BytesView part : parts) list += (list.empty() ? "" : ", ") + shown(part);
        note("SV " + number_ + ": [" + list + "]");
        ProtocolWrapper::writeSequence(parts);
    }
    void loseConnection() override {
        note("S " + number_ + ": *");
        ProtocolWrapper::loseConnection();
    }

 private:
    std::string shown(BytesView data) const {
        static constexpr std::string_view mark = "<... elided>";
        if (!lengthLimit_ || data.size() <= *lengthLimit_) return detail::quotedBytes(data);
        std::size_t kept = *lengthLimit_ - std::min(*lengthLimit_, mark.size());
        std::string cut(asText(data.first(kept)));
        return detail::quotedBytes(asBytes(cut.append(mark)));
    }
    void note(const std::string& line) {
        if (!file_) return;
        file_ << line << '\n' << std::flush;
        if (!file_) log(LogLevel::error, "traffic log " + number_ + ": it cannot be written");
    }

    std::string number_;
    std::optional<std::size_t> lengthLimit_;
    std::ofstream file_;
};

TrafficLoggingFactory::TrafficLoggingFactory(Ref<IFactory> wrapped, std::string logfilePrefix,
                                             std::optional<std::size_t> lengthLimit)
    : WrappingFactory(std::move(wrapped)),
      logfilePrefix_(std::move(logfilePrefix)),
      lengthLimit_(lengthLimit) {}

Ref<IProtocol> TrafficLoggingFactory::buildProtocol(const Address& address) {
    ++counter_;
    return WrappingFactory::buildProtocol(address);
}

Ref<ProtocolWrapper> TrafficLoggingFactory::wrap(Ref<IProtocol> protocol) {
    return makeRef<Logged>(*this, std::move(protocol),
                           logfilePrefix_ + "-" + std::to_string(counter_));
}

}  // namespace wring
