#include <wring/endpoints/detail/tls_parsers.hpp>

#include <wring/endpoints/arguments.hpp>
#include <wring/endpoints/detail/tcp_parsers.hpp>
#include <wring/endpoints/registry.hpp>
#include <wring/endpoints/tcp_endpoints.hpp>
#include <wring/endpoints/tls_endpoints.hpp>
#include <wring/runtime/log.hpp>

#include <algorithm>
#include <filesystem>

namespace wring::detail {

namespace {

// The names are those of OpenSSL's functions, which the strings of old have.
void setMethod(CertificateOptions& options, const Arguments& arguments) {
    std::string method = arguments.text("sslmethod", "TLS_METHOD");
    for (const char* obsolete :
         {"SSLv2_METHOD", "SSLv3_METHOD", "TLSv1_METHOD", "TLSv1_1_METHOD"}) {
        if (method == obsolete) {
            arguments.reject("sslmethod", "'" + method + "' is obsolete and refused: it is broken");
        }
    }
    if (method == "TLSv1_2_METHOD") {
        options.lowerMaximumTo = TLSVersion::tls12;
    } else if (method == "TLSv1_3_METHOD") {
        options.raiseMinimumTo = TLSVersion::tls13;
    } else if (method != "TLS_METHOD" && method != "SSLv23_METHOD") {
        arguments.reject("sslmethod", "'" + method +
                                          "' is unknown (known: TLS_METHOD, "
                                          "TLSv1_2_METHOD, TLSv1_3_METHOD)");
    }
}

/// "ssl:port:privateKey:certKey:sslmethod:interface:backlog:extraCertChain:dhParameters".
class SslServerParser final : public IStreamServerEndpointStringParser {
 public:
    std::string prefix() const override { return "ssl"; }
    Ref<IStreamServerEndpoint> parseStreamServer(Reactor& reactor,
                                                 const Description& description) override {
        Arguments arguments(description, {"port", "privateKey", "certKey", "sslmethod", "interface",
                                          "backlog", "extraCertChain", "dhParameters"});
        ListenOptions listening = listenOptionsFrom(arguments);
        CertificateOptions options;
        options.own.privateKey = arguments.path("privateKey", "server.pem");
        options.own.certificate = options.own.privateKey;
        if (arguments.has("certKey")) options.own.certificate = arguments.path("certKey");
        if (arguments.has("extraCertChain")) {
            options.own.extraCertChain = arguments.path("extraCertChain");
        }
        if (arguments.has("dhParameters")) options.dhParameters = arguments.path("dhParameters");
        setMethod(options, arguments);
        auto context = makeRef<TLSContext>(std::move(options));
        auto endpoint = makeRef<TCPServerEndpoint>(reactor, std::move(listening));
        return makeRef<TLSServerEndpoint>(std::move(context), std::move(endpoint));
    }
};

// A certificate of the client's own; the key is in its file unless it has another.
void setOwn(CertificateOptions& options, const Arguments& arguments, const char* certificate) {
    if (arguments.has(certificate)) {
        options.own.certificate = arguments.path(certificate);
        options.own.privateKey = arguments.path("privateKey", options.own.certificate);
    } else if (arguments.has("privateKey")) {
        log(LogLevel::warning, "endpoint: " + arguments.type() + ": privateKey without " +
                                   certificate + " is ignored");
    }
}

void setTrust(CertificateOptions& options, const Arguments& arguments, const char* where) {
    options.trustsPlatform = !arguments.has(where);
    if (options.trustsPlatform) return;
    std::string path = arguments.path(where);
    std::error_code ignored;
    bool isFile = std::filesystem::is_regular_file(path, ignored);
    (isFile ? options.trustFiles : options.trustFolders).push_back(std::move(path));
}

Ref<IStreamClientEndpoint> secured(Reactor& reactor, CertificateOptions options,
                                   ConnectOptions connecting) {
    options.handshakeTimeout = std::min(options.handshakeTimeout, connecting.timeout);
    auto context = makeRef<TLSContext>(std::move(options));
    return wrapClientTLS(std::move(context),
                         clientEndpoint(reactor, std::move(connecting)));
}

/// "ssl:host:port:timeout:bindAddress:certKey:privateKey:caCertsDir:hostname".
class SslClientParser final : public IStreamClientEndpointStringParser {
 public:
    std::string prefix() const override { return "ssl"; }
    Ref<IStreamClientEndpoint> parseStreamClient(Reactor& reactor,
                                                 const Description& description) override {
        Arguments arguments(
            description, {"host", "port"},
            {"timeout", "bindAddress", "certKey", "privateKey", "caCertsDir", "hostname"},
            Positionals::skipNamed);
        ConnectOptions connecting = connectOptionsFrom(arguments);
        CertificateOptions options;
        setOwn(options, arguments, "certKey");
        if (arguments.has("hostname") || arguments.has("caCertsDir")) {
            options.verification = PeerVerification::required;
            setTrust(options, arguments, "caCertsDir");
        }
        if (arguments.has("hostname")) options.hostname = arguments.text("hostname");
        return secured(reactor, std::move(options), std::move(connecting));
    }
};

/// "tls:host:port:timeout:bindAddress:certificate:privateKey:trustRoots:endpoint".
class TlsClientParser final : public IStreamClientEndpointStringParser {
 public:
    std::string prefix() const override { return "tls"; }
    Ref<IStreamClientEndpoint> parseStreamClient(Reactor& reactor,
                                                 const Description& description) override {
        Arguments arguments(
            description, {"host", "port"},
            {"timeout", "bindAddress", "certificate", "privateKey", "trustRoots", "endpoint"},
            Positionals::skipNamed);
        ConnectOptions connecting = connectOptionsFrom(arguments);
        CertificateOptions options = optionsForClientTLS(connecting.host);
        setOwn(options, arguments, "certificate");
        setTrust(options, arguments, "trustRoots");
        if (!arguments.has("endpoint")) {
            return secured(reactor, std::move(options), std::move(connecting));
        }
        auto inner = clientFromString(reactor, arguments.text("endpoint"));
        return wrapClientTLS(makeRef<TLSContext>(std::move(options)), std::move(inner));
    }
};

}  // namespace

void addTlsParsers(EndpointRegistry& registry) {
    registry.add(std::make_unique<SslServerParser>());
    registry.add(std::make_unique<SslClientParser>());
    registry.add(std::make_unique<TlsClientParser>());
}

}  // namespace wring::detail
