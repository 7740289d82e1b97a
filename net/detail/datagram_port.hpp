#pragma once

#include <wring/net/detail/udp_end.hpp>
#include <wring/runtime/reactor_resource.hpp>
#include <wring/runtime/timer.hpp>

#include <vector>

namespace wring::detail {

/// The transport of a datagram protocol. Keeps itself and the protocol until it has closed.
class UdpPort final : public IUDPTransport, public ReactorResource, private Timer {
 public:
    UdpPort(Reactor& reactor, std::uint16_t port, const UdpOptions& options,
            Ref<DatagramProtocol> protocol);
    ~UdpPort() override;
    void begin();

    using IUDPTransport::write;
    void write(BytesView data, const Address& to) override { writeTo(data, &to); }
    void write(BytesView data) override { writeTo(data, nullptr); }
    void connect(const Address& peer) override;
    Address getHost() const override { return host_; }
    Address getPeer() const override { return peer_; }
    void setBroadcastAllowed(bool allowed) override;
    bool getBroadcastAllowed() const override;
    void joinGroup(const Address& group, const Address& interface) override;
    void leaveGroup(const Address& group, const Address& interface) override;
    void setTTL(unsigned ttl) override;
    unsigned getTTL() const override;
    void setLoopbackMode(bool on) override;
    bool getLoopbackMode() const override;
    void setOutgoingInterface(const Address& interface) override;
    Deferred<> stopListening() override;
    UdpStats stats() const noexcept override;
    Reactor& reactor() const override { return ReactorResource::reactor(); }
    void reactorStopping() noexcept override { beginClose(); }

 private:
    struct Receive : Operation {
        explicit Receive(UdpPort& port) noexcept : Operation(&UdpPort::onReceived), owner(port) {}
        UdpPort& owner;
    };
    static void onReceived(Operation& operation, Completion& completion) noexcept;
    static void onDue(Timer& timer) noexcept;
    UdpEnd& openEnd() const;
    void writeTo(BytesView data, const Address* to);
    void changeGroup(const Address& group, const Address& interface, bool joins);
    void arm() noexcept;
    void take(int result) noexcept;
    void takeAll(int result) noexcept;
    void failed(int error) noexcept;
    void beginClose() noexcept;
    void finishClose() noexcept;

    Receive receive_;
    std::unique_ptr<UdpEnd> end_;  // null once closed
    Ref<DatagramProtocol> protocol_;
    Ref<UdpPort> self_;
    Address host_;
    Address peer_;
    UdpStats stats_;  // once closed
    std::vector<Deferred<>> stopping_;
    unsigned failuresInRow_ = 0;
    bool isClosing_ = false;
    bool wasRefused_ = false;  // which the protocol has not been told
};

}  // namespace wring::detail
