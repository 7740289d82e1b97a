#include <wring/endpoints/tls_endpoints.hpp>

#include <wring/endpoints/registry.hpp>
#include <wring/tests/support/tls.hpp>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using TlsEndpointsTest = ReactorTest;

Task<> echo(Stream peer) {
    while (Bytes chunk = co_await peer.read()) co_await peer.write(std::move(chunk));
}
struct Echo final : Protocol {
    void dataReceived(BytesView data) override { transport().write(data); }
};

std::string escaped(const std::string& text) { return quoteStringArgument(text); }

std::string serverText() {
    testAuthority().server();
    return "ssl:0:privateKey=" + escaped(testAuthority().folder().file("server.pem")) +
           ":interface=127.0.0.1";
}
std::string portOf(const Ref<IListeningPort>& port) {
    return std::to_string(port->getHost().port());
}
std::string clientText(const Ref<IListeningPort>& port, const std::string& host = "127.0.0.1") {
    return "tls:" + host + ":" + portOf(port) +
           ":trustRoots=" + escaped(testAuthority().trustFile());
}

Task<Ref<IListeningPort>> listenAs(Reactor& reactor, std::string text, Ref<IFactory> served) {
    co_return co_await serverFromString(reactor, text)->listen(served);
}
Task<std::string> ask(Stream* stream, std::string question) {
    co_await stream->write(question);
    co_return co_await readExactText(stream, question.size());
}

/// How connecting fails: class and text; empty if it does not.
Task<std::string> failureOf(Reactor& reactor, std::string text) {
    Record record;
    auto made = factory<Recorder>(&record);
    auto connecting = clientFromString(reactor, text)->connect(made);
    auto protocol = co_await outcome(connecting);
    if (!protocol) {
        EXPECT_EQ(record.made, 0);
        EXPECT_EQ(static_cast<Factory*>(made.get())->numPorts(), 0);
        co_return protocol.error().className() + ": " + protocol.error().getErrorMessage();
    }
    co_await finish(reactor, &record);
    co_return "";
}

TEST_P(TlsEndpointsTest, bothStylesMeetBothStyles) {
    run([](Reactor& reactor) -> Task<> {
        for (const Ref<IFactory>& served : {serve(echo), factory<Echo>()}) {
            auto port = co_await listenAs(reactor, serverText(), served);
            Stream stream = co_await clientFromString(reactor, clientText(port))->connectStream();
            EXPECT_EQ(co_await ask(&stream, "as a stream"), "as a stream");
            co_await stream.close();
            Record record;
            record.onMade = [](Recorder& it) { it.transport().write("as a protocol"); };
            auto connecting =
                clientFromString(reactor, clientText(port))->connect(factory<Recorder>(&record));
            auto protocol = co_await connecting;
            co_await until(reactor, [&] { return record.received == "as a protocol"; });
            EXPECT_TRUE(record.protocol->transport().isSecure());
            record.protocol->transport().loseConnection();
            co_await protocol;
            EXPECT_EQ(record.reason, "ConnectionDone: Connection was closed cleanly.");
            co_await port->drain(10s);
        }
    });
}

TEST_P(TlsEndpointsTest, aServerThatIsNotTrustedGetsNoProtocol) {
    run([](Reactor& reactor) -> Task<> {
        CapturedLog quiet;
        auto port = co_await listenAs(reactor, serverText(), serve(echo));
        TemporaryFolder nobody;
        std::string at = ":127.0.0.1:" + portOf(port);
        std::string trust = escaped(testAuthority().trustFile());
        struct {
            std::string text, failure;
        } const cases[] = {
            {"tls" + at, "CertificateVerifyError"},
            {"tls" + at + ":trustRoots=" + escaped(nobody.path()), "code 20"},
            {"tls" + at + ":trustRoots=" + escaped(testAuthority().folder().path()), ""},
            {"tls" + at + ":trustRoots=" + trust, ""},
            {"tls:other.test:1:endpoint=tcp\\" + at.substr(0, 10) + "\\" + at.substr(10) +
                 ":trustRoots=" + trust,
             "host mismatch: wanted other.test, certificate has localhost, 127.0.0.1"},
            {"ssl" + at, ""},
            {"ssl" + at + ":caCertsDir=" + trust, ""},
            {"ssl" + at + ":caCertsDir=" + escaped(nobody.path()), "code 20"},
            {"ssl" + at + ":hostname=localhost", "CertificateVerifyError"},
            {"ssl" + at + ":hostname=localhost:caCertsDir=" + trust, ""},
            {"ssl" + at + ":hostname=other.test:caCertsDir=" + trust, "host mismatch"}};
        for (const auto& each : cases) {
            std::string failure = co_await failureOf(reactor, each.text);
            if (each.failure.empty()) {
                EXPECT_EQ(failure, "") << each.text;
            } else {
                EXPECT_NE(failure.find(each.failure), failure.npos) << each.text << ": " << failure;
            }
        }
        co_await port->drain(10s);
    });
}

