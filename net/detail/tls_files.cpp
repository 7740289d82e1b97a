#include <wring/net/detail/tls_files.hpp>

#include <wring/net/tls_errors.hpp>
#include <wring/runtime/log.hpp>

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>

namespace wring::detail {

namespace {

using BioPtr = std::unique_ptr<BIO, FreeBy<BIO_free_all>>;
constexpr std::size_t fileBytesMax = 16 << 20;

[[noreturn]] void fail(const std::string& path, const std::string& cause, int code = 0) {
    throw CertificateError(code, "read a certificate", path + ": " + cause);
}

std::string readAll(const std::string& path) {
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        int code = errno;
        fail(path, ::strerrordesc_np(code), code);
    }
    std::string text;
    char block[16384];
    ssize_t count = 0;
    while (text.size() <= fileBytesMax && (count = ::read(fd, block, sizeof block)) > 0) {
        text.append(block, static_cast<std::size_t>(count));
    }
    int code = errno;
    ::close(fd);
    if (count < 0) fail(path, ::strerrordesc_np(code), code);
    if (text.size() > fileBytesMax) fail(path, "is larger than 16 MiB");
    return text;
}

BioPtr bioOf(const std::string& text) {
    BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    if (!bio) throw std::bad_alloc();
    return bio;
}

/// The kinds of the blocks in a PEM text, and the certificates among them.
struct Blocks {
    std::vector<std::string> kinds;
    std::vector<CertificatePtr> certificates;

    std::size_t keys() const {
        return static_cast<std::size_t>(
            std::count_if(kinds.begin(), kinds.end(),
                          [](const std::string& kind) { return kind.ends_with("PRIVATE KEY"); }));
    }
    /// For complaints: "a CERTIFICATE, 2 PRIVATE KEYs" is more than anybody needs.
    std::string found() const {
        if (kinds.empty()) return "nothing in PEM format";
        std::string text;
        for (const std::string& kind : kinds) text += (text.empty() ? "" : ", ") + kind;
        return text;
    }
};

Blocks blocksOf(const std::string& path, const std::string& text) {
    Blocks blocks;
    BioPtr bio = bioOf(text);
    char* name = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long size = 0;
    ERR_clear_error();
    while (PEM_read_bio(bio.get(), &name, &header, &data, &size) == 1) {
        std::string kind = name;
        const unsigned char* at = data;
        bool isCertificate = kind == "CERTIFICATE" || kind == "X509 CERTIFICATE";
        CertificatePtr certificate(isCertificate ? d2i_X509(nullptr, &at, size) : nullptr);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(data);
        if (isCertificate && !certificate) fail(path, "a certificate in it is damaged");
        if (certificate) blocks.certificates.push_back(std::move(certificate));
        blocks.kinds.push_back(std::move(kind));
    }
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
        fail(path, "is damaged: " + takeLibraryError());
    }
    ERR_clear_error();
    return blocks;
}

void checkMode(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) < 0) return;
    char mode[8];
    std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(status.st_mode & 07777));
    if (status.st_mode & (S_IROTH | S_IWOTH)) {
        fail(path, std::string("everybody may read this private key (mode ") + mode +
                       "): chmod 600 it, and think about a new one");
    }
    if (status.st_mode & (S_IRGRP | S_IWGRP)) {
        log(LogLevel::warning,
            "tls: " + path + ": its group may read this private key (mode " + mode + ")");
    }
}

void warnOfDates(const std::string& path, X509* certificate) {
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) {
        log(LogLevel::warning, "tls: " + path + ": the certificate has expired, notAfter " +
                                   timeText(X509_get0_notAfter(certificate)));
    } else if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0) {
        log(LogLevel::warning, "tls: " + path + ": the certificate is not valid yet, notBefore " +
                                   timeText(X509_get0_notBefore(certificate)));
    }
}

std::string textOf(const ASN1_STRING* text) {
    return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                       static_cast<std::size_t>(ASN1_STRING_length(text)));
}

int refusePassword(char*, int, int, void*) { return -1; }

}  // namespace

std::string takeLibraryError() {
    unsigned long code = ERR_peek_error();
    const char* reason = code ? ERR_reason_error_string(code) : nullptr;
    std::string text = reason ? reason : "unknown cause";
    ERR_clear_error();
    return text;
}

