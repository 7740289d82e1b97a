#include <wring/net/connect.hpp>

#include <wring/net/errors.hpp>
#include <wring/runtime/detail/operation_awaiter.hpp>
#include <wring/runtime/reactor.hpp>

#include <sys/socket.h>
#include <cerrno>

namespace wring {

namespace {

// A port that nobody listens on may be the very one that the kernel chose for this end: then TCP
// connects the socket to itself. It is closed without a trace, for the port to be free for a
// server.
Failure refuseSelf(Driver& driver, int fd) {
    const linger atOnce{1, 0};
    driver.setOption(fd, SOL_SOCKET, SO_LINGER, &atOnce, sizeof atOnce);
    return Failure(ConnectionRefusedError(ECONNREFUSED, "connect", "the socket met itself"));
}

}  // namespace

Task<Socket> connectSocket(Reactor& reactor, Address remote, std::optional<Address> local) {
    Driver& driver = reactor.driver();
    int fd = driver.openSocket(remote.sockaddrData()->sa_family, SOCK_STREAM, 0);
    if (fd < 0) co_return Failure::of<ConnectBindError>(-fd, "socket");
    Socket socket(reactor, fd);
    if (local) {
        int bound = driver.bind(fd, local->sockaddrData(), local->sockaddrSize());
        if (bound < 0) co_return Failure::of<ConnectBindError>(-bound, "bind");
    }
    detail::OperationAwaiter connecting(driver);
    connecting.operation().prepareConnect(fd, remote.sockaddrData(), remote.sockaddrSize());
    int result = co_await connecting;
    if (result < 0) co_return detail::connectFailure(-result);
    if (socket.getHost() == remote) co_return refuseSelf(driver, socket.fd());
    co_return socket;
}

}  // namespace wring
