// Counts what an established connection costs per message: this program's operator new and
// __cxa_throw are its own.
#include <wring/endpoints/registry.hpp>
#include <wring/net/detail/connection.hpp>
#include <wring/net/factory.hpp>

#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>
#include <wring/tests/support/tls.hpp>

#include <array>
#include <atomic>
#include <cstdlib>
#include <dlfcn.h>
#include <new>

namespace {
std::atomic<std::uint64_t> allocations{0};
std::atomic<std::uint64_t> exceptions{0};

void* counted(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) {
    ++allocations;
    std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
    if (void* block = std::aligned_alloc(alignment, rounded ? rounded : alignment)) return block;
    throw std::bad_alloc();
}
}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes); }
void* operator new[](std::size_t bytes) { return counted(bytes); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
    return counted(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
    return counted(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }

// Under another name, as the compiler has a declaration of its own.
extern "C" [[noreturn]] void countThrow(void* object, void* type, void (*end)(void*)) __asm__(
    "__cxa_throw");
void countThrow(void* object, void* type, void (*end)(void*)) {
    ++exceptions;
    using Throw = void (*)(void*, void*, void (*)(void*));
    static auto next = reinterpret_cast<Throw>(::dlsym(RTLD_NEXT, "__cxa_throw"));
    next(object, type, end);
    std::abort();
}

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using SteadyStateTest = ReactorTest;

constexpr std::size_t messageBytes = 64;
constexpr int warmUp = 200;
constexpr int measured = 1000;

/// What a stretch of the program cost.
class Costs {
 public:
    explicit Costs(Reactor& reactor) : reactor_(reactor) {}
    std::uint64_t allocated() const { return allocations - allocations_; }
    std::uint64_t thrown() const { return exceptions - exceptions_; }
    std::uint64_t entered() const { return reactor_.driver().stats().enters - enters_; }
    std::uint64_t turns() const { return reactor_.turns() - turns_; }

 private:
    Reactor& reactor_;
    std::uint64_t allocations_ = allocations;
    std::uint64_t exceptions_ = exceptions;
    std::uint64_t enters_ = reactor_.driver().stats().enters;
    std::uint64_t turns_ = reactor_.turns();
};

void expectNoCost(const Costs& costs, Reactor& reactor) {
    EXPECT_EQ(costs.allocated(), 0u);
    EXPECT_EQ(costs.thrown(), 0u);
    EXPECT_GE(costs.turns(), std::uint64_t{measured});
    if (std::string_view(reactor.driver().name()) == "uring") {
        EXPECT_LE(costs.entered(), costs.turns());
    }
}

Task<> echo(Stream peer) {
    while (Bytes chunk = co_await peer.read()) co_await peer.write(std::move(chunk));
}

struct Echo final : Protocol {
    void dataReceived(BytesView data) override { transport().write(data); }
};

Task<> play(Stream* stream, int rounds) {
    std::array<std::byte, messageBytes> message{};
    for (int i = 0; i < rounds; ++i) {
        co_await stream->write(BytesView(message));
        std::size_t got = 0;
        while (got < messageBytes) {
            Bytes chunk = co_await stream->read();
            if (!chunk) co_return;
            got += chunk.size();
        }
    }
}

/// How the two ends are described; the client's port is to be put in.
struct Described {
    Described() {}
    std::string server = "tcp:0:interface=127.0.0.1";
    std::string client = "tcp:127.0.0.1:";
    std::string clientArguments;
};

Described securedEnds() {
    testAuthority().server();
    std::string key = testAuthority().folder().file("server.pem");
    Described ends;
    ends.server = "ssl:0:interface=127.0.0.1:privateKey=" + quoteStringArgument(key);
    ends.client = "tls:127.0.0.1:";
    ends.clientArguments = ":trustRoots=" + quoteStringArgument(testAuthority().trustFile());
    return ends;
}

Task<> measureStreams(Reactor& reactor, bool isCoroutineStyle, Described ends) {
    Ref<IFactory> served;
    if (isCoroutineStyle) {
        served = serve(echo);
    } else {
        served = factory<Echo>();
    }
    auto port = co_await serverFromString(reactor, ends.server)->listen(served);
    std::string where = ends.client + std::to_string(port->getHost().port()) + ends.clientArguments;
    Stream stream = co_await clientFromString(reactor, where)->connectStream();
    co_await play(&stream, warmUp);
    {
        Costs costs(reactor);
        co_await play(&stream, measured);
        expectNoCost(costs, reactor);
    }
    co_await stream.close();
    co_await port->drain(10s);
}

TEST_P(SteadyStateTest, aCoroutinesEchoCostsNeitherHeapNorExceptionNorASecondEnter) {
    run([](Reactor& reactor) -> Task<> {
        Described ends;
        co_await measureStreams(reactor, true, ends);
    });
}

TEST_P(SteadyStateTest, aProtocolsEchoCostsNeitherHeapNorExceptionNorASecondEnter) {
    run([](Reactor& reactor) -> Task<> {
        Described ends;
        co_await measureStreams(reactor, false, ends);
    });
}

TEST_P(SteadyStateTest, aSecuredEchoCostsNeitherHeapNorExceptionInEitherStyle) {
    for (bool isCoroutineStyle : {true, false}) {
        run([](Reactor& reactor, bool style,
               Described ends) -> Task<> { co_await measureStreams(reactor, style, ends); },
            isCoroutineStyle, securedEnds());
    }
}

TEST_P(SteadyStateTest, aFloodOfResetsCostsNoException) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        auto port = co_await serverFromString(reactor, "tcp:0:interface=127.0.0.1")
                        ->listen(factory<Recorder>(&record));
        Costs costs(reactor);
        for (int i = 0; i < 100; ++i) {
            Peer peer = connectPeer(port->getHost());
            co_await until(reactor, [&] { return record.made == i + 1; });
            peer.reset();
        }
        co_await until(reactor, [&] { return record.lost == 100; });
        EXPECT_EQ(costs.thrown(), 0u);
        co_await port->drain(10s);
    });
}

// A reader that never quite empties what has come, for ever.
TEST(SteadyStateCountTest, anInboxThatIsNeverEmptyDoesNotGrow) {
    detail::Inbox inbox;
    for (const char* each : {"a", "b", "c"}) inbox.push(Bytes::copyOf(each));
    auto turnOver = [&](int times) {
        for (int i = 0; i < times; ++i) {
            Bytes chunk = inbox.pop();
            inbox.push(std::move(chunk));
        }
    };
    turnOver(1000);
    auto before = allocations.load();
    turnOver(100000);
    EXPECT_EQ(allocations.load(), before);
    EXPECT_EQ(inbox.bytes(), 3u);
    Bytes next = inbox.pop();
    EXPECT_EQ(next.text(), "c");  // 101,000 is 2 more than a multiple of 3
}

TEST(SteadyStateCountTest, theCountersCount) {
    auto before = allocations.load();
    ::operator delete(::operator new(8));
    EXPECT_EQ(allocations.load(), before + 1);
    auto thrown = exceptions.load();
    EXPECT_THROW(throw UsageError(), UsageError);
    EXPECT_EQ(exceptions.load(), thrown + 1);
}

INSTANTIATE_TEST_SUITE_P(Drivers, SteadyStateTest, ::testing::ValuesIn(allDrivers()), nameOf);

}  // namespace
}  // namespace wring
