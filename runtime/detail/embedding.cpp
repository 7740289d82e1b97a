#include <wring/runtime/detail/embedding.hpp>

#include <wring/runtime/error.hpp>

#include <algorithm>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace wring::detail {

Embedding::Embedding(int driverFd)
    : epollFd_(::epoll_create1(EPOLL_CLOEXEC)),
      timerFd_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
    epoll_event event{};
    event.events = EPOLLIN;
    bool isMade = epollFd_ >= 0 && timerFd_ >= 0 &&
                  ::epoll_ctl(epollFd_, EPOLL_CTL_ADD, driverFd, &event) == 0 &&
                  ::epoll_ctl(epollFd_, EPOLL_CTL_ADD, timerFd_, &event) == 0;
    if (isMade) return;
    int code = errno;
    if (epollFd_ >= 0) ::close(epollFd_);
    if (timerFd_ >= 0) ::close(timerFd_);
    throw DriverError(code, "make the descriptor for embedding");
}

Embedding::~Embedding() {
    ::close(epollFd_);
    ::close(timerFd_);
}

void Embedding::wakeAfter(Duration delay) noexcept {
    itimerspec when{};
    if (delay != Duration::max()) {
        delay = std::max(delay, Duration(1));  // zero would disarm it
        auto seconds = std::chrono::duration_cast<std::chrono::seconds>(delay);
        when.it_value.tv_sec = seconds.count();
        when.it_value.tv_nsec = (delay - seconds).count();
    }
    ::timerfd_settime(timerFd_, 0, &when, nullptr);
}

}  // namespace wring::detail
