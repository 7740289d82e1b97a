#include <wring/net/address.hpp>

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace wring {

static_assert(sizeof(Address) == 32);
static_assert(Address::pathBytesMax + 1 == sizeof(sockaddr_un::sun_path));

/// The name of a UNIX socket, in the kernel's form, and how many addresses share it.
struct Address::Name {
    std::atomic<std::uint32_t> references{1};
    sockaddr_un raw{};
};

namespace {

template <class Raw>
Raw load(const void* bytes) noexcept {
    Raw raw;
    std::memcpy(&raw, bytes, sizeof raw);
    return raw;
}

// inet_pton with an end instead of a terminator. Glibc's IPv4 is the strict form we promise.
bool readNumeric(int family, std::string_view text, void* into) noexcept {
    char terminated[INET6_ADDRSTRLEN] = {};
    if (text.size() >= sizeof terminated) return false;
    if (text.find('\0') != text.npos) return false;
    text.copy(terminated, text.size());
    return inet_pton(family, terminated, into) == 1;
}

// A number is tried first: what it means must not depend on which interfaces exist.
std::optional<std::uint32_t> readScope(std::string_view text) noexcept {
    std::uint32_t index = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, index);
    if (error == std::errc{} && stop == end) return index;

    char name[IF_NAMESIZE] = {};
    if (text.size() >= sizeof name || text.find('\0') != text.npos) return std::nullopt;
    text.copy(name, text.size());
    index = if_nametoindex(name);
    if (index == 0) return std::nullopt;
    return index;
}

std::string writeScope(std::uint32_t index) {
    char name[IF_NAMESIZE];
    return if_indextoname(index, name) != nullptr ? std::string(name) : std::to_string(index);
}

sockaddr_in inet4(in_addr_t hostOrder, std::uint16_t port) noexcept {
    sockaddr_in raw{};
    raw.sin_family = AF_INET;
    raw.sin_port = htons(port);
    raw.sin_addr.s_addr = htonl(hostOrder);
    return raw;
}

sockaddr_in6 inet6(const in6_addr& host, std::uint16_t port) noexcept {
    sockaddr_in6 raw{};
    raw.sin6_family = AF_INET6;
    raw.sin6_port = htons(port);
    raw.sin6_addr = host;
    return raw;
}

std::optional<sockaddr_in> read4(std::string_view host, std::uint16_t port) noexcept {
    sockaddr_in raw = inet4(INADDR_ANY, port);
    if (!readNumeric(AF_INET, host, &raw.sin_addr)) return std::nullopt;
    return raw;
}

std::optional<sockaddr_in6> read6(std::string_view host, std::uint16_t port) noexcept {
    sockaddr_in6 raw = inet6(in6addr_any, port);
    const std::size_t percent = host.find('%');
    if (!readNumeric(AF_INET6, host.substr(0, percent), &raw.sin6_addr)) return std::nullopt;
    if (percent == host.npos) return raw;

    const auto scope = readScope(host.substr(percent + 1));
    if (!scope) return std::nullopt;
    raw.sin6_scope_id = *scope;
    return raw;
}

std::size_t mix(std::size_t seed, std::size_t value) noexcept {
    return seed ^ (value + 0x9e3779b97f4a7c15u + (seed << 6) + (seed >> 2));
}

std::size_t hashText(std::string_view text) noexcept { return std::hash<std::string_view>{}(text); }

}  // namespace

IPv4Address::IPv4Address(AddressType type, std::string host, std::uint16_t port)
    : type_(type), port_(port), host_(std::move(host)) {}

IPv6Address::IPv6Address(AddressType type, std::string host, std::uint16_t port,
                         std::uint32_t flowInfo, std::uint32_t scopeId)
    : type_(type), port_(port), flowInfo_(flowInfo), scopeId_(scopeId), host_(std::move(host)) {}

Address::Address(const void* data, std::size_t size) noexcept
    : size_(static_cast<std::uint32_t>(size)) {
    static_assert(sizeof raw_ >= sizeof(sockaddr_in) && sizeof raw_ >= sizeof(sockaddr_in6));
    std::memcpy(raw_.data(), data, size);
}

Address::Name* Address::name() const noexcept { return load<Name*>(raw_.data()); }

void Address::retain() const noexcept {
    name()->references.fetch_add(1, std::memory_order_relaxed);
}

