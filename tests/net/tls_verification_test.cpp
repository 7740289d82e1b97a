// Who is believed: what a handshake makes of certificates, names, versions and protocols.
#include <wring/net/detail/tls_settings.hpp>

#include <wring/tests/support/tls.hpp>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using TlsVerificationTest = ReactorTest;

/// A handshake and how it has to end: parts of the texts of the two ends, empty for well.
struct Case {
    Case(std::string what, CertificateOptions serverOptions, CertificateOptions clientOptions)
        : name(std::move(what)),
          server(std::move(serverOptions)),
          client(std::move(clientOptions)) {}
    Case& clientSays(std::string part) {
        clientError = std::move(part);
        return *this;
    }
    Case& serverSays(std::string part) {
        serverError = std::move(part);
        return *this;
    }
    std::string name;
    CertificateOptions server;
    CertificateOptions client;
    std::string clientError;
    std::string serverError;
};

void expectEnd(const std::string& wanted, const std::string& text) {
    if (wanted.empty()) {
        EXPECT_EQ(text, "");
    } else {
        EXPECT_NE(text.find(wanted), text.npos) << "'" << text << "' without '" << wanted << "'";
    }
}

Task<> tryCase(Reactor& reactor, const Case* each) {
    SCOPED_TRACE(each->name);
    TlsPair pair(reactor);
    HandshakeEnds ends =
        co_await shakeHands(&pair, contextOf(each->server), contextOf(each->client));
    expectEnd(each->clientError, ends.client);
    if (!each->serverError.empty() || each->clientError.empty()) {
        expectEnd(each->serverError, ends.server);
    }
}

Task<> tryAll(Reactor& reactor, std::vector<Case> cases) {
    for (const Case& each : cases) co_await tryCase(reactor, &each);
}

/// A server whose certificate is like this.
CertificateOptions serverLike(const CertificateRequest& request,
                              const Authority& authority = testAuthority()) {
    static int count = 0;
    CertificateOptions options;
    options.own =
        CertificateFiles(authority.issueFile("like" + std::to_string(++count) + ".pem", request));
    return options;
}

CertificateRequest localhostRequest() { return CertificateRequest("DNS:localhost,IP:127.0.0.1"); }

TEST_P(TlsVerificationTest, chainsAreVerified) {
    const Authority& authority = testAuthority();
    std::vector<Case> cases;
    cases.emplace_back("right", authority.server(), authority.client());
    cases.emplace_back("by address", authority.server(), authority.client("127.0.0.1"));

    CertificateRequest expired = localhostRequest();
    expired.endsIn = -60;
    cases.emplace_back("expired", serverLike(expired), authority.client())
        .clientSays("code 10: certificate has expired");
    CertificateRequest early = localhostRequest();
    early.beginsIn = 3600;
    cases.emplace_back("not yet valid", serverLike(early), authority.client())
        .clientSays("code 9: certificate is not yet valid");

    CertificateOptions selfSigned;
    selfSigned.own = CertificateFiles(
        authority.folder().write("self.pem", certificates::issue(localhostRequest()).both()));
    cases.emplace_back("self-signed", selfSigned, authority.client())
        .clientSays("CertificateVerifyError: The peer's certificate was not accepted: code 18: ")
        .serverSays("SSLError");
    static const Authority stranger("stranger");
    cases.emplace_back("of somebody else", authority.server(), stranger.client())
        .clientSays("code 20: unable to get local issuer certificate")
        .serverSays("unknown ca");

    CertificateRequest wrongUse = localhostRequest();
    wrongUse.purpose = "clientAuth";
    cases.emplace_back("for clients only", serverLike(wrongUse), authority.client())
        .clientSays("code 26: ");
    CertificateOptions anyone;
    cases.emplace_back("nobody asks", authority.server(), anyone);
    CapturedLog quiet;  // of a server's own expired certificate
    run(tryAll, cases);
}

TEST_P(TlsVerificationTest, aChainMayBeInAnyOrderButNotIncomplete) {
    const Authority& authority = testAuthority();
    CertificateRequest request = certificates::authorityRequest("intermediate");
    Issued middle = authority.issue(request);
    request = certificates::authorityRequest("lower intermediate");
    Issued lower = certificates::issue(request, &middle);
    Issued leaf = certificates::issue(localhostRequest(), &lower);
    auto file = [&](const char* name, const std::string& text) {
        CertificateOptions options;
        options.own = CertificateFiles(authority.folder().write(name, text));
        return options;
    };
    std::vector<Case> cases;
    cases.emplace_back(
        "in order", file("order.pem", leaf.both() + lower.certificatePem + middle.certificatePem),
        authority.client());
    cases.emplace_back(
        "out of order",
        file("shuffled.pem", middle.certificatePem + leaf.both() + lower.certificatePem),
        authority.client());
    CertificateOptions extra = file("leaf.pem", leaf.both());
    extra.own.extraCertChain =
        authority.folder().write("chain.pem", lower.certificatePem + middle.certificatePem, 0644);
    cases.emplace_back("in a file of its own", extra, authority.client());
    cases.emplace_back("leaf alone", file("alone.pem", leaf.both()), authority.client())
        .clientSays("code 20: ");
    cases
        .emplace_back("a link is missing", file("gap.pem", leaf.both() + lower.certificatePem),
                      authority.client())
        .clientSays("code 2");
    run(tryAll, cases);
}

