#include <wring/net/detail/dns_query.hpp>

#include <wring/net/errors.hpp>
#include <wring/runtime/assert.hpp>
#include <wring/runtime/reactor.hpp>

#include <ares.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <algorithm>
#include <cerrno>
#include <new>

namespace wring::detail {

namespace {

using std::chrono::milliseconds;

bool initialiseLibrary() noexcept {
    static const int status = ::ares_library_init(ARES_LIB_INIT_ALL);
    return status == ARES_SUCCESS;
}

const char* explain(int status) noexcept {
    return status == ARES_ENODATA ? "no addresses" : ::ares_strerror(status);
}

// c-ares calls it no contact when the last server it asked has answered that it cannot answer.
int statusOf(int status, int said) noexcept {
    if (status != ARES_ECONNREFUSED) return status;
    switch (said) {
        case 2:
            return ARES_ESERVFAIL;
        case 4:
            return ARES_ENOTIMP;
        case 5:
            return ARES_EREFUSED;
        default:
            return status;
    }
}

Failure notFound(const std::string& host, const char* why) {
    return Failure(
        DNSLookupError(0, "resolve", "address '" + host + "' not found: " + std::string(why)));
}

}  // namespace

/// A socket of the channel's, and what is waited for on it.
struct DnsQuery::Watch : Operation {
    Watch(DnsQuery& owner, int descriptor) noexcept
        : Operation(&DnsQuery::onPolled), query(owner), socket(descriptor), next(owner.first_) {}
    DnsQuery& query;
    int socket;
    unsigned wanted = 0;
    unsigned armed = 0;
    bool isClosing = false;
    Watch* next;
};

/// What c-ares does with sockets. They are closed here, when nothing is in flight on them any more.
struct DnsQuery::SocketCalls {
    static ares_socket_t open(int family, int type, int protocol, void* query) {
        auto& self = *static_cast<DnsQuery*>(query);
        int fd = self.reactor_.driver().openSocket(family, type | SOCK_NONBLOCK, protocol);
        if (fd < 0) {
            errno = -fd;
            return ARES_SOCKET_BAD;
        }
        auto* watch = new (std::nothrow) Watch(self, fd);
        if (!watch) {
            self.reactor_.closeDescriptor(fd);
            errno = ENOMEM;
            return ARES_SOCKET_BAD;
        }
        self.first_ = watch;
        return fd;
    }
    static int close(ares_socket_t fd, void* query) {
        auto& self = *static_cast<DnsQuery*>(query);
        Watch& watch = *self.find(fd);
        watch.isClosing = true;
        if (watch.inFlight()) {
            self.reactor_.driver().cancel(watch);
        } else {
            self.remove(watch);
        }
        return 0;
    }
    static int connect(ares_socket_t fd, const sockaddr* address, ares_socklen_t bytes, void*) {
        return ::connect(fd, address, bytes);
    }
    static ares_ssize_t receive(ares_socket_t fd, void* into, std::size_t bytes, int flags,
                                sockaddr* from, ares_socklen_t* fromBytes, void* query) {
        ssize_t count = ::recvfrom(fd, into, bytes, flags, from, fromBytes);
        if (from && count >= 4) {
            static_cast<DnsQuery*>(query)->said_ =
                static_cast<const unsigned char*>(into)[3] & 0x0F;
        }
        return count;
    }
    // A refusal that a send meets was of the question before, which would be left without an
    // answer: the next one to be refused is met by a receive, which ends all that wait for that
    // server.
    static ares_ssize_t send(ares_socket_t fd, const iovec* parts, int count, void*) {
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(parts);
        message.msg_iovlen = static_cast<std::size_t>(count);
        ssize_t sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == ECONNREFUSED) sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
        return sent;
    }
    static constexpr ares_socket_functions table{&open, &close, &connect, &receive, &send};
};

DnsQuery::DnsQuery(Reactor& reactor, const DnsOptions& options, std::string host,
                   std::uint16_t port, int family)
    : Timer(&DnsQuery::onDue),
      reactor_(reactor),
      options_(options),
      host_(std::move(host)),
      port_(port),
      family_(family) {}

DnsQuery::~DnsQuery() {
    WRING_ASSERT(!first_ && !channel_, "a DNS look-up was destroyed before it had ended");
}

Result<std::vector<Address>> DnsQuery::takeResult() {
    if (isCancelled_) return Failure::of<CancelledError>();
    if (failure_) return *failure_;
    return std::move(found_);
}

