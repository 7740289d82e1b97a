#pragma once

#include <wring/endpoints/description.hpp>
#include <wring/endpoints/interfaces.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace wring {

/// Makes listening endpoints of one type from descriptions.
///
/// Source    Twisted: IStreamServerEndpointStringParser.
class WRING_API IStreamServerEndpointStringParser {
 public:
    virtual ~IStreamServerEndpointStringParser() = default;
    /// The type's name in descriptions, in lower case.
    virtual std::string prefix() const = 0;
    /// The endpoint; throws EndpointSyntaxError and opens nothing.
    virtual Ref<IStreamServerEndpoint> parseStreamServer(Reactor& reactor,
                                                         const Description& description) = 0;
};

/// Makes connecting endpoints of one type from descriptions.
///
/// Source    Twisted: IStreamClientEndpointStringParserWithReactor.
class WRING_API IStreamClientEndpointStringParser {
 public:
    virtual ~IStreamClientEndpointStringParser() = default;
    /// The type's name in descriptions, in lower case.
    virtual std::string prefix() const = 0;
    /// The endpoint; throws EndpointSyntaxError and opens nothing.
    virtual Ref<IStreamClientEndpoint> parseStreamClient(Reactor& reactor,
                                                         const Description& description) = 0;
};

/// The endpoint types that descriptions may name. The built-in ones are in it from the start and
/// came in by the same door as any other.
///
/// Thread    register before reactors run; look-ups from any thread after that.
class WRING_API EndpointRegistry {
 public:
    /// The process's registry.
    static EndpointRegistry& instance();

    /// Adds a type. Throws UsageError when there is one of that name.
    void add(std::unique_ptr<IStreamServerEndpointStringParser> parser);
    /// Adds a type that can be connected to.
    void add(std::unique_ptr<IStreamClientEndpointStringParser> parser);

    /// The parser of that type. Throws EndpointSyntaxError that lists the known ones.
    IStreamServerEndpointStringParser& server(const std::string& type) const;
    /// The parser of that type that can be connected to.
    IStreamClientEndpointStringParser& client(const std::string& type) const;

 private:
    EndpointRegistry();
    ~EndpointRegistry();
    struct Types;
    std::unique_ptr<Types> types_;
};

/// The endpoint that `description` names, for listening: "tcp:8080:interface=127.0.0.1".
///
/// Errors    EndpointSyntaxError naming the culprit; CertificateError for a file of TLS, which are
///           read here. Nothing stays open.
/// Source    Twisted: endpoints.serverFromString.
WRING_API Ref<IStreamServerEndpoint> serverFromString(Reactor& reactor,
                                                      std::string_view description);

/// The endpoint that `description` names, for connecting: "tcp:example.com:80:timeout=15".
///
/// Errors    EndpointSyntaxError naming the culprit; CertificateError for a file of TLS, which are
///           read here. Nothing stays open.
/// Source    Twisted: endpoints.clientFromString.
WRING_API Ref<IStreamClientEndpoint> clientFromString(Reactor& reactor,
                                                      std::string_view description);

}  // namespace wring
