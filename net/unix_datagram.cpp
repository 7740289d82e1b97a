#include <wring/net/unix_datagram.hpp>

#include <wring/net/detail/datagram_port.hpp>

#include <cerrno>

namespace wring {

UNIXDatagramOptions::UNIXDatagramOptions() = default;
UNIXDatagramOptions::UNIXDatagramOptions(const UNIXDatagramOptions&) = default;
UNIXDatagramOptions& UNIXDatagramOptions::operator=(const UNIXDatagramOptions&) = default;
UNIXDatagramOptions::~UNIXDatagramOptions() = default;

namespace {

std::unique_ptr<detail::DatagramEnd> connectedEnd(Reactor& reactor, const std::string& path,
                                                  const UNIXDatagramOptions& options) {
    auto peer = Address::fromPath(path);
    bool isLong = path.size() > Address::pathBytesMax;
    if (!peer) detail::connectFailure(isLong ? ENAMETOOLONG : EINVAL).raise();
    auto end = detail::DatagramEnd::openUnix(reactor, options.bindAddress, options);
    end->connect(*peer);
    return end;
}

}  // namespace

Ref<IUDPTransport> listenUNIXDatagram(Reactor& reactor, const std::string& path,
                                      Ref<DatagramProtocol> protocol, UNIXDatagramOptions options) {
    if (path.empty()) throw CannotListenError({}, path, EINVAL);
    return detail::DatagramPort::open(detail::DatagramEnd::openUnix(reactor, path, options),
                                      std::move(protocol));
}

Ref<IUDPTransport> connectUNIXDatagram(Reactor& reactor, const std::string& path,
                                       Ref<ConnectedDatagramProtocol> protocol,
                                       UNIXDatagramOptions options) {
    std::unique_ptr<detail::DatagramEnd> end;
    Result<void> result;
    try {
        end = connectedEnd(reactor, path, options);
    } catch (...) {
        result = Failure::current();
    }
    if (end) return detail::DatagramPort::open(std::move(end), std::move(protocol));
    auto closed = detail::DatagramPort::closed(reactor);
    protocol->connectionFailed(result.error());
    return closed;
}

}  // namespace wring
