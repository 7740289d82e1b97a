#include <wring/endpoints/stream_server_endpoint_service.hpp>

#include <wring/endpoints/description.hpp>
#include <wring/endpoints/memory_server_endpoint.hpp>
#include <wring/endpoints/strports.hpp>
#include <wring/tests/endpoints/service_record.hpp>
#include <wring/tests/support/reactor_fixture.hpp>
#include <wring/tests/support/streams.hpp>

#include <functional>

namespace wring {
namespace {

using namespace testing;

/// An endpoint that listens when the test says so.
class LateEndpoint final : public IStreamServerEndpoint {
 public:
    explicit LateEndpoint(Ref<MemoryServerEndpoint> real) : real_(std::move(real)) {}
    Deferred<Ref<IListeningPort>> listen(Ref<IFactory> factory) override {
        factory_ = std::move(factory);
        if (onListen) onListen();
        waiting_.emplace([](Deferred<Ref<IListeningPort>>&) {});
        if (isStubborn) waiting_->state()->setCanceller([](auto&) {}, true);
        return *waiting_;
    }
    void succeed() {
        real_->listen(factory_).addCallback(
            [this](Ref<IListeningPort> port) { waiting_->callback(std::move(port)); });
    }
    void fail() { waiting_->errback(Failure::of<CannotListenError>(EADDRINUSE)); }
    bool isStubborn = false;
    std::function<void()> onListen;

 private:
    Ref<MemoryServerEndpoint> real_;
    Ref<IFactory> factory_;
    std::optional<Deferred<Ref<IListeningPort>>> waiting_;
};

class StreamServerEndpointServiceTest : public ::testing::Test {
 protected:
    void useLate(bool isStubborn = false) {
        late_ = makeRef<LateEndpoint>(endpoint_);
        late_->isStubborn = isStubborn;
        service_ = makeRef<StreamServerEndpointService>(late_, factory_);
    }
    void stop() { watch(service_->stopService(), end_); }
    std::size_t listens() const { return endpoint_->factories().size(); }
    MemoryPort& port() { return *endpoint_->ports().back(); }
    void expectStopped() {
        EXPECT_EQ(end_, "fired");
        EXPECT_FALSE(service_->running());
        EXPECT_EQ(service_->port(), nullptr);
    }

