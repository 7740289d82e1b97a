#include <wring/samples/ftp_data.hpp>

#include <wring/deferred/event.hpp>
#include <wring/endpoints/listening_port.hpp>
#include <wring/net/connect.hpp>

#include <optional>

using namespace wring;

// What comes to the port, which may outlive the transfer by a moment.
struct FtpSlot final : RefCounted {
    explicit FtpSlot(std::string client) : host(std::move(client)) {}
    std::string host;
    std::optional<Stream> stream;
    bool isTaken = false;
    Event came;
};

namespace {

// Anybody can connect to a port; whoever is not the client, or comes second, is sent away.
Task<> accepted(Stream stream, Ref<FtpSlot> slot) {
    if (slot->isTaken || stream.getPeer().host() != slot->host) co_return;
    slot->isTaken = true;
    slot->stream.emplace(std::move(stream));
    slot->came.set();
}

class Passive final : public FtpData {
 public:
    Passive(Reactor& reactor, const Address& here, const Address& client)
        : slot_(makeRef<FtpSlot>(client.host())),
          port_(listenTCP(reactor, ListenOptions(here.withPort(0), here.host()),
                          serve(accepted, slot_))) {}
    ~Passive() override { port_->stopListening(); }

    std::uint16_t port() const override { return port_->getHost().port(); }
    Task<Stream> connect() override {
        Ref<Passive> self(this);
        co_await slot_->came.wait();
        co_await port_->stopListening();
        Stream stream = std::move(*slot_->stream);
        co_return stream;
    }

 private:
    Ref<FtpSlot> slot_;
    Ref<IListeningPort> port_;
};

class Active final : public FtpData {
 public:
    Active(Reactor& reactor, const Address& there) : reactor_(reactor), there_(there) {}
    Task<Stream> connect() override {
        Ref<Active> self(this);
        Socket socket = co_await connectSocket(reactor_, there_);
        co_return Stream(std::move(socket));
    }

 private:
    Reactor& reactor_;
    Address there_;
};

}  // namespace

Ref<FtpData> passiveData(Reactor& reactor, const Address& here, const Address& client) {
    return makeRef<Passive>(reactor, here, client);
}

Ref<FtpData> activeData(Reactor& reactor, const Address& there) {
    return makeRef<Active>(reactor, there);
}