TEST_P(TlsEndpointsTest, clientsShowTheirCertificates) {
    run([](Reactor& reactor) -> Task<> {
        CapturedLog quiet;
        CertificateOptions options = testAuthority().server();
        testAuthority().demandFrom(options);
        auto inner = serverFromString(reactor, "tcp:0:interface=127.0.0.1");
        auto endpoint = makeRef<TLSServerEndpoint>(contextOf(options), inner);
        auto port = co_await endpoint->listen(serve(echo));
        std::string file = testAuthority().issueFile("both.pem", CertificateRequest("DNS:person"));
        Issued apart = testAuthority().issue(CertificateRequest("DNS:person"));
        const TemporaryFolder& folder = testAuthority().folder();
        std::string certificate = folder.write("c.pem", apart.certificatePem);
        std::string key = folder.write("k.pem", apart.keyPem);
        std::string ssl = "ssl:127.0.0.1:" + portOf(port);
        const Strings texts{
            clientText(port) + ":certificate=" + escaped(file),
            clientText(port) + ":certificate=" + escaped(certificate) +
                ":privateKey=" + escaped(key),
            ssl + ":certKey=" + escaped(file),
            ssl + ":certKey=" + escaped(certificate) + ":privateKey=" + escaped(key)};
        for (const std::string& text : texts) {
            Stream stream = co_await clientFromString(reactor, text)->connectStream();
            EXPECT_EQ(co_await ask(&stream, "me"), "me") << text;
            co_await stream.close();
        }
        Stream nobody = co_await clientFromString(reactor, clientText(port))->connectStream();
        EXPECT_FALSE(co_await outcome(nobody.read()));
        co_await nobody.close();
        EXPECT_EQ(endpoint->context()->stats().handshakes, texts.size());
        EXPECT_EQ(endpoint->context()->stats().failed, 1u);
        co_await port->drain(10s);
    });
}

TEST_P(TlsEndpointsTest, tlsGoesOverTls) {
    run([](Reactor& reactor) -> Task<> {
        auto outer = serverFromString(reactor, serverText());
        auto both = makeRef<TLSServerEndpoint>(contextOf(testAuthority().server()), outer);
        auto port = co_await both->listen(serve(echo));
        auto first = clientFromString(reactor, clientText(port));
        auto second = wrapClientTLS(contextOf(testAuthority().client()), first);
        Stream stream = co_await second->connectStream();
        EXPECT_EQ(co_await ask(&stream, "deep inside"), "deep inside");
        co_await stream.close();
        co_await port->drain(10s);
    });
}

TEST_P(TlsEndpointsTest, aSilentServerIsGivenUpAndACancelledOneToo) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener silent;
        std::string at = "127.0.0.1:" + std::to_string(silent.address().port());
        auto connecting = clientFromString(reactor, "ssl:" + at)->connectStream();
        co_await turns(reactor);
        EXPECT_FALSE(connecting.called());
        connecting.cancel();
        auto cancelled = co_await outcome(connecting);
        EXPECT_TRUE(!cancelled && cancelled.error().check<ConnectingCancelledError>());
        std::string late = co_await failureOf(reactor, "ssl:" + at + ":timeout=0.02");
        EXPECT_TRUE(late.starts_with("TimeoutError")) << late;
    });
}

TEST_P(TlsEndpointsTest, errorsOfTheWrappedEndpointPassThrough) {
    run([](Reactor& reactor) -> Task<> {
        PlainListener gone;
        std::string at = "127.0.0.1:" + std::to_string(gone.address().port());
        gone.close();
        std::string refused = co_await failureOf(reactor, "tls:" + at);
        EXPECT_TRUE(refused.starts_with("ConnectionRefusedError")) << refused;
        PlainListener taken;
        auto server = serverFromString(
            reactor, serverText().replace(4, 1, std::to_string(taken.address().port())));
        auto listening = co_await outcome(server->listen(serve(echo)));
        EXPECT_TRUE(!listening && listening.error().check<CannotListenError>());
        auto bare = makeRef<TLSServerEndpoint>(contextOf(CertificateOptions()), server);
        auto mistaken = co_await outcome(bare->listen(serve(echo)));
        EXPECT_TRUE(!mistaken && mistaken.error().check<UsageError>());
    });
}

TEST_P(TlsEndpointsTest, drainingWaitsForHandshakesAndAbortsThemAtTheLimit) {
    run([](Reactor& reactor) -> Task<> {
        CapturedLog quiet;
        Record record;
        auto port = co_await listenAs(reactor, serverText(), factory<Recorder>(&record));
        Stream slow =
            co_await clientFromString(reactor, "tcp:127.0.0.1:" + portOf(port))->connectStream();
        Stream silent =
            co_await clientFromString(reactor, "tcp:127.0.0.1:" + portOf(port))->connectStream();
        co_await until(reactor, [&] { return port->connections() == 2; });
        auto draining = port->drain(50ms);
        co_await turns(reactor);
        EXPECT_FALSE(draining.called());
        auto securing =
            co_await outcome(secureAs(&slow, contextOf(testAuthority().client()), TLSRole::client));
        EXPECT_EQ(textOf(securing), "");
        co_await until(reactor, [&] { return record.made == 1; });
        co_await draining;
        co_await until(reactor, [&] { return record.lost == 1; });
        EXPECT_EQ(port->connections(), 0u);
    });
}

