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
#include <thread>

namespace wring::detail {

namespace {

std::atomic<int> listener{-1};
std::atomic<int> handlers{0};  // that run, in any thread

void onHangup() noexcept {
    int before = errno;
    ++handlers;
    std::uint64_t one = 1;
    [[maybe_unused]] ssize_t written = ::write(listener.load(), &one, sizeof one);
    --handlers;
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
    action.sa_handler = [](int) { onHangup(); };
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGHUP, &action, &before_);
}

Hangup::~Hangup() {
    if (!isInstalled_) return;
    ::sigaction(SIGHUP, &before_, nullptr);
    listener.store(-1);
    // The number of the descriptor may be somebody else's next.
    while (handlers.load() > 0) std::this_thread::yield();
}

Deferred<> Hangup::watch(Reactor& reactor, UniqueFunction<void()> told) {
    return start(listen(&reactor, signalled_.get(), std::move(told)));
}

}  // namespace wring::detail