    CapturedLog log_;
    Record record_;
    std::string end_;
    Ref<IFactory> factory_ = factory<Recorder>(&record_);
    Ref<MemoryServerEndpoint> endpoint_ = makeRef<MemoryServerEndpoint>();
    Ref<LateEndpoint> late_;
    Ref<StreamServerEndpointService> service_ =
        makeRef<StreamServerEndpointService>(endpoint_, factory_);
};

TEST_F(StreamServerEndpointServiceTest, listensOnceInWhicheverStartComesFirst) {
    service_->privilegedStartService();
    EXPECT_FALSE(service_->running());
    EXPECT_EQ(endpoint_->factories(), std::vector<Ref<IFactory>>{factory_});
    service_->startService();
    service_->startService();
    service_->privilegedStartService();
    EXPECT_TRUE(service_->running());
    EXPECT_EQ(listens(), 1u);
    EXPECT_EQ(service_->port().get(), &port());
    service_ = makeRef<StreamServerEndpointService>(endpoint_, factory_);
    service_->startService();
    EXPECT_EQ(listens(), 2u);
}

TEST_F(StreamServerEndpointServiceTest, aStopEndsWhenThePortHasStopped) {
    service_->startService();
    port().holdStopping();
    stop();
    EXPECT_EQ(end_, "waits");
    EXPECT_TRUE(service_->running());
    std::string second;
    watch(service_->stopService(), second);
    EXPECT_EQ(port().stops(), 1);
    port().finishStopping();
    expectStopped();
    EXPECT_EQ(second, "fired");
    stop();
    expectStopped();
}

TEST_F(StreamServerEndpointServiceTest, aStopWithoutAStartIsNothing) {
    stop();
    expectStopped();
    EXPECT_EQ(listens(), 0u);
}

TEST_F(StreamServerEndpointServiceTest, listensAgainAfterAStop) {
    service_->startService();
    stop();
    service_->startService();
    EXPECT_EQ(listens(), 2u);
    EXPECT_TRUE(port().isListening());
}

TEST_F(StreamServerEndpointServiceTest, aStartDuringAStopListensWhenThatIsDone) {
    service_->startService();
    port().holdStopping();
    stop();
    service_->startService();
    EXPECT_EQ(listens(), 1u);
    port().finishStopping();
    EXPECT_EQ(end_, "fired");
    EXPECT_TRUE(service_->running());
    EXPECT_EQ(listens(), 2u);
}

TEST_F(StreamServerEndpointServiceTest, aStopAfterThatStartIsTheLastWord) {
    service_->startService();
    port().holdStopping();
    stop();
    service_->startService();
    stop();
    port().finishStopping();
    expectStopped();
    EXPECT_EQ(listens(), 1u);
}

TEST_F(StreamServerEndpointServiceTest, aListenThatFailsIsLoggedAndTheServiceGoesOn) {
    endpoint_->failWith(Failure::of<CannotListenError>(EADDRINUSE));
    service_->privilegedStartService();
    service_->startService();
    EXPECT_TRUE(service_->running());
    EXPECT_EQ(listens(), 1u);
    EXPECT_TRUE(log_.has("Address already in use"));
    stop();
    expectStopped();
    endpoint_->succeed();
    service_->startService();
    EXPECT_TRUE(port().isListening());
}

TEST_F(StreamServerEndpointServiceTest, aFailureThatIsKnownAtOnceIsThrownIfThatIsWanted) {
    service_->raiseSynchronously();
    endpoint_->failWith(Failure::of<CannotListenError>(EADDRINUSE));
    EXPECT_THROW(service_->privilegedStartService(), CannotListenError);
    EXPECT_THROW(service_->startService(), CannotListenError);
    EXPECT_TRUE(log_.lines().empty());
    stop();
    expectStopped();
}

TEST_F(StreamServerEndpointServiceTest, aLaterFailureIsLoggedInAnyCase) {
    useLate();
    service_->raiseSynchronously();
    service_->startService();
    late_->fail();
    EXPECT_TRUE(log_.has("Address already in use"));
    EXPECT_TRUE(service_->running());
}

TEST_F(StreamServerEndpointServiceTest, aStopGivesUpAListenThatIsUnderWaySilently) {
    useLate();
    service_->startService();
    EXPECT_EQ(service_->port(), nullptr);
    stop();
    expectStopped();
    EXPECT_TRUE(log_.lines().empty());
}

TEST_F(StreamServerEndpointServiceTest, aPortThatComesAfterTheStopIsStopped) {
    useLate(true);
    service_->startService();
    stop();
    EXPECT_EQ(end_, "waits");
    late_->succeed();
    EXPECT_FALSE(port().isListening());
    expectStopped();
}

TEST_F(StreamServerEndpointServiceTest, mayBeStoppedFromWithinTheListen) {
    useLate();
    late_->onListen = [this] { stop(); };
    service_->startService();
    expectStopped();
}

TEST_F(StreamServerEndpointServiceTest, aStopThatIsCancelledGoesOn) {
    service_->startService();
    port().holdStopping();
    Deferred<> stopping = service_->stopService();
    watch(stopping, end_);
    stopping.cancel();
    EXPECT_EQ(end_, "CancelledError");
    EXPECT_TRUE(service_->running());
    port().finishStopping();
    EXPECT_FALSE(service_->running());
    stopping.cancel();
    EXPECT_EQ(end_, "CancelledError");
}

TEST_F(StreamServerEndpointServiceTest, destroyedItStopsListening) {
    service_->startService();
    service_ = nullptr;
    EXPECT_FALSE(port().isListening());
}

using StrportsTest = ReactorTest;

TEST_P(StrportsTest, aServiceListensWhereItsDescriptionSays) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        auto service =
            strportsService(reactor, "tcp:0:interface=127.0.0.1", factory<Recorder>(&record));
        service->startService();
        Peer peer = connectPeer(service->port()->getHost());
        peer.send("hello");
        co_await until(reactor, [&] { return record.received == "hello"; });
        Address where = service->port()->getHost();
        co_await service->stopService();
        EXPECT_LT(connectPeer(where).fd(), 0);
        peer.close();
        co_await until(reactor, [&] { return record.lost == 1; });
    });
}

TEST_P(StrportsTest, aServiceSaysAtOnceWhatIsWrong) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        auto never = factory<Recorder>(&record);
        EXPECT_THROW(strportsService(reactor, "no-such-type:1", never), EndpointSyntaxError);
        PlainListener taken;
        std::string port = std::to_string(taken.address().port());
        auto service = strportsService(reactor, "tcp:" + port + ":interface=127.0.0.1", never);
        EXPECT_THROW(service->startService(), CannotListenError);
        co_return;
    });
}

TEST_P(StrportsTest, listensRightAway) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        auto never = factory<Recorder>(&record);
        auto port = co_await strportsListen(reactor, "tcp:0:interface=127.0.0.1", never);
        EXPECT_NE(port->getHost().port(), 0);
        co_await port->stopListening();
        EXPECT_THROW(strportsListen(reactor, "tcp", never), EndpointSyntaxError);
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, StrportsTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
