#include <wring/net/detail/acceptor.hpp>

#include <wring/runtime/assert.hpp>
#include <wring/runtime/log.hpp>
#include <wring/runtime/reactor.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>

namespace wring::detail {

namespace {

using std::chrono::milliseconds;
constexpr Duration delayMin = milliseconds(50);
constexpr Duration delayMax = milliseconds(1000);
constexpr unsigned failuresMax = 16;  // of single connections, before accepting takes a rest

bool isShortage(int error) noexcept {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

// The listening socket itself is at fault: accepting again cannot help.
bool isFatal(int error) noexcept {
    return error == EBADF || error == EINVAL || error == ENOTSOCK || error == EOPNOTSUPP ||
           error == EFAULT;
}

}  // namespace

Acceptor::Acceptor(Reactor& reactor, int fd, bool isShared) noexcept
    : ReactorResource(reactor),
      Timer(&Acceptor::onRetry),
      request_(*this),
      fd_(fd),
      isShared_(isShared) {}

Acceptor::~Acceptor() {
    WRING_ASSERT(isClosed(), "a listening socket was destroyed before it was closed");
}

void Acceptor::startAccepting() noexcept {
    isWanted_ = true;
    if (request_.inFlight() || isClosing_ || isClosed() || isArmed()) return;
    request_.prepareAcceptMulti(fd_);
    reactor().driver().submit(request_);
}

void Acceptor::stopAccepting() noexcept {
    isWanted_ = false;
    reactor().driver().cancel(request_);
}

void Acceptor::refuse() noexcept {
    stopAccepting();
    if (!isShared_) reactor().driver().shutdownNow(fd_, SHUT_RDWR);
}

void Acceptor::onAccepted(Operation& operation, Completion& completion) noexcept {
    Acceptor& self = static_cast<Request&>(operation).owner;
    if (completion.result >= 0) {
        Socket socket(self.reactor(), completion.result);
        self.failuresInRow_ = 0;
        self.delay_ = {};
        if (!self.isClosing_) self.accepted(std::move(socket));
    }
    if (completion.more) return;
    if (self.isClosing_) return self.finishClose();
    self.ended(completion.result < 0 ? -completion.result : 0);
}

void Acceptor::ended(int error) noexcept {
    if (!isWanted_) return;
    if (isShortage(error)) return backOff(error);
    if (isFatal(error)) {
        log(LogLevel::error, std::string("listener: accept failed for good: ") +
                                 ::strerrorname_np(error));
        closeError_ = error;
        return beginClose();
    }
    // A connection that ended before it was taken, or a firewall's refusal: the next may do.
    if (error != 0 && ++failuresInRow_ > failuresMax) return backOff(error);
    startAccepting();
}

void Acceptor::backOff(int error) noexcept {
    if (reactor().now() >= nextLog_) {
        nextLog_ = after(reactor().now(), std::chrono::seconds(1));
        log(LogLevel::warning, std::string("listener: accepting pauses: ") +
                                   ::strerrorname_np(error) + ", " + ::strerrordesc_np(error));
    }
    delay_ = std::clamp(delay_ * 2, delayMin, delayMax);
    try {
        reactor().arm(*this, after(reactor().now(), delay_));
        if (isShortage(error)) reactor().awaitDescriptor(*this);
    } catch (...) {
        startAccepting();
    }
}

void Acceptor::onRetry(Timer& timer) noexcept {
    auto& self = static_cast<Acceptor&>(timer);
    if (self.isWanted_) self.startAccepting();
}

// A descriptor came free.
void Acceptor::turnEnded() noexcept {
    reactor().disarm(*this);
    if (isWanted_) startAccepting();
}

void Acceptor::beginClose() noexcept {
    if (isClosing_ || isClosed()) return;
    isClosing_ = true;
    reactor().disarm(*this);
    // Refuses new connections at once; an accept in flight would go on taking them otherwise.
    refuse();
    finishClose();
}

void Acceptor::finishClose() noexcept {
    if (!isClosing_ || request_.inFlight()) return;
    isClosing_ = false;
    reactor().closeDescriptor(std::exchange(fd_, -1));
    leaveReactor();
    acceptorClosed(closeError_);
}

}  // namespace wring::detail
