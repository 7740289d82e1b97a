#include <wring/runtime/detail/sim_address.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <algorithm>
#include <cstring>

namespace wring::detail {

namespace {
template <class Bytes>
std::string bytesOf(const Bytes& bytes) {
    return {reinterpret_cast<const char*>(&bytes), sizeof bytes};
}
}  // namespace

std::optional<SimAddress> SimAddress::from(const void* data, std::size_t bytes) {
    sockaddr_storage storage{};
    if (!data || bytes < sizeof(sa_family_t) || bytes > sizeof storage) return {};
    std::memcpy(&storage, data, bytes);
    SimAddress address;
    address.family = storage.ss_family;
    if (address.family == AF_INET && bytes >= sizeof(sockaddr_in)) {
        const auto& four = reinterpret_cast<const sockaddr_in&>(storage);
        address.host = bytesOf(four.sin_addr);
        address.port = ntohs(four.sin_port);
    } else if (address.family == AF_INET6 && bytes >= sizeof(sockaddr_in6)) {
        const auto& six = reinterpret_cast<const sockaddr_in6&>(storage);
        address.host = bytesOf(six.sin6_addr);
        address.port = ntohs(six.sin6_port);
    } else if (address.family == AF_UNIX) {
        const auto& local = reinterpret_cast<const sockaddr_un&>(storage);
        std::size_t length = bytes - offsetof(sockaddr_un, sun_path);
        bool isAbstract = length > 0 && local.sun_path[0] == 0;
        address.host.assign(local.sun_path,
                            isAbstract ? length : ::strnlen(local.sun_path, length));
    } else {
        return {};
    }
    return address;
}

void SimAddress::copyTo(void* into, std::size_t& bytes) const noexcept {
    sockaddr_storage storage{};
    storage.ss_family = static_cast<sa_family_t>(family);
    std::size_t length = sizeof(sa_family_t);
    if (family == AF_INET) {
        auto& four = reinterpret_cast<sockaddr_in&>(storage);
        std::memcpy(&four.sin_addr, host.data(), std::min(host.size(), sizeof four.sin_addr));
        four.sin_port = htons(port);
        length = sizeof four;
    } else if (family == AF_INET6) {
        auto& six = reinterpret_cast<sockaddr_in6&>(storage);
        std::memcpy(&six.sin6_addr, host.data(), std::min(host.size(), sizeof six.sin6_addr));
        six.sin6_port = htons(port);
        length = sizeof six;
    } else if (family == AF_UNIX && !host.empty()) {
        auto& local = reinterpret_cast<sockaddr_un&>(storage);
        std::size_t size = std::min(host.size(), sizeof local.sun_path);
        std::memcpy(local.sun_path, host.data(), size);
        length = offsetof(sockaddr_un, sun_path) + size + (host[0] != 0);
    }
    std::memcpy(into, &storage, std::min(bytes, length));
    bytes = length;
}

bool SimAddress::isUnix() const noexcept { return family == AF_UNIX; }

bool SimAddress::isFile() const noexcept { return isUnix() && !host.empty() && host[0] != 0; }

bool SimAddress::isAny() const noexcept {
    return !isUnix() && std::all_of(host.begin(), host.end(), [](char c) { return c == 0; });
}

bool SimAddress::isLoopback() const noexcept {
    if (family == AF_INET) return !host.empty() && host[0] == 127;
    return family == AF_INET6 && host == std::string(15, '\0') + '\1';
}

}  // namespace wring::detail