TEST_P(TlsVerificationTest, namesAreVerifiedAndOnlyAlternativeNamesCount) {
    const Authority& authority = testAuthority();
    auto server = [](const std::string& names) { return serverLike(CertificateRequest(names)); };
    std::vector<Case> cases;
    auto add = [&](const std::string& names, const std::string& wanted, bool fits) {
        Case& made =
            cases.emplace_back(wanted + " of " + names, server(names), authority.client(wanted));
        if (!fits) made.clientSays("host mismatch: wanted " + wanted + ", certificate has ");
    };
    add("DNS:b.example.com,DNS:c.example.com", "a.example.com", false);
    add("DNS:*.example.com", "a.example.com", true);
    add("DNS:*.example.com", "a.example.com.", true);
    add("DNS:*.example.com", "A.EXAMPLE.com", true);
    add("DNS:*.example.com", "a.b.example.com", false);
    add("DNS:*.example.com", "example.com", false);
    add("DNS:f*.example.com", "foo.example.com", false);
    add("DNS:*", "localhost", false);
    add("IP:127.0.0.1", "127.0.0.2", false);
    add("DNS:127.0.0.1", "127.0.0.1", false);
    add("IP:::1", "::1", true);
    CertificateRequest nameless("");
    nameless.commonName = "localhost";
    cases.emplace_back("the subject alone", serverLike(nameless), authority.client())
        .clientSays("host mismatch: wanted localhost, certificate has no name");
    run(tryAll, cases);
}

TEST_P(TlsVerificationTest, bothNamesAreInTheText) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        auto server = contextOf(serverLike(CertificateRequest("DNS:b,DNS:c,IP:10.0.0.1")));
        HandshakeEnds ends =
            co_await shakeHands(&pair, server, contextOf(testAuthority().client("a")));
        EXPECT_NE(ends.client.find("host mismatch: wanted a, certificate has b, c, 10.0.0.1"),
                  ends.client.npos)
            << ends.client;
    });
}

TEST_P(TlsVerificationTest, weakKeysAreRefused) {
    CertificateRequest weak = localhostRequest();
    weak.rsaBits = 1024;
    std::string file = testAuthority().issueFile("weak.pem", weak);
    CertificateOptions options;
    options.own = CertificateFiles(file);
    try {
        contextOf(options);
        ADD_FAILURE() << "a key of 1024 bits was taken";
    } catch (const CertificateError& error) {
        EXPECT_NE(std::string(error.what()).find("weak.pem: ee key too small"), std::string::npos)
            << error.what();
    }
}

/// What a client shows to a server that asks for certificates of the test authority.
Case clientShows(const std::string& name, PeerVerification verification, CertificateFiles shown) {
    CertificateOptions server = testAuthority().server();
    testAuthority().demandFrom(server, verification);
    CertificateOptions client = testAuthority().client();
    client.own = std::move(shown);
    return Case(name, std::move(server), std::move(client));
}

TEST_P(TlsVerificationTest, clientsAreVerified) {
    using enum PeerVerification;
    const Authority& authority = testAuthority();
    static const Authority stranger("stranger");
    CertificateRequest person("DNS:person");
    CertificateFiles good(authority.issueFile("person.pem", person));
    CertificateFiles unknown(stranger.issueFile("person.pem", person));
    person.endsIn = -60;
    CertificateFiles late(authority.issueFile("late.pem", person));
    std::vector<Case> cases;
    cases.push_back(clientShows("required, shown", required, good));
    cases.push_back(clientShows("optional, shown", optional, good));
    cases.push_back(clientShows("optional, none", optional, {}));
    // A client of TLS 1.3 is done before the server has looked.
    cases.push_back(clientShows("required, none", required, {})
                        .serverSays("peer did not return a certificate"));
    cases.push_back(clientShows("required, unknown", required, unknown).serverSays("code 20"));
    cases.push_back(clientShows("optional, unknown", optional, unknown).serverSays("code 20"));
    cases.push_back(clientShows("required, expired", required, late).serverSays("code 10"));
    // One of TLS 1.2 waits for the server, and is told.
    const Strings alerts{
        "", "", "", "handshake failure", "unknown ca", "unknown ca", "certificate expired"};
    std::vector<Case> older = cases;
    for (std::size_t i = 0; i < older.size(); ++i) {
        older[i].name += ", TLS 1.2";
        older[i].server.lowerMaximumTo = TLSVersion::tls12;
        if (!alerts.at(i).empty()) older[i].clientSays("alert " + alerts[i]);
    }
    cases.insert(cases.end(), older.begin(), older.end());
    CapturedLog quiet;
    run(tryAll, cases);
}

