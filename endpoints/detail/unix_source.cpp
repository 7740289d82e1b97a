#include <wring/endpoints/detail/unix_source.hpp>

#include <wring/endpoints/detail/excerpt.hpp>
#include <wring/net/errors.hpp>
#include <wring/runtime/log.hpp>
#include <wring/runtime/reactor.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace wring::detail {

namespace {

std::string errnoText(int code) {
    return "[Errno " + std::to_string(code) + "] " + std::generic_category().message(code);
}

// Nobody listens on a socket that refuses. One that answers, or waits, is in use.
bool isDeserted(const std::string& path) noexcept {
    auto address = Address::fromPath(path);
    int fd = address ? ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) : -1;
    if (fd < 0) return false;
    bool isRefused = ::connect(fd, address->sockaddrData(), address->sockaddrSize()) != 0 &&
                     errno == ECONNREFUSED;
    ::close(fd);
    return isRefused;
}

}  // namespace

std::string shownPath(const std::string& path) {
    return isAbstract(path) ? "@" + excerpt(std::string_view(path).substr(1)) : path;
}

UnixSource::UnixSource(UNIXListenOptions options) : options_(std::move(options)) {}

UnixSource::~UnixSource() { closed(); }

void UnixSource::refuse(int code, const std::string& about) const {
    throw CannotListenError({}, shownPath(options_.path), code,
                            about.empty() ? errnoText(code) : about);
}

int UnixSource::open(Reactor& reactor) {
    std::optional<Address> address = Address::fromPath(options_.path);
    if (!address) refuse(options_.path.size() > Address::pathBytesMax ? ENAMETOOLONG : EINVAL);
    try {
        path_ = SocketFile::absolute(options_.path);
    } catch (const std::system_error& error) {
        refuse(error.code().value());
    }
    if (options_.wantPID) takeLock();
    int fd = bindAndListen(reactor, *address);
    if (fd >= 0) return fd;
    closed();
    refuse(-fd);
}

void UnixSource::takeLock() {
    if (path_.empty()) refuse(EINVAL, "an abstract name has no lock file");
    const std::string lockPath = path_ + ".lock";
    bool isTaken = false;
    std::optional<int> owner;
    lock_.emplace(lockPath);
    try {
        isTaken = lock_->lock();
        if (!isTaken) owner = FilesystemLock::owner(lockPath);
    } catch (const Error& error) {
        lock_.reset();
        refuse(error.number(), errnoText(error.number()) + ": " + lockPath);
    }
    if (!isTaken) {
        lock_.reset();
        refuse(EAGAIN, "Cannot acquire lock: " + lockPath + " is locked" +
                           (owner ? " by pid " + std::to_string(*owner) : ""));
    }
    if (!lock_->clean()) removeStale();
}

// Only after a dead owner of the lock, and only a socket: of anything else, and of a socket that is
// in use, bind() will say that the address is.
void UnixSource::removeStale() const {
    log(LogLevel::warning, "listener: unclean previous exit: " + path_ + ".lock was left behind");
    std::optional<SocketFile::Identity> found = SocketFile::at(path_);
    if (!found || !S_ISSOCK(found->mode) || !isDeserted(options_.path)) return;
    if (::unlink(path_.c_str()) == 0) return;
    log(LogLevel::warning,
        "listener: " + path_ + " is stale and cannot be removed: " + errnoText(errno));
}

// Until listen() everybody is refused.
int UnixSource::bindAndListen(Reactor& reactor, const Address& address) {
    Driver& driver = reactor.driver();
    int fd = driver.openSocket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) return fd;
    int result = file_.bind(driver, fd, address, path_, options_.mode);
    if (result >= 0) result = driver.listen(fd, options_.backlog);
    if (result >= 0) return fd;
    reactor.closeDescriptor(fd);
    return result;
}

void UnixSource::closed() noexcept {
    file_.remove();
    lock_.reset();
}

}  // namespace wring::detail
