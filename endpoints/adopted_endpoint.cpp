#include <wring/endpoints/adopted_endpoint.hpp>

#include <wring/endpoints/detail/stream_port.hpp>
#include <wring/runtime/reactor.hpp>

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace wring {

WRING_DEFINE_ERROR(AlreadyListened, Error, "The descriptor has been listened on already", false);
WRING_DEFINE_ERROR(UnsupportedAddressFamily, Error, "Address family is not supported", false);

namespace {

int socketFamily(AddressFamily family) noexcept {
    switch (family) {
        case AddressFamily::ipv4:
            return AF_INET;
        case AddressFamily::ipv6:
            return AF_INET6;
        case AddressFamily::unixSocket:
            return AF_UNIX;
        default:
            return AF_UNSPEC;
    }
}

std::string familyName(int family) {
    switch (family) {
        case AF_INET:
            return "AF_INET";
        case AF_INET6:
            return "AF_INET6";
        case AF_UNIX:
            return "AF_UNIX";
        default:
            return "family " + std::to_string(family);
    }
}

[[noreturn]] void refuse(int fd, int code, const std::string& why) {
    throw CannotListenError("fd", std::to_string(fd), code, why);
}

int socketOption(Reactor& reactor, int fd, int option) {
    int value = 0;
    std::size_t bytes = sizeof value;
    int result = reactor.driver().getOption(fd, SOL_SOCKET, option, &value, bytes);
    if (result >= 0) return value;
    refuse(fd, -result,
           "[Errno " + std::to_string(-result) + "] " + std::generic_category().message(-result));
}

void checkListening(Reactor& reactor, int fd, AddressFamily wanted) {
    std::string name = "fd " + std::to_string(fd);
    int family = socketOption(reactor, fd, SO_DOMAIN);
    if (family != AF_INET && family != AF_INET6 && family != AF_UNIX) {
        throw UnsupportedAddressFamily(0, "listen", name + " is of " + familyName(family));
    }
    if (wanted != AddressFamily::none && family != socketFamily(wanted)) {
        refuse(fd, EAFNOSUPPORT,
               name + " is " + familyName(family) + ", endpoint wants " +
                   familyName(socketFamily(wanted)));
    }
    if (socketOption(reactor, fd, SO_TYPE) != SOCK_STREAM) {
        refuse(fd, ESOCKTNOSUPPORT, name + " is not a stream socket");
    }
    if (!socketOption(reactor, fd, SO_ACCEPTCONN)) refuse(fd, EINVAL, "not a listening socket");
}

/// A duplicate of somebody else's listening socket, to be had once.
class AdoptedSource final : public detail::PortSource {
 public:
    AdoptedSource(int fd, AddressFamily family) noexcept : fd_(fd), family_(family) {}
    int open(Reactor& reactor) override {
        if (fd_ < 0) throw AlreadyListened();
        int fd = std::exchange(fd_, -1);
        checkListening(reactor, fd, family_);
        int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (copy >= 0) return copy;
        refuse(fd, errno, "it cannot be duplicated: " + std::generic_category().message(errno));
    }
    bool isShared() const noexcept override { return true; }

 private:
    int fd_;
    AddressFamily family_;
};

}  // namespace

AdoptedStreamServerEndpoint::AdoptedStreamServerEndpoint(Reactor& reactor, int fd,
                                                         AddressFamily family)
    : reactor_(reactor), fd_(fd), family_(family) {}

Deferred<Ref<IListeningPort>> AdoptedStreamServerEndpoint::listen(Ref<IFactory> factory) {
    if (std::exchange(isUsed_, true)) {
        return fail<Ref<IListeningPort>>(Failure::of<AlreadyListened>());
    }
    try {
        auto port = detail::listenOn(reactor_, std::make_unique<AdoptedSource>(fd_, family_),
                                     std::move(factory));
        reactor_.closeDescriptor(fd_);
        return succeed(std::move(port));
    } catch (...) {
        // What is refused may be something else, which this process needs: it stays open.
        return fail<Ref<IListeningPort>>(Failure::current());
    }
}

}  // namespace wring
