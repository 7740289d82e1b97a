#include <wring/endpoints/detail/standard_io_parser.hpp>

#include <wring/endpoints/arguments.hpp>
#include <wring/endpoints/registry.hpp>
#include <wring/endpoints/standard_io_endpoint.hpp>

namespace wring::detail {

namespace {

/// "stdio:" or "stdio", which takes no arguments. Twisted ignores those that are given; here they are an
/// error.
class StandardIOParser final : public IStreamServerEndpointStringParser {
 public:
    std::string prefix() const override { return "stdio"; }
    Ref<IStreamServerEndpoint> parseStreamServer(Reactor& reactor,
                                                 const Description& description) override {
        const auto& given = description.positional();
        bool isBare = given.size() == 1 && given.front().text.empty();  // what follows the colon
        if (!isBare || !description.keywords().empty()) Arguments(description, {});
        return makeRef<StandardIOEndpoint>(reactor);
    }
};

}  // namespace

void addStandardIOParser(EndpointRegistry& registry) {
    registry.add(std::make_unique<StandardIOParser>());
}

}  // namespace wring::detail
