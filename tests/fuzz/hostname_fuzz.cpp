#include <wring/net/hostname.hpp>
#include <wring/tests/fuzz/input.hpp>
#include <wring/tests/fuzz/property.hpp>

#include <algorithm>

namespace wring::testing {

namespace {

bool isOfNames(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

std::string raised(std::string_view text) {
    std::string upper(text);
    for (char& c : upper) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return upper;
}

bool gives(std::string_view host, const std::string& name) {
    Result<std::string> result = asciiHostname(host);
    return result && *result == name;
}

void checkName(std::string_view host, const std::string& name) {
    require(std::all_of(name.begin(), name.end(), isOfNames), "a name has letters of names only");
    bool isAbsolute = name.ends_with('.');
    std::size_t size = name.size() - isAbsolute;
    require(size > 0 && size <= 253, "a name has 1 to 253 bytes");
    for (std::size_t begin = 0; begin < size;) {
        std::size_t end = std::min(name.find('.', begin), size);
        require(end > begin && end - begin <= 63, "a label has 1 to 63 bytes");
        begin = end + 1;
    }
    require(gives(name, name), "the name of a name is itself");
    require(gives(raised(host), name), "upper case makes no difference");
    if (!isAbsolute) require(gives(name + ".", name + "."), "a full stop may be added");
}

void check(std::string_view host) {
    Result<std::string> name = asciiHostname(host);
    if (name) return checkName(host, *name);
    require(name.error().check<InvalidHostnameError>(), "what is no name is told to be none");
}

}  // namespace

}  // namespace wring::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    wring::testing::check(wring::testing::Input(data, size).rest());
    return 0;
}