std::vector<std::string> namesOf(X509* certificate) {
    std::vector<std::string> names;
    std::unique_ptr<GENERAL_NAMES, FreeBy<GENERAL_NAMES_free>> list(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; i < sk_GENERAL_NAME_num(list.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(list.get(), i);
        if (name->type == GEN_DNS) names.push_back(textOf(name->d.dNSName));
        if (name->type != GEN_IPADD) continue;
        std::string raw = textOf(name->d.iPAddress);
        char numeric[INET6_ADDRSTRLEN] = "";
        if (raw.size() != 4 && raw.size() != 16) continue;
        ::inet_ntop(raw.size() == 4 ? AF_INET : AF_INET6, raw.data(), numeric, sizeof numeric);
        names.emplace_back(numeric);
    }
    return names;
}

std::string nameText(const X509_NAME* name) {
    BioPtr bio(BIO_new(BIO_s_mem()));
    if (!bio || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) < 0)
        return "?";
    char* data = nullptr;
    long size = BIO_get_mem_data(bio.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
}

std::string timeText(const ASN1_TIME* time) {
    std::tm parts{};
    if (!ASN1_TIME_to_tm(time, &parts)) return "?";
    char text[32];
    std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return std::string(text, size);
}

std::string readPem(const std::string& path) {
    std::string text = readAll(path);
    if (text.empty()) fail(path, "is empty");
    if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
    if (text.find("-----BEGIN ") != std::string::npos) return text;
    if (text[0] == 0x30) fail(path, "looks like DER; PEM is wanted (openssl x509 -inform der)");
    fail(path, "holds nothing in PEM format");
}

std::vector<CertificatePtr> readCertificates(const std::string& path) {
    Blocks blocks = blocksOf(path, readPem(path));
    if (blocks.certificates.empty()) fail(path, "no certificate in it, but: " + blocks.found());
    return std::move(blocks.certificates);
}

KeyPtr readKey(const std::string& path) {
    std::string text = readPem(path);
    Blocks blocks = blocksOf(path, text);
    if (blocks.keys() == 0) fail(path, "no private key in it, but: " + blocks.found());
    if (blocks.keys() > 1) {
        fail(path, std::to_string(blocks.keys()) + " private keys in it; one is wanted");
    }
    checkMode(path);
    ERR_clear_error();
    KeyPtr key(PEM_read_bio_PrivateKey(bioOf(text).get(), nullptr, refusePassword, nullptr));
    if (!key)
        fail(path, "the private key cannot be read (is it encrypted?): " + takeLibraryError());
    return key;
}

OwnCertificate readOwnCertificate(const CertificateFiles& files) {
    OwnCertificate own;
    if (files.privateKey.empty()) fail(files.certificate, "there is no private key for it");
    if (files.certificate.empty()) fail(files.privateKey, "there is no certificate for this key");
    own.key = readKey(files.privateKey);
    std::vector<CertificatePtr> certificates = readCertificates(files.certificate);
    auto isLeaf = [&](const CertificatePtr& each) {
        return X509_check_private_key(each.get(), own.key.get()) == 1;
    };
    auto leaf = std::find_if(certificates.begin(), certificates.end(), isLeaf);
    ERR_clear_error();
    if (leaf == certificates.end()) {
        throw CertificateError(0, "load a certificate",
                               files.certificate + " and " + files.privateKey + " do not match");
    }
    own.leaf = std::move(*leaf);
    certificates.erase(leaf);
    own.chain = std::move(certificates);
    if (!files.extraCertChain.empty()) {
        for (CertificatePtr& each : readCertificates(files.extraCertChain)) {
            own.chain.push_back(std::move(each));
        }
    }
    warnOfDates(files.certificate, own.leaf.get());
    return own;
}

std::vector<std::string> pemFilesIn(const std::string& folder) {
    std::vector<std::string> files;
    DIR* entries = ::opendir(folder.c_str());
    if (!entries) fail(folder, ::strerrordesc_np(errno), errno);
    while (const dirent* entry = ::readdir(entries)) {
        std::string name = entry->d_name;
        if (name.size() > 4 && ::strcasecmp(name.c_str() + name.size() - 4, ".pem") == 0) {
            files.push_back(folder + "/" + name);
        }
    }
    ::closedir(entries);
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace wring::detail
