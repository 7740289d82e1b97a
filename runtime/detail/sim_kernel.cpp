#include <wring/runtime/detail/sim_kernel.hpp>

#include <wring/runtime/detail/sim_datagram.hpp>
#include <wring/runtime/detail/sim_file.hpp>
#include <wring/runtime/detail/sim_stream.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <algorithm>
#include <cerrno>

namespace wring::detail {

namespace {
std::uint64_t inodeAt(const std::string& path) noexcept {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}
}  // namespace

void SimObject::changed() noexcept { kernel_->objectChanged(fd_); }

SimKernel::SimKernel(SimWorld& world, std::uint32_t number, std::vector<std::string> addresses)
    : world_(world), number_(number), addresses_(std::move(addresses)) {
    world_.add(*this);
}

SimKernel::~SimKernel() {
    closeAll();
    world_.remove(*this);
}

void SimKernel::closeAll() noexcept {
    watcher_ = nullptr;
    for (std::size_t i = 0; i < objects_.size(); ++i) {
        if (objects_[i]) close(firstDescriptor + static_cast<int>(i));
    }
}

bool SimKernel::hasAddress(const std::string& address) const noexcept {
    return std::find(addresses_.begin(), addresses_.end(), address) != addresses_.end();
}

std::string SimKernel::addressFor(const SimAddress& to) const {
    for (const std::string& each : addresses_) {
        if (each.size() == to.host.size()) return each;
    }
    return std::string(to.host.size(), '\0');
}

void SimKernel::healed() noexcept {
    for (std::size_t i = 0; i < objects_.size(); ++i) {
        if (Ref<SimObject> each = objects_[i]) each->healed();
    }
}

SimObject* SimKernel::object(int fd) const noexcept {
    auto index = static_cast<std::size_t>(fd - firstDescriptor);
    return fd >= firstDescriptor && index < objects_.size() ? objects_[index].get() : nullptr;
}

int SimKernel::open(Ref<SimObject> object) {
    if (openCount_ >= limit_) return -EMFILE;
    while (lowestFree_ < objects_.size() && objects_[lowestFree_]) ++lowestFree_;
    if (lowestFree_ == objects_.size()) objects_.emplace_back();
    int fd = firstDescriptor + static_cast<int>(lowestFree_);
    object->setFd(fd);
    objects_[lowestFree_++] = std::move(object);
    ++openCount_;
    return fd;
}

int SimKernel::close(int fd) noexcept {
    if (!object(fd)) {
        if (world_.isStrict) world_.violate("a descriptor was closed that is not open");
        return -EBADF;
    }
    auto index = static_cast<std::size_t>(fd - firstDescriptor);
    Ref<SimObject> gone = std::move(objects_[index]);
    lowestFree_ = std::min(lowestFree_, index);
    --openCount_;
    ++closes_;
    gone->setFd(-1);
    gone->closed();
    world_.runDue();
    return 0;
}

int SimKernel::socket(int family, int type, int protocol) {
    int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (family != AF_INET && family != AF_INET6 && family != AF_UNIX) return -EAFNOSUPPORT;
    if (kind != SOCK_STREAM && kind != SOCK_DGRAM) return -EPROTONOSUPPORT;
    int ownProtocol = kind == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
    if (family == AF_UNIX) ownProtocol = AF_UNIX;
    if (protocol != 0 && protocol != ownProtocol) return -EPROTONOSUPPORT;
    if (world_.faults().strikes(Fault::socketNoDescriptor)) return -EMFILE;
    if (kind == SOCK_DGRAM) return open(makeRef<SimDatagram>(*this, family));
    return open(makeRef<SimStream>(*this, family));
}

int SimKernel::socketPair(int (&fds)[2]) {
    auto first = makeRef<SimStream>(*this, AF_UNIX);
    auto second = makeRef<SimStream>(*this, AF_UNIX);
    first->join(*second);
    fds[0] = open(first);
    fds[1] = open(second);
    return 0;
}

int SimKernel::connectedPair(SimKernel& other, int (&fds)[2]) {
    auto here = makeRef<SimStream>(*this, AF_INET);
    auto there = makeRef<SimStream>(other, AF_INET);
    if ((fds[0] = open(here)) < 0) return fds[0];
    if ((fds[1] = other.open(there)) < 0) {
        close(fds[0]);
        return fds[1];
    }
    here->meet(*there);
    return 0;
}

int SimKernel::pipe(int (&fds)[2]) {
    auto buffer = makeRef<SimPipeBuffer>();
    fds[0] = open(makeRef<SimPipe>(*this, buffer, false));
    fds[1] = open(makeRef<SimPipe>(*this, buffer, true));
    return 0;
}

int SimKernel::file(std::string content, bool isWritable) {
    return open(makeRef<SimFile>(*this, std::move(content), isWritable));
}

int SimKernel::accept(int fd) {
    SimObject* listener = object(fd);
    if (!listener) return -EBADF;
    if (openCount_ >= limit_) {
        return (listener->readiness() & 1) != 0 ? -EMFILE : -EAGAIN;
    }
    Ref<SimObject> accepted;
    int outcome = listener->accept(accepted);
    return outcome < 0 ? outcome : open(std::move(accepted));
}

int SimKernel::bind(int fd, const void* address, std::size_t bytes) {
    SimObject* socket = object(fd);
    return socket ? socket->bind(address, bytes) : -EBADF;
}

int SimKernel::listen(int fd, int backlog) {
    SimObject* socket = object(fd);
    return socket ? socket->listen(backlog) : -EBADF;
}

int SimKernel::connect(int fd, const void* address, std::size_t bytes) {
    SimObject* socket = object(fd);
    if (!socket) return -EBADF;
    int outcome = socket->connect(address, bytes);
    world_.runDue();
    return outcome == -EINPROGRESS ? socket->connectOutcome() : outcome;
}

int SimKernel::send(int fd, std::string_view text) {
    SimObject* socket = object(fd);
    if (!socket) return -EBADF;
    int outcome = socket->send(asBytes(text));
    if (outcome == -ENOTSOCK) outcome = socket->write(asBytes(text), -1);
    world_.runDue();
    return outcome;
}

int SimKernel::receive(int fd, std::span<std::byte> into) {
    SimObject* socket = object(fd);
    if (!socket) return -EBADF;
    int outcome = socket->receive(into);
    if (outcome == -ENOTSOCK) outcome = socket->read(into, -1);
    world_.runDue();
    return outcome;
}

std::string SimKernel::receive(int fd, std::size_t most) {
    std::string text(most, '\0');
    int outcome = receive(fd, {reinterpret_cast<std::byte*>(text.data()), text.size()});
    text.resize(outcome > 0 ? static_cast<std::size_t>(outcome) : 0);
    return text;
}

int SimKernel::shutdown(int fd, int how) {
    SimObject* socket = object(fd);
    if (!socket) return -EBADF;
    int outcome = socket->shutdown(how);
    world_.runDue();
    return outcome;
}

int SimKernel::bindPort(SimStream& socket, SimAddress& address) {
    return bindPort(Bound{&socket, address, &socket, nullptr, 0}, address);
}

int SimKernel::bindPort(SimDatagram& socket, SimAddress& address) {
    return bindPort(Bound{&socket, address, nullptr, &socket, 0}, address);
}

// Streams and datagrams have ports of their own, and paths together.
bool SimKernel::isPortTaken(const Bound& bound, std::uint16_t port) const noexcept {
    return std::any_of(bound_.begin(), bound_.end(), [&](const Bound& each) {
        const SimAddress& other = each.address;
        bool isOfKind = (each.stream != nullptr) == (bound.stream != nullptr);
        return isOfKind && !other.isUnix() && other.port == port &&
               (other.host == bound.address.host || other.isAny() || bound.address.isAny());
    });
}

int SimKernel::bindPort(Bound bound, SimAddress& address) {
    if (address.isUnix()) return bindPath(std::move(bound));
    bool isOurs = address.isAny() || address.isLoopback() || hasAddress(address.host);
    if (!isOurs) return -EADDRNOTAVAIL;
    if (address.port == 0) {
        do {
            address.port = nextPort_;
            nextPort_ = nextPort_ == 60999 ? 32768 : static_cast<std::uint16_t>(nextPort_ + 1);
        } while (isPortTaken(bound, address.port));
    } else if (isPortTaken(bound, address.port)) {
        return -EADDRINUSE;
    }
    bound.address = address;
    bound_.push_back(std::move(bound));
    return 0;
}

int SimKernel::bindPath(Bound bound) {
    const SimAddress& address = bound.address;
    if (!address.isFile()) {
        if (isPathTaken(address)) return -EADDRINUSE;
    } else if (::mknod(address.host.c_str(), S_IFSOCK | 0777, 0) == 0) {
        bound.inode = inodeAt(address.host);
    } else {
        return errno == EEXIST ? -EADDRINUSE : -errno;
    }
    bound_.push_back(std::move(bound));
    return 0;
}

void SimKernel::unbindPort(SimObject& socket) noexcept {
    std::erase_if(bound_, [&](const Bound& each) { return each.socket == &socket; });
}

SimStream* SimKernel::listenerAt(const SimAddress& address) const noexcept {
    std::uint64_t inode = address.isFile() ? inodeAt(address.host) : 0;
    if (address.isFile() && inode == 0) return nullptr;
    for (const Bound& each : bound_) {
        if (!each.stream || !each.stream->isListening() || each.address.port != address.port) {
            continue;
        }
        if (each.address.isUnix() != address.isUnix() || each.inode != inode) continue;
        bool isAnswering = inode != 0 || each.address.host == address.host;
        if (isAnswering || (!address.isUnix() && each.address.isAny())) return each.stream;
    }
    return nullptr;
}

SimDatagram* SimKernel::datagramAt(const SimAddress& address,
                                   const SimAddress& from) const noexcept {
    std::uint64_t inode = address.isFile() ? inodeAt(address.host) : 0;
    if (address.isFile() && inode == 0) return nullptr;
    SimDatagram* found = nullptr;
    for (const Bound& each : bound_) {
        bool isThere = each.datagram && each.address.family == address.family &&
                       each.address.port == address.port && each.inode == inode &&
                       (inode != 0 || each.address.host == address.host || each.address.isAny());
        if (!isThere || !each.datagram->takesFrom(from)) continue;
        if (!found || each.datagram->isConnected()) found = each.datagram;
    }
    return found;
}

SimKernel* SimKernel::hostOf(const SimAddress& address) noexcept {
    if (address.isLoopback() || hasAddress(address.host)) return this;
    return world_.hostAt(address.host);
}

void SimKernel::allChanged() noexcept {
    for (std::size_t i = 0; i < objects_.size(); ++i) {
        if (objects_[i]) objectChanged(objects_[i]->fd());
    }
}

bool SimKernel::isPathTaken(const SimAddress& address) const noexcept {
    if (address.isFile()) return inodeAt(address.host) != 0;
    return std::any_of(bound_.begin(), bound_.end(), [&](const Bound& each) {
        return each.address.isUnix() && each.address.host == address.host;
    });
}

}  // namespace wring::detail
