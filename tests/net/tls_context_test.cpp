// What files and options are good for, told when the context is made.
#include <wring/net/tls_context.hpp>

#include <wring/tests/support/tls.hpp>

#include <sys/stat.h>
#include <unistd.h>

namespace wring {
namespace {

using namespace testing;
using namespace std::chrono_literals;

/// What a context made from the options fails with; empty if it can be made.
std::string complaint(const CertificateOptions& options) {
    try {
        contextOf(options);
        return "";
    } catch (const CertificateError& error) {
        return error.what();
    }
}

CertificateOptions serverOf(const std::string& certificate, const std::string& key = {}) {
    CertificateOptions options;
    options.own = CertificateFiles(certificate, key);
    return options;
}

/// Good ones, to be spoilt.
struct Material {
    Issued good = testAuthority().issue(CertificateRequest("DNS:localhost"));
    Issued other = testAuthority().issue(CertificateRequest("DNS:localhost"));
    TemporaryFolder folder;
};

void expectComplaint(const std::string& wanted, const std::string& got) {
    EXPECT_NE(got.find(wanted), got.npos) << "'" << got << "' without '" << wanted << "'";
}

std::string withCarriageReturns(std::string text) {
    for (std::size_t at = 0; (at = text.find('\n', at)) != text.npos; at += 2) {
        text.insert(at, 1, '\r');
    }
    return text;
}

TEST(TlsContextTest, pemIsTakenAsItComes) {
    Material material;
    std::string text = material.good.both();
    const std::vector<std::pair<std::string, std::string>> files{
        {"plain", text},
        {"crlf", withCarriageReturns(text)},
        {"noNewline", text.substr(0, text.size() - 1)},
        {"leadingText", "Bag Attributes\n  friendlyName: me\n" + text},
        {"bom", "\xEF\xBB\xBF" + text},
        {"certificateFirst", material.good.certificatePem + material.good.keyPem}};
    for (const auto& [name, content] : files) {
        EXPECT_EQ(complaint(serverOf(material.folder.write(name, content))), "") << name;
    }
}

TEST(TlsContextTest, filesOfNoUseAreNamedWithTheCause) {
    Material material;
    const Issued& good = material.good;
    TemporaryFolder& folder = material.folder;
    unsigned char* der = nullptr;
    int size = i2d_X509(good.certificate.get(), &der);
    std::string derText(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    const std::vector<std::pair<std::string, std::string>> cases{
        {folder.file("missing.pem"), "missing.pem: No such file or directory"},
        {folder.write("empty.pem", ""), "empty.pem: is empty"},
        {folder.write("blank.pem", "\n \n"), "blank.pem: holds nothing in PEM format"},
        {folder.path(), folder.path() + ": Is a directory"},
        {folder.write("der.pem", derText), "der.pem: looks like DER; PEM is wanted"},
        {folder.write("certificateOnly.pem", good.certificatePem),
         "certificateOnly.pem: no private key in it, but: CERTIFICATE"},
        {folder.write("keyOnly.pem", good.keyPem),
         "keyOnly.pem: no certificate in it, but: PRIVATE KEY"},
        {folder.write("twoKeys.pem", good.both() + material.other.keyPem),
         "twoKeys.pem: 2 private keys in it; one is wanted"},
        {folder.write("damaged.pem", good.both().replace(60, 4, "!!!!")), "damaged.pem: "},
        {folder.write("mixed.pem", good.keyPem + material.other.certificatePem), "do not match"}};
    for (const auto& [path, cause] : cases) expectComplaint(cause, complaint(serverOf(path)));
}

TEST(TlsContextTest, anUnreadableFileIsToldFromAMissingOne) {
    Material material;
    std::string path = material.folder.write("secret.pem", material.good.both(), 0000);
    // Root may read everything, so it is somebody else for a moment.
    bool isRoot = ::geteuid() == 0;
    ASSERT_TRUE(!isRoot || ::seteuid(65534) == 0);
    std::string got = complaint(serverOf(path));
    ASSERT_TRUE(!isRoot || ::seteuid(0) == 0);
    expectComplaint("secret.pem: Permission denied", got);
}

TEST(TlsContextTest, aKeyThatDoesNotMatchIsFoundAtOnce) {
    Material material;
    std::string certificate = material.folder.write("cert.pem", material.good.certificatePem);
    std::string key = material.folder.write("key.pem", material.other.keyPem);
    expectComplaint("cert.pem and " + key + " do not match", complaint(serverOf(certificate, key)));
    material.folder.write("key.pem", material.good.keyPem);
    EXPECT_EQ(complaint(serverOf(certificate, key)), "");
}

TEST(TlsContextTest, keysThatOthersMayReadAreRefusedOrWarnedOf) {
    Material material;
    std::string certificate = material.folder.write("cert.pem", material.good.certificatePem, 0644);
    auto withMode = [&](unsigned mode) {
        return complaint(
            serverOf(certificate, material.folder.write("key.pem", material.good.keyPem, mode)));
    };
    CapturedLog log;
    EXPECT_EQ(withMode(0600), "");
    EXPECT_EQ(withMode(0400), "");
    EXPECT_TRUE(log.lines().empty());
    EXPECT_EQ(withMode(0640), "");
    EXPECT_TRUE(log.has("key.pem: its group may read this private key (mode 0640)"));
    expectComplaint("key.pem: everybody may read this private key (mode 0644)", withMode(0644));
}

TEST(TlsContextTest, ownCertificatesThatAreNotValidTodayAreWarnedOf) {
    TemporaryFolder folder;
    CertificateRequest request("DNS:localhost");
    request.endsIn = -60;
    std::string late = folder.write("late.pem", testAuthority().issue(request).both());
    request.beginsIn = request.endsIn = 7200;
    std::string early = folder.write("early.pem", testAuthority().issue(request).both());
    CapturedLog log;
    EXPECT_EQ(complaint(serverOf(late)), "");
    EXPECT_TRUE(log.has("late.pem: the certificate has expired, notAfter 2"));
    EXPECT_EQ(complaint(serverOf(early)), "");
    EXPECT_TRUE(log.has("early.pem: the certificate is not valid yet, notBefore 2"));
}

TEST(TlsContextTest, anEncryptedKeyIsRefusedWithoutAskingAnybody) {
    Material material;
    std::string encrypted = certificates::pem([&](BIO* bio) {
        PEM_write_bio_PKCS8PrivateKey(bio, material.good.key.get(), EVP_aes_128_cbc(), "secret", 6,
                                      nullptr, nullptr);
    });
    std::string path =
        material.folder.write("locked.pem", encrypted + material.good.certificatePem);
    expectComplaint("locked.pem: the private key cannot be read (is it encrypted?)",
                    complaint(serverOf(path)));
}

TEST(TlsContextTest, optionsThatContradictEachOtherAreRefused) {
    CertificateOptions certificateOnly;
    certificateOnly.own.certificate = testAuthority().trustFile();
    expectComplaint("there is no private key for it", complaint(certificateOnly));
    CertificateOptions keyOnly;
    keyOnly.own.privateKey = testAuthority().issueFile("k.pem", CertificateRequest("DNS:k"));
    expectComplaint("there is no certificate for this key", complaint(keyOnly));
    CertificateOptions chainOnly;
    chainOnly.own.extraCertChain = testAuthority().trustFile();
    expectComplaint("a certificate chain without a certificate", complaint(chainOnly));
    CertificateOptions nobody = optionsForClientTLS("localhost");
    nobody.trustsPlatform = false;
    expectComplaint("nobody is trusted", complaint(nobody));
    CertificateOptions versions;
    versions.raiseMinimumTo = TLSVersion::tls13;
    versions.lowerMaximumTo = TLSVersion::tls12;
    expectComplaint("the lowest version allowed is above the highest", complaint(versions));
    CertificateOptions protocols;
    protocols.acceptableProtocols.push_back(std::string(256, 'x'));
    expectComplaint("ALPN", complaint(protocols));
    CertificateOptions ciphers;
    ciphers.acceptableCiphers = "NO-SUCH-CIPHER";
    expectComplaint("acceptableCiphers: no cipher match", complaint(ciphers));
}

TEST(TlsContextTest, foldersOfAuthoritiesMayHoldAnything) {
    TemporaryFolder folder;
    folder.write("noise.pem", "nothing");
    folder.write("notes.txt", "nothing either");
    folder.write("good.PEM", testAuthority().self().certificatePem);
    folder.write("twice.pem", testAuthority().self().certificatePem);
    CertificateOptions options = optionsForClientTLS("localhost");
    options.trustsPlatform = false;
    options.trustFolders.push_back(folder.path());
    EXPECT_EQ(complaint(options), "");
    options.trustFolders.push_back(folder.file("missing"));
    expectComplaint("missing: No such file or directory", complaint(options));
}

TEST(TlsContextTest, dhParametersAreReadAndChecked) {
    TemporaryFolder folder;
    CertificateOptions options = testAuthority().server();
    options.dhParameters = folder.write("dh.pem", "nothing");
    expectComplaint("dh.pem: holds nothing in PEM format", complaint(options));
    options.dhParameters = folder.write("dh.pem", testAuthority().self().certificatePem);
    expectComplaint("dh.pem: no DH parameters in it", complaint(options));
    std::unique_ptr<EVP_PKEY_CTX, detail::FreeBy<EVP_PKEY_CTX_free>> making(
        EVP_PKEY_CTX_new_from_name(nullptr, "DH", nullptr));
    EVP_PKEY* raw = nullptr;
    char group[] = "ffdhe2048";
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("group", group, 0),
                               OSSL_PARAM_construct_end()};
    ASSERT_EQ(EVP_PKEY_keygen_init(making.get()), 1);
    ASSERT_EQ(EVP_PKEY_CTX_set_params(making.get(), parameters), 1);
    ASSERT_EQ(EVP_PKEY_generate(making.get(), &raw), 1);
    detail::KeyPtr key(raw);
    options.dhParameters = folder.write(
        "dh.pem", certificates::pem([&](BIO* bio) { PEM_write_bio_Parameters(bio, key.get()); }));
    EXPECT_EQ(complaint(options), "");
}

TEST(TlsContextTest, aTextWithoutACertificateIsRefused) {
    EXPECT_THROW(Certificate::loadPEM("nothing"), CertificateError);
    auto loaded = Certificate::loadPEM(testAuthority().self().certificatePem);
    EXPECT_EQ(loaded->subject(), loaded->issuer());
}

}  // namespace
}  // namespace wring
