#include <wring/endpoints/listening_port.hpp>

#include <wring/endpoints/detail/stream_port.hpp>
#include <wring/net/errors.hpp>
#include <wring/runtime/reactor.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <cerrno>

namespace wring {

namespace {

class TcpSource final : public detail::PortSource {
 public:
    explicit TcpSource(const ListenOptions& options) : options_(options) {}
    int open(Reactor& reactor) override {
        int fd = tryOpen(reactor);
        if (fd >= 0) return fd;
        refuse(-fd);
    }

 private:
    [[noreturn]] void refuse(int code) const;
    int tryOpen(Reactor& reactor) const noexcept;
    ListenOptions options_;
};

// What a system administrator has to know is not in the errno.
void TcpSource::refuse(int code) const {
    const std::string port = std::to_string(options_.address.port());
    if (code != EACCES) throw CannotListenError(options_.interface, port, code);
    throw CannotListenError(
        options_.interface, port, code,
        "[Errno 13] Permission denied: ports below 1024 need the capability CAP_NET_BIND_SERVICE, "
        "or a lower net.ipv4.ip_unprivileged_port_start");
}

// A listening descriptor, or a negative errno with nothing left open.
int TcpSource::tryOpen(Reactor& reactor) const noexcept {
    Driver& driver = reactor.driver();
    const Address& address = options_.address;
    bool isIPv6 = address.family() == AddressFamily::ipv6;
    int fd = driver.openSocket(address.sockaddrData()->sa_family, SOCK_STREAM, 0);
    if (fd < 0) return fd;
    int yes = 1;
    int result = driver.setOption(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (result >= 0 && isIPv6) {
        result = driver.setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
    }
    if (result >= 0) result = driver.bind(fd, address.sockaddrData(), address.sockaddrSize());
    if (result >= 0) result = driver.listen(fd, options_.backlog);
    if (result >= 0) return fd;
    reactor.closeDescriptor(fd);
    return result;
}

}  // namespace

Ref<IListeningPort> listenTCP(Reactor& reactor, const ListenOptions& options,
                              Ref<IFactory> factory) {
    return detail::listenOn(reactor, std::make_unique<TcpSource>(options), std::move(factory));
}

}  // namespace wring
