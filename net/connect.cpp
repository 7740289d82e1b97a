#include <wring/net/connect.hpp>

#include <wring/deferred/timeout.hpp>
#include <wring/net/errors.hpp>
#include <wring/runtime/detail/operation_awaiter.hpp>
#include <wring/runtime/reactor.hpp>

#include <sys/socket.h>
#include <cerrno>

namespace wring {

namespace {

Task<int> connectOnce(Reactor& reactor, int fd, Address remote) {
    detail::OperationAwaiter connecting(reactor.driver());
    connecting.operation().prepareConnect(fd, remote.sockaddrData(), remote.sockaddrSize());
    int result = co_await connecting;
    if (result == -ECANCELED) co_return Failure::of<CancelledError>(ECANCELED, "connect");
    co_return result;
}

// A UNIX socket whose backlog is full does not tell a poll when it has room again: asked anew.
Task<int> connectUntilDone(Reactor& reactor, int fd, Address remote) {
    constexpr Duration patience = std::chrono::milliseconds(50);
    for (;;) {
        auto result =
            co_await outcome(withTimeout(patience, connectOnce(reactor, fd, remote), reactor));
        bool isFull = result ? *result == -EAGAIN : result.error().check<TimeoutError>();
        if (!isFull) co_return result;
        if (result) co_await sleepFor(patience, reactor);
    }
}

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
    bool isUnix = remote.family() == AddressFamily::unixSocket;
    // Or the ring would have a thread of the kernel block at a full backlog, which no cancel
    // reaches for sure.
    int type = SOCK_STREAM | (isUnix ? SOCK_NONBLOCK : 0);
    int fd = driver.openSocket(remote.sockaddrData()->sa_family, type, 0);
    if (fd < 0) co_return Failure::of<ConnectBindError>(-fd, "socket");
    Socket socket(reactor, fd);
    if (local) {
        int bound = driver.bind(fd, local->sockaddrData(), local->sockaddrSize());
        if (bound < 0) co_return Failure::of<ConnectBindError>(-bound, "bind");
    }
    Task<int> connecting =
        isUnix ? connectUntilDone(reactor, fd, remote) : connectOnce(reactor, fd, remote);
    auto result = co_await outcome(std::move(connecting));
    if (!result) co_return result.error();
    if (*result < 0) co_return detail::connectFailure(-*result);
    if (!isUnix && socket.getHost() == remote) co_return refuseSelf(driver, fd);
    co_return socket;
}

}  // namespace wring
