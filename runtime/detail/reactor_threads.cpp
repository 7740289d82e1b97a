#include <wring/runtime/detail/reactor_threads.hpp>

#include <wring/runtime/detail/worker_threads.hpp>
#include <wring/runtime/log.hpp>
#include <wring/runtime/reactor.hpp>

#include <algorithm>

namespace wring::detail {

ReactorThreads::ReactorThreads(Reactor& reactor) noexcept : reactor_(reactor) {}

ReactorThreads::~ReactorThreads() = default;

ThreadPool& ReactorThreads::pool(bool isLate) {
    if (pool_) return *pool_;
    pool_ = std::make_unique<ThreadPool>(0u, 10u, "wring worker");
    if (isLate) {
        beginStop();
    } else {
        reactor_.addSystemEventTrigger(EventPhase::during, "shutdown", [this] { beginStop(); });
        reactor_.callWhenRunning([this] { pool_->start(); });
    }
    return *pool_;
}

void ReactorThreads::beginStop() {
    if (pool_) pool_->threads().beginStop([&driver = reactor_.driver()] { driver.wake(); });
}

bool ReactorThreads::haveStopped() const noexcept { return !pool_ || pool_->threads().isStopped(); }

void ReactorThreads::end() noexcept {
    if (!pool_) return;
    if (haveStopped()) {
        pool_->stop();
    } else {
        pool_->threads().abandon();
    }
}

std::string ReactorThreads::describe() const {
    std::size_t threads = pool_ ? pool_->stats().threads : 0;
    return threads > 0 ? ", nor did " + std::to_string(threads) + " threads" : "";
}

}  // namespace wring::detail

namespace wring {

void Reactor::suggestThreadPoolSize(unsigned maxThreads) {
    ThreadPool& pool = getThreadPool();
    pool.adjustPoolsize(std::min(pool.minThreads(), maxThreads), maxThreads);
}

bool Reactor::addToThreads(UniqueFunction<void()> work) {
    return getThreadPool().callInThread(std::move(work));
}

bool Reactor::callMultipleInThread(std::vector<UniqueFunction<void()>> calls) {
    return callInThread([calls = std::move(calls)]() mutable {
        for (UniqueFunction<void()>& each : calls) {
            Result<void> result = detail::resultOf(each);
            if (result) continue;
            log(LogLevel::error,
                "while handling a call in a thread: " + result.error().getErrorMessage());
        }
    });
}

}  // namespace wring
