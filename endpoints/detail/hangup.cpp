#include <wring/endpoints/detail/hangup.hpp>

#include <wring/deferred/start.hpp>
#include <wring/runtime/detail/operation_awaiter.hpp>
#include <wring/runtime/reactor.hpp>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

namespace wring::detail {

namespace {

std::atomic<int> listener{-1};

void onHangup(int) noexcept {
    int before = errno;
    std::uint64_t one = 1;
    [[maybe_unused]] ssize_t written = ::write(listener.load(), &one, sizeof one);
    errno = before;
}

Task<> listen(Reactor* reactor, int fd, UniqueFunction<void()> told) {
    for (;;) {
        OperationAwaiter readable(reactor->driver());
        readable.operation().preparePoll(fd, POLLIN);
        int result = co_await readable;
        if (result == -ECANCELED) throw CancelledError();
        if (result < 0) throw Error(-result, "poll");
        std::uint64_t count = 0;
        if (::read(fd, &count, sizeof count) == sizeof count) told();
    }
}

}  // namespace

Hangup::Hangup() : signalled_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (signalled_.get() < 0) throw Error(errno, "eventfd");
    int nobody = -1;
    if (!listener.compare_exchange_strong(nobody, signalled_.get())) return;
    isInstalled_ = true;
    struct sigaction action {};
    action.sa_handler = [](int number) { onHangup(number); };
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGHUP, &action, &before_);
}

Hangup::~Hangup() {
    if (!isInstalled_) return;
    ::sigaction(SIGHUP, &before_, nullptr);
    listener.store(-1);
}

Deferred<> Hangup::watch(Reactor& reactor, UniqueFunction<void()> told) {
    return start(listen(&reactor, signalled_.get(), std::move(told)));
}

}  // namespace wring::detail
