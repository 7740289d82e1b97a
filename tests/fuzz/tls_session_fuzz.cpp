#include <wring/net/detail/tls_files.hpp>
#include <wring/net/detail/tls_session.hpp>
#include <wring/tests/fuzz/input.hpp>
#include <wring/tests/fuzz/property.hpp>

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <cstdio>
#include <utility>

// The first byte says which end is looked at, and whether the bytes are all that it ever gets, or
// orders to a peer that it has shaken hands with; the second how they are cut. What ends a session
// has to have a reason, what it keeps a bound, and what it delivers has to be what the peer wrote.

namespace wring::testing {

namespace {

using detail::TlsSession;

// More than that nobody may make a session answer.
constexpr std::size_t outputBytesMax = 65536;
// A peer that has written so much writes no more: read byte by byte it takes long.
constexpr std::size_t toldBytesMax = 32768;

/// A key and a certificate signed by itself, in a file without a name.
std::string ownFile() {
    detail::KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    detail::CertificatePtr made(X509_new());
    X509* certificate = made.get();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 30L * 24 * 3600);
    X509_set_pubkey(certificate, key.get());
    X509_sign(certificate, key.get(), nullptr);
    int fd = ::memfd_create("tls_session_fuzz", MFD_CLOEXEC);
    require(fd >= 0 && ::fchmod(fd, 0600) == 0, "there is memory for a file");
    std::FILE* file = ::fdopen(fd, "w");  // open to the end
    PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    PEM_write_X509(file, certificate);
    std::fflush(file);
    return "/proc/self/fd/" + std::to_string(fd);
}

Ref<TLSContext> contextOf(TLSRole role) {
    CertificateOptions options;
    if (role == TLSRole::server) options.own = CertificateFiles(ownFile());
    return makeRef<TLSContext>(options);
}

/// One end, and what it has delivered.
struct End {
    explicit End(TLSRole role)
        : session(role == TLSRole::server ? serverContext() : clientContext(), role) {}

    static const Ref<TLSContext>& serverContext() {
        static const Ref<TLSContext> context = contextOf(TLSRole::server);
        return context;
    }
    static const Ref<TLSContext>& clientContext() {
        static const Ref<TLSContext> context = contextOf(TLSRole::client);
        return context;
    }

    /// Does what can be done with what was fed.
    void work() {
        if (!session.isReady() && session.handshake() != TlsSession::Step::done) return check();
        while (!session.failure() && !session.isPeerFinished() && session.hasInput()) {
            Bytes plain;
            if (session.read(plain) == TlsSession::Step::done) got += plain.text();
        }
        check();
    }
    void check() {
        require(session.outputBytes() <= outputBytesMax, "the answers are bounded");
        bool isOver = session.failure() || session.isPeerFinished();
        require(isOver || session.inputBytes() == 0, "what was fed is used up");
        // Asking a failure for its text throws it, which takes long: once is enough.
        if (!session.failure() || std::exchange(hasFailed, true)) return;
        require(!session.failure()->getErrorMessage().empty(), "a failure has a text");
        Bytes none;
        require(session.read(none) == TlsSession::Step::failed && none.empty(),
                "nothing is delivered after a failure");
    }
    void feed(std::string_view bytes) {
        bool isOver = session.failure() || session.isPeerFinished();
        if (!bytes.empty() && !isOver) session.feed(Bytes::copyOf(bytes));
        work();
    }
    std::string takeOutput() { return std::string(session.output().take().text()); }
    void end() {
        work();
        session.inputCut();
        require(session.failure() || session.isPeerFinished(), "an end has a reason");
    }

    TlsSession session;
    std::string got;
    bool hasFailed = false;
};

/// What comes is all that there is.
void checkStranger(TLSRole role, std::string_view bytes, std::uint8_t way) {
    End end(role);
    end.work();
    for (std::string_view piece : cut(bytes, way)) end.feed(piece);
    require(!end.session.isReady() && end.got.empty(), "nobody gets in without a key");
    end.end();
}

/// What comes is what a peer was told to send, damaged now and then.
void checkPeer(TLSRole role, Input orders, std::uint8_t way) {
    End end(role);
    End peer(role == TLSRole::server ? TLSRole::client : TLSRole::server);
    for (int i = 0; i < 4; ++i) {
        peer.feed(end.takeOutput());
        end.feed(peer.takeOutput());
    }
    require(end.session.isReady() && peer.session.isReady(), "the handshake goes well");
    std::string wire, told;
    auto deliver = [&] {
        for (std::string_view piece : cut(wire, way)) end.feed(piece);
        wire.clear();
        require(told.starts_with(end.got), "what is delivered was written");
    };
    while (!orders.empty()) {
        std::uint8_t order = orders.byte();
        std::uint8_t value = orders.byte();
        if (order % 5 == 0 && told.size() < toldBytesMax) {
            std::string text(std::size_t{value} * (order < 250 ? 16 : 100),
                             static_cast<char>('a' + order % 26));
            if (peer.session.write(asBytes(text), 0) == TlsSession::Step::done) told += text;
        } else if (order % 5 == 1 && !wire.empty()) {
            wire[value % wire.size()] ^= static_cast<char>(order | 1);
        } else if (order % 5 == 2) {
            wire += orders.text(value);
        } else if (order % 5 == 3) {
            deliver();
        } else if (order % 5 == 4) {
            peer.session.finish();
        }
        wire += peer.takeOutput();
    }
    deliver();
    end.end();
}

void check(Input input) {
    std::uint8_t first = input.byte();
    std::uint8_t way = input.byte();
    TLSRole role = first % 2 ? TLSRole::client : TLSRole::server;
    if (first & 2) return checkPeer(role, input, way);
    checkStranger(role, input.rest(), way);
}

}  // namespace

}  // namespace wring::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    wring::testing::check({data, size});
    return 0;
}
