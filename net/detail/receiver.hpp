#pragma once

#include <wring/net/detail/pending_bytes.hpp>
#include <wring/net/protocol.hpp>

namespace wring::detail {

/// A protocol that takes the stream apart, piece by piece. Its callbacks never nest: bytes that are
/// given to dataReceived() by one of them are appended and dealt with after it. From
/// loseConnection() on nothing more is delivered, and what is left is dropped.
class WRING_API Receiver : public Protocol {
 public:
    void makeConnection(Ref<ITransport> transport) override;
    void dataReceived(BytesView data) override;

    /// Takes what came and was not delivered, to give it to another protocol. What is given to
    /// dataReceived() afterwards takes its place.
    std::string takeUnparsed() { return pending_.release(); }

 protected:
    /// Delivers what stands at the front, of which there is at least one byte. False: more has to
    /// come first.
    virtual bool step() = 0;
    /// Delivers as much as may be.
    void process();
    void setPaused(bool on) noexcept { isPaused_ = on; }
    bool isPaused() const noexcept { return isPaused_; }
    /// Whether there is a connection, and nobody has asked to close it.
    bool isOpen() const;
    PendingBytes& pending() noexcept { return pending_; }

 private:
    bool mayDeliver() const { return !hasTransport_ || isOpen(); }
    bool isSecure() const;
    void deliver();

    PendingBytes pending_;
    bool hasTransport_ = false;
    bool isBusy_ = false;
    bool isPaused_ = false;
};

}  // namespace wring::detail
