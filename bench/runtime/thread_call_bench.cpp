// Question: what does a call into another thread's reactor and back cost, and one of many calls?
//
// The neighbour of the round trip is the least that two threads can do: a plain eventfd each,
// waited for with epoll; another one is Asio's post(), where it is installed. Both threads sleep
// between the messages, so that most of all is the kernel's waking of threads. The neighbour of
// many calls is a deque under a mutex, whose eventfd is rung when it was empty.

#include <wring/runtime/reactor.hpp>

#include <benchmark/benchmark.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#if __has_include(<asio.hpp>)
#include <asio.hpp>
#endif

namespace {

using namespace wring;

ReactorOptions options(DriverKind kind) {
    ReactorOptions chosen;
    chosen.driver.kind = kind;
    return chosen;
}

/// A reactor in a thread of its own.
class Far {
 public:
    explicit Far(DriverKind kind)
        : reactor_(options(kind)), thread_([this] { reactor_.run(false); }) {}
    Far(const Far&) = delete;
    Far& operator=(const Far&) = delete;
    ~Far() {
        reactor_.callFromThread([this] { reactor_.requestStop(); });
        thread_.join();
    }
    Reactor& reactor() { return reactor_; }

 private:
    Reactor reactor_;
    std::thread thread_;
};

/// Sends a call to the far reactor, which sends one back, which sends the next.
class RoundTrips {
 public:
    RoundTrips(benchmark::State& state, DriverKind kind)
        : state_(state), near_(options(kind)), far_(kind) {}
    void run() {
        near_.callWhenRunning([this] { send(); });
        near_.run(false);
        if (returned_ != state_.iterations()) state_.SkipWithError("a call was lost");
    }

 private:
    void send() {
        if (!state_.KeepRunning()) return near_.stop();
        far_.reactor().callFromThread([this] { near_.callFromThread([this] { returned(); }); });
    }
    void returned() {
        ++returned_;
        send();
    }

    benchmark::State& state_;
    Reactor near_;
    Far far_;
    benchmark::IterationCount returned_ = 0;
};

template <DriverKind kind>
void callFromThreadAndBack(benchmark::State& state) {
    RoundTrips(state, kind).run();
}
BENCHMARK(callFromThreadAndBack<DriverKind::uring>)->UseRealTime();
BENCHMARK(callFromThreadAndBack<DriverKind::epoll>)->UseRealTime();

/// An eventfd, and an epoll that waits for it.
class Bell {
 public:
    Bell() : bell_(::eventfd(0, EFD_NONBLOCK)), epoll_(::epoll_create1(0)) {
        epoll_event event{};
        event.events = EPOLLIN;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, bell_, &event);
    }
    Bell(const Bell&) = delete;
    Bell& operator=(const Bell&) = delete;
    ~Bell() {
        ::close(epoll_);
        ::close(bell_);
    }
    void ring(std::uint64_t value) const {
        [[maybe_unused]] ssize_t done = ::write(bell_, &value, sizeof value);
    }
    std::uint64_t wait() const {
        epoll_event event{};
        while (::epoll_wait(epoll_, &event, 1, -1) != 1) {
        }
        std::uint64_t value = 0;
        [[maybe_unused]] ssize_t done = ::read(bell_, &value, sizeof value);
        return value;
    }

 private:
    int bell_;
    int epoll_;
};

void plainEventfdAndBack(benchmark::State& state) {
    constexpr std::uint64_t last = 2;
    Bell near, far;
    std::thread answers([&] {
        while (far.wait() != last) near.ring(1);
    });
    std::uint64_t sent = 0, returned = 0;
    for (auto _ : state) {
        ++sent;
        far.ring(1);
        returned += near.wait();
    }
    far.ring(last);
    answers.join();
    if (returned != sent) state.SkipWithError("a message was lost");
}
BENCHMARK(plainEventfdAndBack)->UseRealTime();

/// Many calls that find the other thread awake: what one of them costs without the wake-up.
/// Post takes a call, run() runs all there are.
template <class Post, class Run>
void manyCalls(benchmark::State& state, Post post, Run run) {
    std::uint64_t sent = 0, ran = 0;
    for (auto _ : state) {
        post([&ran] { ++ran; });
        if (++sent % 1024 == 0) run();
    }
    run();
    if (ran != sent) state.SkipWithError("a call was lost");
}

void manyCallsFromThread(benchmark::State& state) {
    Reactor near(options(DriverKind::epoll));
    manyCalls(
        state, [&near](auto call) { near.callFromThread(call); }, [&near] { near.iterate(); });
}
BENCHMARK(manyCallsFromThread);

/// What people write by hand.
class Mailbox {
 public:
    void post(std::function<void()> call) {
        std::unique_lock lock(mutex_);
        calls_.push_back(std::move(call));
        bool isFirst = calls_.size() == 1;
        lock.unlock();
        if (isFirst) bell_.ring(1);
    }
    void run() {
        std::unique_lock lock(mutex_);
        std::deque<std::function<void()>> calls = std::exchange(calls_, {});
        lock.unlock();
        if (!calls.empty()) bell_.wait();
        for (auto& call : calls) call();
    }

 private:
    Bell bell_;
    std::mutex mutex_;
    std::deque<std::function<void()>> calls_;
};

void manyCallsThroughDeque(benchmark::State& state) {
    Mailbox near;
    manyCalls(
        state, [&near](auto call) { near.post(call); }, [&near] { near.run(); });
}
BENCHMARK(manyCallsThroughDeque);

#if __has_include(<asio.hpp>)
void manyCallsThroughAsio(benchmark::State& state) {
    asio::io_context near;
    manyCalls(
        state, [&near](auto call) { asio::post(near, call); },
        [&near] {
            near.restart();
            near.poll();
        });
}
BENCHMARK(manyCallsThroughAsio);

void asioPostAndBack(benchmark::State& state) {
    asio::io_context near, far;
    auto work = asio::make_work_guard(far);
    auto waits = asio::make_work_guard(near);
    std::thread answers([&far] { far.run(); });
    std::uint64_t sent = 0, returned = 0;
    for (auto _ : state) {
        ++sent;
        asio::post(far, [&] { asio::post(near, [&returned] { ++returned; }); });
        near.run_one();
    }
    far.stop();
    answers.join();
    if (returned != sent) state.SkipWithError("a call was lost");
}
BENCHMARK(asioPostAndBack)->UseRealTime();
#endif

}  // namespace

BENCHMARK_MAIN();