void Address::release() noexcept {
    if (name()->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete name();
}

// `name` is at most as long as sun_path, and empty for a socket that is bound nowhere.
Address Address::fromUnixName(std::string_view name) noexcept {
    constexpr sa_family_t family = AF_UNIX;
    if (name.empty()) return {&family, sizeof family};
    auto* shared = new (std::nothrow) Name;
    if (shared == nullptr) return {};
    shared->raw.sun_family = family;
    name.copy(shared->raw.sun_path, name.size());

    Address address;
    std::memcpy(address.raw_.data(), &shared, sizeof shared);
    // A path ends in a NUL, the name of an abstract socket where the size says.
    std::size_t end = name.front() == '\0' ? name.size() : name.size() + 1;
    address.size_ = static_cast<std::uint32_t>(offsetof(sockaddr_un, sun_path) + end) | sharedFlag;
    return address;
}

std::optional<Address> Address::fromPath(std::string_view path) noexcept {
    bool isAbstract = !path.empty() && path.front() == '\0';
    if (path.empty() || path.size() > pathBytesMax + isAbstract) return std::nullopt;
    if (!isAbstract && path.find('\0') != path.npos) return std::nullopt;
    Address address = fromUnixName(path);
    if (address.family() == AddressFamily::none) return std::nullopt;
    return address;
}

Address Address::fromSockaddr(const void* data, std::size_t size) noexcept {
    if (data == nullptr || size < sizeof(sa_family_t)) return {};
    const auto family = load<sa_family_t>(data);

    if (family == AF_INET && size >= sizeof(sockaddr_in)) {
        const auto given = load<sockaddr_in>(data);
        const auto raw = inet4(ntohl(given.sin_addr.s_addr), ntohs(given.sin_port));
        return {&raw, sizeof raw};
    }
    if (family == AF_INET6 && size >= sizeof(sockaddr_in6)) return {data, sizeof(sockaddr_in6)};
    if (family == AF_UNIX && size <= sizeof(sockaddr_un) + 1) {
        constexpr std::size_t before = offsetof(sockaddr_un, sun_path);
        std::string_view name(static_cast<const char*>(data) + before,
                              std::min(size, sizeof(sockaddr_un)) - before);
        // The NUL at the end of a path belongs to it or not, as the kernel pleases.
        if (!name.empty() && name.front() != '\0') name = name.substr(0, name.find('\0'));
        return fromUnixName(name);
    }
    return {};
}

std::optional<Address> Address::parse(std::string_view host, std::uint16_t port) noexcept {
    if (const auto raw = read4(host, port)) return Address(&*raw, sizeof *raw);
    if (const auto raw = read6(host, port)) return Address(&*raw, sizeof *raw);
    return std::nullopt;
}

std::optional<Address> Address::from(const IPv4Address& address) noexcept {
    const auto raw = read4(address.host(), address.port());
    if (!raw) return std::nullopt;
    return Address(&*raw, sizeof *raw);
}

std::optional<Address> Address::from(const IPv6Address& address) noexcept {
    auto raw = read6(address.host(), address.port());
    if (!raw) return std::nullopt;
    raw->sin6_flowinfo = htonl(address.flowInfo());
    if (address.host().find('%') == std::string::npos) raw->sin6_scope_id = address.scopeId();
    return Address(&*raw, sizeof *raw);
}

Address Address::any4(std::uint16_t port) noexcept {
    const auto raw = inet4(INADDR_ANY, port);
    return {&raw, sizeof raw};
}

Address Address::loopback4(std::uint16_t port) noexcept {
    const auto raw = inet4(INADDR_LOOPBACK, port);
    return {&raw, sizeof raw};
}

Address Address::any6(std::uint16_t port) noexcept {
    const auto raw = inet6(in6addr_any, port);
    return {&raw, sizeof raw};
}

Address Address::loopback6(std::uint16_t port) noexcept {
    const auto raw = inet6(in6addr_loopback, port);
    return {&raw, sizeof raw};
}

AddressFamily Address::family() const noexcept {
    if (isShared() || size_ == sizeof(sa_family_t)) return AddressFamily::unixSocket;
    if (size_ == sizeof(sockaddr_in)) return AddressFamily::ipv4;
    return size_ == sizeof(sockaddr_in6) ? AddressFamily::ipv6 : AddressFamily::none;
}

std::string Address::host() const {
    char text[INET6_ADDRSTRLEN] = {};
    if (family() == AddressFamily::ipv4) {
        const auto raw = load<sockaddr_in>(raw_.data());
        return inet_ntop(AF_INET, &raw.sin_addr, text, sizeof text);
    }
    if (family() == AddressFamily::ipv6) {
        const auto raw = load<sockaddr_in6>(raw_.data());
        std::string host = inet_ntop(AF_INET6, &raw.sin6_addr, text, sizeof text);
        if (raw.sin6_scope_id != 0) host.append("%").append(writeScope(raw.sin6_scope_id));
        return host;
    }
    return {};
}

std::string Address::path() const {
    if (!isShared()) return {};
    std::string_view bytes(name()->raw.sun_path, sockaddrSize() - offsetof(sockaddr_un, sun_path));
    if (bytes.front() != '\0') bytes.remove_suffix(1);
    return std::string(bytes);
}

std::uint16_t Address::port() const noexcept {
    if (family() == AddressFamily::unixSocket) return 0;
    static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
    return ntohs(load<in_port_t>(raw_.data() + offsetof(sockaddr_in, sin_port)));
}

Address Address::withPort(std::uint16_t port) const noexcept {
    Address changed = *this;
    if (family() != AddressFamily::ipv4 && family() != AddressFamily::ipv6) return changed;
    const in_port_t networkOrder = htons(port);
    std::memcpy(changed.raw_.data() + offsetof(sockaddr_in, sin_port), &networkOrder,
                sizeof networkOrder);
    return changed;
}

std::string Address::format() const {
    if (family() == AddressFamily::none) return "none";
    if (family() == AddressFamily::unixSocket) {
        std::string path = this->path();
        if (!path.empty() && path.front() == '\0') path.front() = '@';
        return "unix:" + path;
    }
    const std::string port = ":" + std::to_string(this->port());
    return family() == AddressFamily::ipv6 ? "[" + host() + "]" + port : host() + port;
}

const sockaddr* Address::sockaddrData() const noexcept {
    const void* data = isShared() ? static_cast<const void*>(&name()->raw) : raw_.data();
    return static_cast<const sockaddr*>(data);
}

bool Address::operator==(const Address& other) const noexcept {
    return size_ == other.size_ &&
           std::memcmp(sockaddrData(), other.sockaddrData(), sockaddrSize()) == 0;
}

std::optional<IPv4Address> Address::ipv4(AddressType type) const {
    if (family() != AddressFamily::ipv4) return std::nullopt;
    return IPv4Address(type, host(), port());
}

std::optional<IPv6Address> Address::ipv6(AddressType type) const {
    if (family() != AddressFamily::ipv6) return std::nullopt;
    const auto raw = load<sockaddr_in6>(raw_.data());
    return IPv6Address(type, host(), port(), ntohl(raw.sin6_flowinfo), raw.sin6_scope_id);
}

bool isIPAddress(std::string_view text, AddressFamily family) noexcept {
    in_addr ignored;
    if (family == AddressFamily::ipv6) return isIPv6Address(text);
    return family == AddressFamily::ipv4 && readNumeric(AF_INET, text, &ignored);
}

bool isIPv6Address(std::string_view text) noexcept {
    in6_addr ignored;
    return readNumeric(AF_INET6, text.substr(0, text.find('%')), &ignored);
}

}  // namespace wring

std::size_t std::hash<wring::IPv4Address>::operator()(
    const wring::IPv4Address& address) const noexcept {
    const auto type = static_cast<std::size_t>(address.type());
    return wring::mix(wring::hashText(address.host()), type << 16 | address.port());
}

std::size_t std::hash<wring::IPv6Address>::operator()(
    const wring::IPv6Address& address) const noexcept {
    const auto type = static_cast<std::size_t>(address.type());
    const auto seed = wring::mix(wring::hashText(address.host()), type << 16 | address.port());
    return wring::mix(wring::mix(seed, address.flowInfo()), address.scopeId());
}

std::size_t std::hash<wring::Address>::operator()(const wring::Address& address) const noexcept {
    return wring::hashText(
        {reinterpret_cast<const char*>(address.sockaddrData()), address.sockaddrSize()});
}