TEST_P(TlsEndpointsTest, aReloadedContextServesTheNext) {
    run([](Reactor& reactor) -> Task<> {
        Authority authority("reloading endpoint");
        auto inner = serverFromString(reactor, "tcp:0:interface=127.0.0.1");
        auto endpoint = makeRef<TLSServerEndpoint>(contextOf(authority.server()), inner);
        auto port = co_await endpoint->listen(serve(echo));
        std::string text =
            "tls:127.0.0.1:" + portOf(port) + ":trustRoots=" + escaped(authority.trustFile());
        Stream before = co_await clientFromString(reactor, text)->connectStream();
        authority.server();
        endpoint->context()->reload();
        Stream later = co_await clientFromString(reactor, text)->connectStream();
        EXPECT_NE(before.getPeerCertificate()->fingerprint(),
                  later.getPeerCertificate()->fingerprint());
        EXPECT_EQ(co_await ask(&before, "old"), "old");
        EXPECT_EQ(co_await ask(&later, "new"), "new");
        co_await before.close();
        co_await later.close();
        co_await port->drain(10s);
    });
}

TEST_P(TlsEndpointsTest, mistakesAreToldWhenTheDescriptionIsRead) {
    run([](Reactor& reactor) -> Task<> {
        std::string pem = escaped(testAuthority().folder().file("server.pem"));
        testAuthority().server();
        std::string other =
            escaped(testAuthority().issueFile("other.pem", CertificateRequest("DNS:other")));
        std::string missing = escaped(testAuthority().folder().file("missing.pem"));
        std::string noCertificate = escaped(testAuthority().folder().write("none.pem", "nothing"));
        struct {
            std::string text, complaint;
            bool isClient = false;
        } const cases[] = {
            {"ssl", "port"},
            {"ssl:8443", "server.pem: No such file or directory"},
            {"ssl:8443:privateKey=" + missing, "missing.pem: No such file or directory"},
            {"ssl:8443:privateKey=" + pem + ":certKey=", "certKey is empty"},
            {"ssl:8443:privateKey=" + pem + ":certKey=" + other, "do not match"},
            {"ssl:8443:privateKey=" + pem + ":extraCertChain=" + noCertificate, "none.pem: "},
            {"ssl:8443:privateKey=" + pem + ":dhParameters=" + pem, "no DH parameters"},
            {"ssl:8443:privateKey=" + pem + ":sslmethod=SSLv3_METHOD",
             "'SSLv3_METHOD' is obsolete and refused"},
            {"ssl:8443:privateKey=" + pem + ":sslmethod=TLSv1_METHOD", "obsolete"},
            {"ssl:8443:privateKey=" + pem + ":sslmethod=TLSv1_1_METHOD", "obsolete"},
            {"ssl:8443:privateKey=" + pem + ":sslmethod=SPDY", "'SPDY' is unknown"},
            {"ssl:8443:privateKey=" + pem + ":bogus=1", "unknown argument 'bogus'"},
            {"ssl:70000:privateKey=" + pem, "port"},
            {"ssl:8443:privateKey=" + pem + ":interface=nowhere", "interface"},
            {"ssl:host", "port", true},
            {"ssl:host:443:certKey=" + missing, "missing.pem: No such file", true},
            {"ssl:host:443:caCertsDir=" + missing, "missing.pem: No such file", true},
            {"tls:host:443:trustRoots=", "trustRoots is empty", true},
            {"tls:host:443:certificate=" + noCertificate, "none.pem", true},
            {"tls:host:443:endpoint=bogus\\:1", "unknown endpoint type 'bogus'", true},
            {"tls:host:0", "port", true},
            {"tls:host:443:timeout=0", "timeout", true}};
        for (const auto& each : cases) {
            try {
                if (each.isClient) {
                    clientFromString(reactor, each.text);
                } else {
                    serverFromString(reactor, each.text);
                }
                ADD_FAILURE() << each.text;
            } catch (const Error& error) {
                EXPECT_NE(std::string(error.what()).find(each.complaint), std::string::npos)
                    << each.text << ": " << error.what();
            }
        }
        co_return;
    });
}

TEST_P(TlsEndpointsTest, theOldNamesOfMethodsChooseVersions) {
    run([](Reactor& reactor) -> Task<> {
        const std::pair<std::string, std::string> cases[] = {{"TLSv1_2_METHOD", "TLSv1.2"},
                                                             {"TLSv1_3_METHOD", "TLSv1.3"},
                                                             {"SSLv23_METHOD", "TLSv1.3"},
                                                             {"TLS_METHOD", "TLSv1.3"}};
        for (const auto& [method, version] : cases) {
            auto port =
                co_await listenAs(reactor, serverText() + ":sslmethod=" + method, serve(echo));
            Stream stream = co_await clientFromString(reactor, clientText(port))->connectStream();
            EXPECT_EQ(stream.tlsInfo().version, version);
            co_await stream.close();
            co_await port->drain(10s);
        }
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, TlsEndpointsTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
