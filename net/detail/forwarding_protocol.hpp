#pragma once

#include <wring/net/protocol.hpp>

namespace wring::detail {

/// A protocol that stands before another one and hands everything on, so that a derived class can
/// have a look. Who waits for the inner one goes on when this one is lost. Having an interface
/// changes what a connection does only for IHalfCloseableProtocol: see putBefore() for that.
class ForwardingProtocol : public IProtocol, public IHandshakeListener {
 public:
    explicit ForwardingProtocol(Ref<IProtocol> inner) noexcept : inner_(std::move(inner)) {}

    void makeConnection(Ref<ITransport> transport) override;
    void dataReceived(BytesView data) override { inner_->dataReceived(data); }
    void handshakeCompleted() final;
    void connectionLost(const Failure& reason) final;
    const Ref<IProtocol>& inner() const noexcept { return inner_; }

 protected:
    /// The end as the inner one hears it, and what is to happen behind that.
    virtual void innerLost(const Failure& reason) { inner_->connectionLost(reason); }
    virtual void afterLost(const Failure&) {}

 private:
    Ref<IProtocol> inner_;
};

/// A P, which is a ForwardingProtocol, before a protocol that lives with one direction shut.
template <class P>
class HalfCloseForwarding final : public P, public IHalfCloseableProtocol {
 public:
    using P::P;
    void readConnectionLost() override { half().readConnectionLost(); }
    void writeConnectionLost() override { half().writeConnectionLost(); }

 private:
    IHalfCloseableProtocol& half() { return dynamic_cast<IHalfCloseableProtocol&>(*this->inner()); }
};

/// Puts a P(inner, args…) before `inner` that has the same optional interfaces.
template <class P, class... Args>
Ref<IProtocol> putBefore(Ref<IProtocol> inner, Args... args) {
    if (dynamic_cast<IHalfCloseableProtocol*>(inner.get())) {
        return makeRef<HalfCloseForwarding<P>>(std::move(inner), std::move(args)...);
    }
    return makeRef<P>(std::move(inner), std::move(args)...);
}

}  // namespace wring::detail
