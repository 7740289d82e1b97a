#pragma once

#include <wring/net/connector.hpp>
#include <wring/net/factory.hpp>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace wring::testing {

/// What a client factory and its protocols were told, and what they shall do about it.
struct ClientRecord {
    std::vector<std::string> events;
    std::string reason;  ///< the latest, class and text
    IConnector* connector = nullptr;
    Ref<Protocol> protocol;  ///< the latest
    std::function<void(const std::string& event)> on;
    Ref<IProtocol> (*build)(ClientRecord&) = nullptr;  ///< in place of a recording protocol

    void add(const std::string& event) {
        events.push_back(event);
        if (on) on(event);
    }
    void add(const std::string& event, const Failure& failure) {
        reason = failure.className() + ": " + failure.getErrorMessage();
        add(event);
    }
};

/// A protocol that writes down what happens to it.
class ClientProtocol : public Protocol {
 public:
    explicit ClientProtocol(ClientRecord& record) : record_(record) {}
    void connectionMade() override { record_.add("made"); }
    void dataReceived(BytesView data) override { record_.add(std::string(asText(data))); }
    void connectionLost(const Failure&) override { record_.add("lost"); }
    ClientRecord& record() const noexcept { return record_; }

 private:
    ClientRecord& record_;
};

/// Likewise, and it lives with one direction shut.
class HalfCloseClientProtocol final : public ClientProtocol, public IHalfCloseableProtocol {
 public:
    using ClientProtocol::ClientProtocol;
    void readConnectionLost() override { record().add("readLost"); }
    void writeConnectionLost() override { record().add("writeLost"); }
};

/// A client factory that writes down what it is told.
class RecordingClientFactory final : public ClientFactory {
 public:
    explicit RecordingClientFactory(ClientRecord& record) : record_(record) {}
    void startFactory() override { record_.add("start"); }
    void stopFactory() override { record_.add("stop"); }
    Ref<IProtocol> buildProtocol(const Address&) override {
        record_.add("build");
        if (record_.build) return record_.build(record_);
        record_.protocol = makeRef<ClientProtocol>(record_);
        return record_.protocol;
    }
    void startedConnecting(IConnector& connector) override {
        record_.connector = &connector;
        record_.add("connecting");
    }
    void clientConnectionFailed(IConnector&, const Failure& reason) override {
        record_.add("connectionFailed", reason);
    }
    void clientConnectionLost(IConnector&, const Failure& reason) override {
        record_.add("connectionLost", reason);
    }

 private:
    ClientRecord& record_;
};

}  // namespace wring::testing
