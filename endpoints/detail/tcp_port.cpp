#include <wring/endpoints/detail/tcp_port.hpp>

#include <wring/deferred/timeout.hpp>
#include <wring/net/errors.hpp>
#include <wring/runtime/log.hpp>
#include <wring/runtime/reactor.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

namespace wring {

/// The acceptor of a port, which it keeps alive: an open port needs no handle.
class detail::TcpPort::Listening final : public Acceptor {
 public:
    Listening(Ref<TcpPort> port, int fd) : Acceptor(port->reactor_, fd), port_(std::move(port)) {
        startAccepting();
    }
    void stop() noexcept { beginClose(); }
    /// From now on the kernel refuses who connects.
    void refuse() noexcept {
        stopAccepting();
        reactor().driver().shutdownNow(fd(), SHUT_RDWR);
    }
    void reactorStopping() noexcept override { beginClose(); }

 private:
    void accepted(Socket socket) noexcept override {
        socket.setGroup(port_->group_);
        port_->factory_->connectionAccepted(std::move(socket));
    }
    void acceptorClosed(int error) noexcept override {
        Ref<TcpPort> port = std::move(port_);
        delete this;
        port->closed(error);
    }

    Ref<TcpPort> port_;
};

namespace detail {

TcpPort::TcpPort(Reactor& reactor, ListenOptions options, Ref<IFactory> factory)
    : reactor_(reactor),
      options_(std::move(options)),
      factory_(std::move(factory)),
      group_(makeRef<ConnectionGroup>()) {
    stopped_.set();
}

TcpPort::~TcpPort() = default;

// A listening descriptor, or a negative errno with nothing left open.
int TcpPort::open() {
    Driver& driver = reactor_.driver();
    const Address& address = options_.address;
    bool isIPv6 = address.sockaddrData()->sa_family == AF_INET6;
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
    reactor_.closeDescriptor(fd);
    return result;
}

void TcpPort::startListening() {
    if (!stopping_.empty()) {
        throw UsageError(0, "startListening", "the port is being stopped: wait for that first");
    }
    if (listening_) return;
    int fd = open();
    if (fd < 0) {
        throw CannotListenError(options_.interface, std::to_string(options_.address.port()), -fd);
    }
    host_ = hostOf(reactor_, fd);
    try {
        factory_->doStart();
    } catch (...) {
        reactor_.closeDescriptor(fd);
        throw;
    }
    stopped_.clear();
    listening_ = new Listening(Ref<TcpPort>(this), fd);
}

Deferred<> TcpPort::stopListening() {
    if (!listening_) return succeed();
    Deferred<> ended;
    stopping_.push_back(ended);
    // Closed in a later turn even where it could be done at once.
    if (stopping_.size() == 1) {
        listening_->refuse();
        reactor_.callLater(Duration::zero(), [port = Ref<TcpPort>(this)] {
            if (port->listening_) port->listening_->stop();
        });
    }
    return ended;
}

void TcpPort::closed(int error) noexcept {
    listening_ = nullptr;
    if (error) log(LogLevel::error, "listener: " + host_.format() + " stopped listening");
    std::vector<Deferred<>> waiting = std::exchange(stopping_, {});
    Result<void> result;
    try {
        factory_->doStop();
    } catch (...) {
        result = Failure::current();
    }
    stopped_.set();
    for (Deferred<>& each : waiting) {
        if (!each.called()) each.callback(result);
    }
}

Deferred<> TcpPort::drain(Duration limit) { return drainPort(Ref<TcpPort>(this), limit); }

Deferred<> TcpPort::drainPort(Ref<TcpPort> port, Duration limit) {
    co_await port->stopListening();
    Ref<ConnectionGroup> group = port->group_;
    auto ended = co_await outcome(withTimeout(limit, waitFor(group)));
    if (ended) co_return;
    group->abortAll();
    if (!ended.error().check<TimeoutError>()) ended.value();
    co_await group->idle().wait();
}

Task<> TcpPort::waitFor(Ref<ConnectionGroup> group) { co_await group->idle().wait(); }

}  // namespace detail

Ref<IListeningPort> listenTCP(Reactor& reactor, const ListenOptions& options,
                              Ref<IFactory> factory) {
    auto port = makeRef<detail::TcpPort>(reactor, options, std::move(factory));
    port->startListening();
    return port;
}

}  // namespace wring
