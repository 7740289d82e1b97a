#pragma once

#include <wring/net/stream.hpp>
#include <wring/runtime/ref.hpp>
#include <wring/runtime/task.hpp>

/// Where the connection for one transfer comes from.
class FtpData : public wring::RefCounted {
 public:
    /// Gives the connection; once only.
    virtual wring::Task<wring::Stream> connect() = 0;
    /// The port that the client is to connect to, if it is to.
    virtual std::uint16_t port() const { return 0; }
};

/// A port at this address, for one connection from the host of `client`; it is stopped when that
/// has come, or when this is destroyed. Throws CannotListenError.
wring::Ref<FtpData> passiveData(wring::Reactor& reactor, const wring::Address& here,
                                const wring::Address& client);

/// A connection to that address of the client.
wring::Ref<FtpData> activeData(wring::Reactor& reactor, const wring::Address& there);