TEST_P(TlsVerificationTest, aRefusedClientReadsWhy) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        Case each = clientShows("none", PeerVerification::required, {});
        auto serving = start(secureAs(&pair.server, contextOf(each.server), TLSRole::server));
        co_await pair.client.startTLS(contextOf(each.client), TLSRole::client);
        auto read = co_await outcome(pair.client.read());
        EXPECT_FALSE(read);
        if (!read) {
            EXPECT_TRUE(read.error().check<TLSError>());
            EXPECT_NE(read.error().getErrorMessage().find("certificate required"),
                      std::string::npos)
                << read.error().getErrorMessage();
        }
        EXPECT_FALSE(co_await outcome(serving));
    });
}

TEST_P(TlsVerificationTest, eachEndSeesTheOthersCertificate) {
    run([](Reactor& reactor) -> Task<> {
        TlsPair pair(reactor);
        EXPECT_FALSE(pair.server.getPeerCertificate());
        CertificateRequest person("DNS:person,IP:10.1.2.3");
        person.commonName = "A Person";
        Case each = clientShows("right", PeerVerification::required,
                                CertificateFiles(testAuthority().issueFile("a.pem", person)));
        HandshakeEnds ends =
            co_await shakeHands(&pair, contextOf(each.server), contextOf(each.client));
        EXPECT_EQ(ends.server + ends.client, "");
        Ref<Certificate> shown = pair.server.getPeerCertificate();
        EXPECT_TRUE(static_cast<bool>(shown));
        if (!shown) co_return;
        EXPECT_EQ(shown->subject(), "CN = A Person");
        EXPECT_EQ(shown->issuer(), "CN = wring test authority");
        EXPECT_EQ(shown->names(), (Strings{"person", "10.1.2.3"}));
        EXPECT_EQ(shown->fingerprint().size(), 64u);
        EXPECT_EQ(Certificate::loadPEM(shown->pem())->fingerprint(), shown->fingerprint());
        EXPECT_TRUE(shown->notBefore() < shown->notAfter());
        EXPECT_TRUE(static_cast<bool>(pair.client.getPeerCertificate()));
    });
}

/// What is agreed on, or how it failed.
Task<std::string> agreement(Reactor& reactor, Strings server, Strings client) {
    TlsPair pair(reactor);
    CertificateOptions serving = testAuthority().server();
    serving.acceptableProtocols = server;
    CertificateOptions calling = testAuthority().client();
    calling.acceptableProtocols = client;
    HandshakeEnds ends = co_await shakeHands(&pair, contextOf(serving), contextOf(calling));
    if (!ends.client.empty()) co_return ends.client;
    EXPECT_EQ(pair.server.negotiatedProtocol(), pair.client.negotiatedProtocol());
    co_return pair.client.negotiatedProtocol();
}

TEST_P(TlsVerificationTest, theServersOrderOfProtocolsDecides) {
    run([](Reactor& reactor) -> Task<> {
        Strings two{"h2", "http/1.1"};
        Strings reversed{"http/1.1", "h2"};
        Strings none;
        Strings other{"foo"};
        EXPECT_EQ(co_await agreement(reactor, two, reversed), "h2");
        EXPECT_EQ(co_await agreement(reactor, reversed, two), "http/1.1");
        EXPECT_EQ(co_await agreement(reactor, two, none), "");
        EXPECT_EQ(co_await agreement(reactor, none, two), "");
        std::string failed = co_await agreement(reactor, two, other);
        EXPECT_NE(failed.find("alert no application protocol"), failed.npos) << failed;
    });
}

