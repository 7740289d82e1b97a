#include <wring/net/wrapping_factory.hpp>

#include <wring/net/certificate.hpp>
#include <wring/net/connector.hpp>
#include <wring/net/tls_context.hpp>
#include <wring/tests/net/wrapped.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <stdexcept>

namespace wring {
namespace {

using namespace testing;

class WrappingFactoryTest : public ::testing::Test {
 protected:
    Record record_;
    Ref<IFactory> inner_ = factory<Recorder>(&record_);
    Ref<WrappingFactory> wrapping_ = makeRef<WrappingFactory>(inner_);
};

TEST_F(WrappingFactoryTest, eventsReachTheWrappedProtocol) {
    WrappedConnection it(*wrapping_, record_);
    it.receive("some");
    it.receive(" bytes");
    it.lose(Failure::of<ConnectionLost>());
    EXPECT_EQ(record_.events, (Strings{"made", "data", "lost"}));
    EXPECT_EQ(record_.received, "some bytes");
    EXPECT_EQ(record_.reason.substr(0, 15), "ConnectionLost:");
}

TEST_F(WrappingFactoryTest, whatIsWrittenReachesTheTransport) {
    WrappedConnection it(*wrapping_, record_);
    it.inside().write("one ");
    BytesView parts[] = {asBytes("two "), asBytes("three")};
    it.inside().writeSequence(parts);
    EXPECT_EQ(it.outside().value(), "one two three");
    EXPECT_EQ(it.outside().writes(), 2);
    EXPECT_EQ(it.inside().queuedBytes(), 0u);
}

TEST_F(WrappingFactoryTest, everyOtherRequestReachesTheTransportToo) {
    WrappedConnection it(*wrapping_, record_);
    ITransport& inside = it.inside();
    inside.pauseProducing();
    EXPECT_EQ(it.outside().producerState(), StringTransport::ProducerState::paused);
    inside.resumeProducing();
    EXPECT_EQ(it.outside().producerState(), StringTransport::ProducerState::producing);
    inside.setTcpNoDelay(true);
    inside.setTcpKeepAlive(true);
    EXPECT_TRUE(it.outside().getTcpNoDelay() && inside.getTcpNoDelay());
    EXPECT_TRUE(it.outside().getTcpKeepAlive() && inside.getTcpKeepAlive());
    EXPECT_EQ(inside.getPeer(), it.outside().getPeer());
    EXPECT_EQ(inside.getHost(), it.outside().getHost());
    CountingProducer producer;
    inside.registerProducer(producer, true);
    EXPECT_EQ(it.outside().producer(), &producer);
    inside.unregisterProducer();
    EXPECT_EQ(it.outside().producer(), nullptr);
    inside.loseWriteConnection();
    EXPECT_FALSE(inside.disconnecting());
    inside.abortConnection();
    EXPECT_TRUE(it.outside().isAborted());
    EXPECT_TRUE(inside.disconnecting());
}

TEST_F(WrappingFactoryTest, loseConnectionReachesTheTransport) {
    WrappedConnection it(*wrapping_, record_);
    EXPECT_TRUE(it.inside().connected());
    it.inside().loseConnection();
    EXPECT_TRUE(it.outside().disconnecting());
    EXPECT_FALSE(it.outside().isAborted());
}

TEST_F(WrappingFactoryTest, theWrappedProtocolSeesItsOwnFactoryAndTheWrapper) {
    WrappedConnection it(*wrapping_, record_);
    ASSERT_EQ(wrapping_->protocols().size(), 1u);
    ProtocolWrapper* wrapper = wrapping_->protocols()[0];
    EXPECT_EQ(it.inner().factory(), inner_.get());
    EXPECT_EQ(&it.inside(), wrapper);
    EXPECT_EQ(wrapper->wrappedProtocol(), &it.inner());
    EXPECT_EQ(&wrapper->transport(), &it.outside());
    EXPECT_EQ(&wrapper->factory(), wrapping_.get());
    EXPECT_EQ(wrapper->builtFor().host(), "192.168.1.1");
}

TEST_F(WrappingFactoryTest, aConnectionIsForgottenBeforeItsProtocolIsTold) {
    std::size_t seen = 9;
    WrappedConnection first(*wrapping_, record_), second(*wrapping_, record_),
        third(*wrapping_, record_);
    record_.onLost = [&](Recorder&) { seen = wrapping_->protocols().size(); };
    first.lose();
    EXPECT_EQ(seen, 2u);
    third.lose();
    EXPECT_EQ(seen, 1u);
    EXPECT_EQ(wrapping_->protocols()[0], &second.inside());
    second.lose();
    EXPECT_EQ(seen, 0u);
}

TEST_F(WrappingFactoryTest, afterTheLossTheWrapperDropsItsProtocolAndStillAnswers) {
    WrappedConnection it(*wrapping_, record_);
    auto& wrapper = dynamic_cast<ProtocolWrapper&>(it.inside());
    it.lose();
    EXPECT_EQ(wrapper.wrappedProtocol(), nullptr);
    EXPECT_FALSE(it.inside().connected());
    EXPECT_EQ(it.inside().getPeer().host(), "192.168.1.1");
    EXPECT_FALSE(it.inner().connected());
}

TEST_F(WrappingFactoryTest, aProtocolThatIsNeverConnectedIsForgotten) {
    Ref<IProtocol> protocol = wrapping_->buildProtocol(Address::loopback4(1));
    EXPECT_EQ(wrapping_->protocols().size(), 1u);
    protocol = nullptr;
    EXPECT_TRUE(wrapping_->protocols().empty());
}

TEST_F(WrappingFactoryTest, whoWaitsForTheWrappedProtocolGoesOnAfterTheLoss) {
    WrappedConnection it(*wrapping_, record_);
    EXPECT_FALSE(it.inner().lost().isSet());
    it.lose();
    EXPECT_TRUE(it.inner().lost().isSet());
}

TEST_F(WrappingFactoryTest, onlyAProtocolThatLivesHalfClosedSeemsToAlsoWhenWrapped) {
    auto half = makeRef<WrappingFactory>(factory<HalfCloseRecorder>(&record_));
    WrappedConnection plain(*wrapping_, record_);
    EXPECT_EQ(dynamic_cast<IHalfCloseableProtocol*>(plain.protocol().get()), nullptr);
    WrappedConnection other(*half, record_);
    auto* told = dynamic_cast<IHalfCloseableProtocol*>(other.protocol().get());
    ASSERT_TRUE(told);
    told->readConnectionLost();
    told->writeConnectionLost();
    EXPECT_EQ(record_.events, (Strings{"made", "made", "readLost", "writeLost"}));
}

/// A transport that is secured as soon as it is asked to be.
class SecuredTransport final : public StringTransport {
 public:
    void startTLS(const Ref<TLSContext>&, bool normal) override { asked = normal ? 'n' : 'r'; }
    bool isSecure() const override { return asked != '-'; }
    std::string negotiatedProtocol() const override { return "h2"; }
    char asked = '-';
};

TEST_F(WrappingFactoryTest, whatSecuringNeedsReachesTheTransport) {
    auto outside = makeRef<SecuredTransport>();
    Ref<IProtocol> protocol = wrapping_->buildProtocol(outside->getPeer());
    protocol->makeConnection(outside);
    ITransport& inside = record_.protocol->transport();
    EXPECT_FALSE(inside.isSecure());
    inside.startTLS(nullptr, false);
    EXPECT_EQ(outside->asked, 'r');
    EXPECT_TRUE(inside.isSecure());
    EXPECT_EQ(inside.getPeerCertificate(), nullptr);
    EXPECT_EQ(inside.negotiatedProtocol(), "h2");
    protocol->connectionLost(Failure::of<ConnectionDone>());
}

struct HandshakeRecorder final : Recorder, IHandshakeListener {
    using Recorder::Recorder;
    void handshakeCompleted() override { record().events.push_back("handshake"); }
};

TEST_F(WrappingFactoryTest, aHandshakeIsToldToAWrappedProtocolThatWantsToKnow) {
    auto listening = makeRef<WrappingFactory>(factory<HandshakeRecorder>(&record_));
    for (const Ref<WrappingFactory>& each : {wrapping_, listening}) {
        WrappedConnection it(*each, record_);
        auto* told = dynamic_cast<IHandshakeListener*>(it.protocol().get());
        ASSERT_TRUE(told);
        told->handshakeCompleted();
    }
    EXPECT_EQ(record_.events, (Strings{"made", "lost", "made", "handshake", "lost"}));
}

TEST_F(WrappingFactoryTest, wrappersCanBeWrapped) {
    auto twice = makeRef<WrappingFactory>(wrapping_);
    WrappedConnection it(*twice, record_);
    it.receive("in");
    it.inside().write("out");
    EXPECT_EQ(record_.received, "in");
    EXPECT_EQ(it.outside().value(), "out");
    EXPECT_EQ(twice->protocols().size(), 1u);
    EXPECT_EQ(wrapping_->protocols().size(), 1u);
    it.lose();
    EXPECT_TRUE(twice->protocols().empty() && wrapping_->protocols().empty());
    EXPECT_EQ(record_.lost, 1);
}

/// A client factory that writes down what it is told, and refuses.
struct Told final : ClientFactory {
    explicit Told(Strings& kept) : events(kept) {}
    void startFactory() override { events.push_back("start"); }
    void stopFactory() override { events.push_back("stop"); }
    void startedConnecting(IConnector&) override { events.push_back("connecting"); }
    void clientConnectionFailed(IConnector&, const Failure&) override {
        events.push_back("failed");
    }
    void clientConnectionLost(IConnector&, const Failure&) override { events.push_back("lost"); }
    Ref<IProtocol> buildProtocol(const Address&) override {
        if (throws) throw std::runtime_error("a builder's fault");
        return nullptr;
    }
    Strings& events;
    bool throws = false;
};

struct NoConnector final : IConnector {
    void connect() override {}
    void stopConnecting() override {}
    void disconnect() override {}
    State state() const noexcept override { return State::disconnected; }
    const Destination& getDestination() const noexcept override { return destination; }
    Destination destination{"nowhere"};
};

void tellEverything(ClientFactory& factory) {
    auto connector = makeRef<NoConnector>();
    factory.doStart();
    factory.startedConnecting(*connector);
    factory.clientConnectionFailed(*connector, Failure::of<ConnectError>());
    factory.clientConnectionLost(*connector, Failure::of<ConnectionLost>());
    factory.doStop();
}

TEST_F(WrappingFactoryTest, theWrappedFactoryIsToldWhatTheFactoryIsTold) {
    Strings events;
    tellEverything(*makeRef<WrappingFactory>(makeRef<Told>(events)));
    EXPECT_EQ(events, (Strings{"start", "connecting", "failed", "lost", "stop"}));
}

TEST_F(WrappingFactoryTest, aWrappedFactoryForPortsHasNothingToBeToldOfConnectors) {
    tellEverything(*wrapping_);
    EXPECT_EQ(wrapping_->numPorts(), 0);
    EXPECT_EQ(dynamic_cast<Factory&>(*inner_).numPorts(), 0);
}

TEST_F(WrappingFactoryTest, whatTheWrappedFactoryRefusesIsRefused) {
    Strings events;
    auto told = makeRef<Told>(events);
    auto refusing = makeRef<WrappingFactory>(told);
    EXPECT_FALSE(refusing->buildProtocol(Address::loopback4(1)));
    told->throws = true;
    EXPECT_THROW(refusing->buildProtocol(Address::loopback4(1)), std::runtime_error);
    EXPECT_TRUE(refusing->protocols().empty());
}

using WrappingFactorySocketTest = ReactorTest;
TEST_P(WrappingFactorySocketTest, aRealConnectionIsServedThroughAWrapper) {
    run([](Reactor& reactor) -> Task<> {
        Record record;
        record.onData = [](Recorder& it, std::string_view text) {
            it.transport().write(text);
            it.transport().loseConnection();
        };
        auto wrapping = makeRef<WrappingFactory>(factory<Recorder>(&record));
        PeerPair ends;
        wrapping->connectionAccepted(Socket(reactor, ends.near.release()));
        Ref<IProtocol> inner(record.protocol);
        ends.far.send("round trip");
        co_await inner;
        EXPECT_EQ(ends.far.receive(), "round trip");
        EXPECT_TRUE(ends.far.sawEnd());
        EXPECT_EQ(record.events, (Strings{"made", "data", "lost"}));
        EXPECT_TRUE(wrapping->protocols().empty());
    });
}
INSTANTIATE_TEST_SUITE_P(Drivers, WrappingFactorySocketTest, ::testing::ValuesIn(bothDrivers()),
                         nameOf);

}  // namespace
}  // namespace wring
