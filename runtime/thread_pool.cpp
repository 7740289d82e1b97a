#include <wring/runtime/thread_pool.hpp>

#include <wring/runtime/detail/worker_threads.hpp>

namespace wring {

WRING_DEFINE_ERROR(ThreadPoolStopped, UsageError, "The thread pool was stopped", false);

ThreadPool::ThreadPool(unsigned minThreads, unsigned maxThreads, std::string name)
    : threads_(std::make_shared<detail::WorkerThreads>(minThreads, maxThreads, std::move(name))) {}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::start() { threads_->start(); }

void ThreadPool::stop() {
    threads_->beginStop();
    threads_->join();
}

void ThreadPool::adjustPoolsize(unsigned minThreads, unsigned maxThreads) {
    threads_->adjust(minThreads, maxThreads);
}

void ThreadPool::setIdleLimit(Duration limit) { threads_->setIdleLimit(limit); }
unsigned ThreadPool::minThreads() const { return threads_->minThreads(); }
unsigned ThreadPool::maxThreads() const { return threads_->maxThreads(); }
ThreadPoolStats ThreadPool::stats() const { return threads_->stats(); }

bool ThreadPool::add(UniqueFunction<void()> work) { return threads_->add(std::move(work)); }

}  // namespace wring