TEST_P(TlsVerificationTest, aServersCertificateIsChosenByTheNameAskedFor) {
    const Authority& authority = testAuthority();
    CertificateOptions server = authority.server();
    server.named.emplace_back(authority.issueFile("one.pem", CertificateRequest("DNS:one.test")));
    server.named.emplace_back(
        authority.issueFile("stars.pem", CertificateRequest("DNS:*.stars.test")));
    CertificateOptions strict = server;
    strict.refusesUnknownNames = true;
    std::vector<Case> cases;
    for (const char* name : {"localhost", "one.test", "a.stars.test", "127.0.0.1"}) {
        cases.emplace_back(name, server, authority.client(name));
        cases.emplace_back(name, strict, authority.client(name));
    }
    cases.emplace_back("unknown", server, authority.client("unknown.test"))
        .clientSays("host mismatch: wanted unknown.test, certificate has localhost, 127.0.0.1");
    cases.emplace_back("unknown, refused", strict, authority.client("unknown.test"))
        .clientSays("unrecognized name");
    run(tryAll, cases);
}

TEST_P(TlsVerificationTest, versionsAndCiphersHaveToMeet) {
    const Authority& authority = testAuthority();
    CertificateOptions only13 = authority.server();
    only13.raiseMinimumTo = TLSVersion::tls13;
    CertificateOptions only12 = authority.client();
    only12.lowerMaximumTo = TLSVersion::tls12;
    CertificateOptions aes256 = authority.server();
    aes256.acceptableCiphers = "ECDHE-ECDSA-AES256-GCM-SHA384";
    CertificateOptions aes128 = only12;
    aes128.acceptableCiphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
    std::vector<Case> cases;
    cases.emplace_back("1.2", authority.server(), only12);
    cases.emplace_back("no version", only13, only12)
        .clientSays("protocol version")
        .serverSays("unsupported protocol");
    cases.emplace_back("no cipher", aes256, aes128)
        .clientSays("handshake failure")
        .serverSays("no shared cipher");
    run(tryAll, cases);
}

/// Two handshakes of the same contexts; gives whether the second one was short.
Task<bool> resumes(Reactor& reactor, Ref<TLSContext> server, Ref<TLSContext> client,
                   bool reloads = false) {
    for (int round = 0;; ++round) {
        TlsPair pair(reactor);
        HandshakeEnds ends = co_await shakeHands(&pair, server, client);
        EXPECT_EQ(ends.server + ends.client, "");
        if (round == 1) co_return pair.client.tlsInfo().isResumed;
        // Tickets come behind the handshake.
        co_await pair.server.write("hello");
        EXPECT_EQ(co_await readText(&pair.client), "hello");
        if (reloads) server->reload();
        co_await pair.client.close();
    }
}

TEST_P(TlsVerificationTest, sessionsAreResumedByTickets) {
    run([](Reactor& reactor) -> Task<> {
        for (TLSVersion version : {TLSVersion::tls12, TLSVersion::tls13}) {
            CertificateOptions options = testAuthority().server();
            options.lowerMaximumTo = version;
            auto server = contextOf(options);
            EXPECT_TRUE(co_await resumes(reactor, server, contextOf(testAuthority().client())));
            EXPECT_EQ(server->stats().handshakes, 2u);
            EXPECT_EQ(server->stats().resumed, 1u);
            options.resumesSessions = false;
            server = contextOf(options);
            EXPECT_FALSE(co_await resumes(reactor, server, contextOf(testAuthority().client())));
        }
    });
}

TEST_P(TlsVerificationTest, ticketsOfBeforeAReloadLeadToFullHandshakes) {
    run([](Reactor& reactor) -> Task<> {
        auto server = contextOf(testAuthority().server());
        auto client = contextOf(testAuthority().client());
        EXPECT_FALSE(co_await resumes(reactor, server, client, true));
        EXPECT_EQ(server->stats().failed, 0u);
    });
}

TEST_P(TlsVerificationTest, aReloadCountsForNewConnectionsAndKeepsTheOld) {
    run([](Reactor& reactor) -> Task<> {
        Authority authority("reloading");
        auto server = contextOf(authority.server());
        auto client = contextOf(authority.client());
        TlsPair before(reactor);
        EXPECT_EQ((co_await shakeHands(&before, server, client)).client, "");
        std::string first = before.client.getPeerCertificate()->fingerprint();
        authority.server();  // writes another certificate into the same file
        server->reload();
        TlsPair later(reactor);
        EXPECT_EQ((co_await shakeHands(&later, server, client)).client, "");
        EXPECT_NE(later.client.getPeerCertificate()->fingerprint(), first);
        authority.folder().write("server.pem", "no certificate at all");
        EXPECT_THROW(server->reload(), CertificateError);
        TlsPair last(reactor);
        EXPECT_EQ((co_await shakeHands(&last, server, client)).client, "");
        co_await before.client.write("still here");
        EXPECT_EQ(co_await readText(&before.server), "still here");
    });
}

INSTANTIATE_TEST_SUITE_P(Drivers, TlsVerificationTest, ::testing::ValuesIn(bothDrivers()), nameOf);

}  // namespace
}  // namespace wring
