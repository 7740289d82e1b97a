#pragma once

#include <wring/net/unix_datagram.hpp>
#include <wring/tests/support/streams.hpp>

#include <functional>
#include <string>

namespace wring::testing {

/// What happened to a datagram protocol, and what it shall do about a datagram.
struct Happened {
    Strings events;
    Address from;
    std::function<void(DatagramProtocol&, std::string_view)> onData;
};

class Recording final : public DatagramProtocol {
 public:
    explicit Recording(Happened* happened) : happened_(happened) {}
    void startProtocol() override { note(hasTransport() ? "start" : "start without transport"); }
    void stopProtocol() override { note(hasTransport() ? "stop with transport" : "stop"); }
    void datagramReceived(BytesView data, const Address& from) override {
        happened_->from = from;
        note("'" + std::string(asText(data)) + "'");
        if (happened_->onData) happened_->onData(*this, asText(data));
    }
    void datagramTruncated(BytesView data, const Address&) override {
        note("cut '" + std::string(asText(data)) + "'");
    }
    void connectionRefused() override { note("refused"); }

 private:
    void note(std::string event) { happened_->events.push_back(std::move(event)); }
    Happened* happened_;
};

/// The same of a protocol with one peer.
class RecordingClient final : public ConnectedDatagramProtocol {
 public:
    explicit RecordingClient(Happened* happened) : happened_(happened) {}
    using ConnectedDatagramProtocol::datagramReceived;
    void startProtocol() override { note("start"); }
    void stopProtocol() override { note("stop"); }
    void datagramReceived(BytesView data) override { note("'" + std::string(asText(data)) + "'"); }
    void connectionRefused() override { note("refused"); }
    void connectionFailed(const Failure& reason) override {
        note("failed " + reason.className() + " " + std::to_string(reason.number()));
    }

 private:
    void note(std::string event) { happened_->events.push_back(std::move(event)); }
    Happened* happened_;
};

inline Task<> untilHappened(Reactor* reactor, const Happened* happened, std::size_t events) {
    co_await until(*reactor, [=] { return happened->events.size() >= events; });
}

/// What a call throws: the class, or "nothing".
template <class F>
std::string thrownBy(F function) {
    try {
        function();
        return "nothing";
    } catch (...) {
        return Failure::current().className();
    }
}

}  // namespace wring::testing