void DnsQuery::open() {
    ares_options options{};
    options.sock_state_cb = &DnsQuery::onWanted;
    options.sock_state_cb_data = this;
    options.timeout =
        static_cast<int>(std::clamp(std::chrono::duration_cast<milliseconds>(options_.timeout),
                                    milliseconds(1), milliseconds(3'600'000))
                             .count());
    options.tries = std::max(options_.tries, 1);
    int status = ARES_ENOTINITIALIZED;
    if (initialiseLibrary()) {
        status = ::ares_init_options(&channel_, &options,
                                     ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
    }
    if (status != ARES_SUCCESS) {
        channel_ = nullptr;
        failure_ = notFound(host_, explain(status));
        return;
    }
    ::ares_set_socket_functions(channel_, &SocketCalls::table, this);
    if (options_.servers.empty()) return;
    status = ::ares_set_servers_ports_csv(channel_, options_.servers.c_str());
    if (status != ARES_SUCCESS) {
        failure_ =
            notFound(host_, ("servers '" + options_.servers + "': " + explain(status)).c_str());
    }
}

void DnsQuery::ask() noexcept {
    try {
        open();
    } catch (...) {
        failure_ = Failure::current();
    }
    if (failure_) {
        hasAnswer_ = true;
        return closeChannel();
    }
    ares_addrinfo_hints hints{};
    hints.ai_flags = ARES_AI_ENVHOSTS;
    hints.ai_family = family_;
    hints.ai_socktype = SOCK_STREAM;
    ::ares_getaddrinfo(channel_, host_.c_str(), nullptr, &hints, &DnsQuery::onAnswer, this);
    settle();
}

void DnsQuery::onAnswer(void* query, int status, int, ares_addrinfo* answer) {
    auto& self = *static_cast<DnsQuery*>(query);
    self.take(status, answer);
    self.hasAnswer_ = true;
    ::ares_freeaddrinfo(answer);
}

void DnsQuery::take(int status, const ares_addrinfo* answer) noexcept {
    try {
        if (status != ARES_SUCCESS) {
            failure_ = notFound(host_, explain(statusOf(status, said_)));
            return;
        }
        for (const ares_addrinfo_node* each = answer->nodes; each; each = each->ai_next) {
            Address address = Address::fromSockaddr(each->ai_addr, each->ai_addrlen);
            if (address.sockaddrSize() != 0) found_.push_back(address.withPort(port_));
        }
        if (found_.empty()) failure_ = notFound(host_, explain(ARES_ENODATA));
    } catch (...) {
        failure_ = Failure::current();
    }
}

void DnsQuery::onWanted(void* query, int fd, int readable, int writable) {
    Watch* watch = static_cast<DnsQuery*>(query)->find(fd);
    if (watch)
        watch->wanted = (readable ? unsigned{POLLIN} : 0u) | (writable ? unsigned{POLLOUT} : 0u);
}

void DnsQuery::cancelWait() noexcept {
    isCancelled_ = true;
    if (channel_) ::ares_cancel(channel_);  // answers, which is ignored
    hasAnswer_ = true;
    settle();
}

void DnsQuery::process(int readable, int writable) noexcept {
    if (channel_) ::ares_process_fd(channel_, readable, writable);
}

// The last completion told to a watch that has been given up closes its socket.
void DnsQuery::onPolled(Operation& operation, Completion& completion) noexcept {
    auto& watch = static_cast<Watch&>(operation);
    DnsQuery& self = watch.query;
    watch.armed = 0;
    if (watch.isClosing) {
        self.remove(watch);
    } else if (completion.result != -ECANCELED) {
        auto events = static_cast<unsigned>(std::max(completion.result, 0));
        bool isBroken = completion.result < 0 || (events & (POLLERR | POLLHUP)) != 0;
        bool isReadable = isBroken || (events & POLLIN) != 0;
        bool isWritable = isBroken || (events & POLLOUT) != 0;
        int fd = watch.socket;
        self.process(isReadable && (watch.wanted & POLLIN) ? fd : ARES_SOCKET_BAD,
                     isWritable && (watch.wanted & POLLOUT) ? fd : ARES_SOCKET_BAD);
    }
    self.settle();
}

void DnsQuery::onDue(Timer& timer) noexcept {
    auto& self = static_cast<DnsQuery&>(timer);
    self.process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    self.settle();
}

void DnsQuery::settle() noexcept {
    if (!hasAnswer_) {
        watchSockets();
        return armTimer();
    }
    closeChannel();
    if (!isOver() || !isSuspended_) return;
    isSuspended_ = false;
    resume();
}

void DnsQuery::watchSockets() noexcept {
    for (Watch* each = first_; each; each = each->next) {
        if (each->isClosing || each->armed == each->wanted) continue;
        if (each->inFlight()) {
            reactor_.driver().cancel(*each);  // its completion comes back here
            continue;
        }
        each->armed = each->wanted;
        each->preparePoll(each->socket, each->wanted);
        reactor_.driver().submit(*each);
    }
}

// c-ares rounds: waking up a little late is better than twice.
void DnsQuery::armTimer() noexcept {
    timeval left{};
    Duration delay = std::chrono::seconds(1);
    if (::ares_timeout(channel_, nullptr, &left)) {
        delay = std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec);
    }
    try {
        reactor_.arm(*this, after(reactor_.now(), delay + milliseconds(1)));
    } catch (...) {
        failure_ = Failure::current();
        hasAnswer_ = true;
        settle();
    }
}

void DnsQuery::closeChannel() noexcept {
    reactor_.disarm(*this);
    if (channel_) ::ares_destroy(std::exchange(channel_, nullptr));
}

DnsQuery::Watch* DnsQuery::find(int fd) noexcept {
    Watch* each = first_;
    while (each && (each->socket != fd || each->isClosing)) each = each->next;
    return each;
}

void DnsQuery::remove(Watch& watch) noexcept {
    Watch** link = &first_;
    while (*link != &watch) link = &(*link)->next;
    *link = watch.next;
    reactor_.closeDescriptor(watch.socket);
    delete &watch;
}

}  // namespace wring::detail
