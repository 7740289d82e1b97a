#pragma once

#include <wring/net/detail/datagram_end.hpp>
#include <wring/runtime/reactor_resource.hpp>
#include <wring/runtime/timer.hpp>

#include <vector>

namespace wring::detail {

/// The transport of a datagram protocol. Keeps itself and the protocol until it has closed.
class DatagramPort final : public IUDPTransport, public ReactorResource, private Timer {
 public:
    /// Serves `end` by `protocol`; what startProtocol() throws is thrown on.
    static Ref<DatagramPort> open(std::unique_ptr<DatagramEnd> end, Ref<DatagramProtocol> protocol);
    /// One that is closed already.
    static Ref<DatagramPort> closed(Reactor& reactor);
    explicit DatagramPort(Reactor& reactor) noexcept;
    ~DatagramPort() override;

    using IUDPTransport::write;
    void write(BytesView data, const Address& to) override { writeTo(std::span(&data, 1), &to); }
    void write(BytesView data) override { writeTo(std::span(&data, 1), nullptr); }
    void writeMany(std::span<const BytesView> datagrams, const Address& to) override {
        writeTo(datagrams, &to);
    }
    void writeMany(std::span<const BytesView> datagrams) override { writeTo(datagrams, nullptr); }
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
        explicit Receive(DatagramPort& port) noexcept
            : Operation(&DatagramPort::onReceived), owner(port) {}
        DatagramPort& owner;
    };
    static void onReceived(Operation& operation, Completion& completion) noexcept;
    static void onDue(Timer& timer) noexcept;
    void begin(std::unique_ptr<DatagramEnd> end, Ref<DatagramProtocol> protocol);
    DatagramEnd& openEnd() const;
    DatagramEnd& ipEnd() const;
    void writeTo(std::span<const BytesView> datagrams, const Address* to);
    int writeSome(std::span<const BytesView>& datagrams, const Address* to);
    void changeGroup(const Address& group, const Address& interface, bool joins);
    void arm() noexcept;
    void take(int result) noexcept;
    void deliver() noexcept;
    void takeAll(int result) noexcept;
    void takeMessage(Completion& completion) noexcept;
    void failed(int error) noexcept;
    void beginClose() noexcept;
    void finishClose() noexcept;

    Receive receive_;
    std::unique_ptr<DatagramEnd> end_;  // null once closed
    Ref<DatagramProtocol> protocol_;
    Ref<DatagramPort> self_;
    Address host_;
    Address peer_;
    UdpStats stats_;  // once closed
    std::vector<Deferred<>> stopping_;
    unsigned failuresInRow_ = 0;
    bool isClosing_ = false;
    bool wasRefused_ = false;  // which the protocol has not been told
};

}  // namespace wring::detail
