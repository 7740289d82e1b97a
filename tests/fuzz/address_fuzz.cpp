#include <wring/net/address.hpp>
#include <wring/net/address_range.hpp>
#include <wring/tests/fuzz/input.hpp>
#include <wring/tests/fuzz/property.hpp>

// The first two bytes are a port.

namespace wring::testing {

namespace {

void checkLiteral(std::string_view host, std::uint16_t port) {
    std::optional<Address> address = Address::parse(host, port);
    bool isIPv4 = isIPAddress(host), isIPv6 = isIPv6Address(host);
    require(!(isIPv4 && isIPv6), "no text is of both families");
    if (!address) return;
    bool isOfItsFamily = address->family() == (isIPv4 ? AddressFamily::ipv4 : AddressFamily::ipv6);
    require(isOfItsFamily && (isIPv4 || isIPv6), "an address is of the family its text is of");
    require(address->port() == port, "an address has the port it was given");
    require(Address::parse(address->host(), port) == address, "what is printed is what was parsed");
    std::optional<Address> back =
        isIPv4 ? Address::from(*address->ipv4()) : Address::from(*address->ipv6());
    require(back == address, "applications see the same address");
    require(address->withPort(0).withPort(port) == *address, "a port can be changed and back");
}

void checkRange(std::string_view text) {
    std::optional<AddressRange> range = AddressRange::parse(text);
    if (!range || text == "unix") return;
    std::optional<Address> first = Address::parse(text.substr(0, text.find('/')), 1);
    require(first && range->contains(*first), "a range has its first address in it");
}

// What comes from the kernel or from a header of a proxy.
void checkRaw(std::string_view bytes) {
    Address address = Address::fromSockaddr(bytes.data(), bytes.size());
    Address again = Address::fromSockaddr(address.sockaddrData(), address.sockaddrSize());
    require(again == address && !address.format().empty(), "the kernel's form is kept");
    std::optional<Address> named = Address::fromPath(bytes);
    require(!named || named->path() == bytes, "a UNIX socket has the name it was given");
}

}  // namespace

}  // namespace wring::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    wring::testing::Input input(data, size);
    wring::testing::checkRaw(input.rest());
    auto port = static_cast<std::uint16_t>(input.byte() << 8);
    port = static_cast<std::uint16_t>(port | input.byte());
    wring::testing::checkLiteral(input.rest(), port);
    wring::testing::checkRange(input.rest());
    return 0;
}
