#include <wring/net/unix_address.hpp>

#include <sys/stat.h>

#include <utility>

namespace wring {

namespace {

struct FileIdentity {
    dev_t device;
    ino_t inode;
    bool operator==(const FileIdentity&) const = default;
};

std::optional<FileIdentity> fileOf(const std::optional<std::string>& name) noexcept {
    struct stat status {};
    if (!name || name->empty() || name->front() == '\0') return std::nullopt;
    if (::stat(name->c_str(), &status) != 0) return std::nullopt;
    return FileIdentity{status.st_dev, status.st_ino};
}

}  // namespace

UNIXAddress::UNIXAddress(std::optional<std::string> name) : name_(std::move(name)) {}

std::optional<UNIXAddress> UNIXAddress::from(const Address& address) {
    if (address.family() != AddressFamily::unixSocket) return std::nullopt;
    std::string path = address.path();
    if (path.empty()) return UNIXAddress();
    return UNIXAddress(std::move(path));
}

std::string UNIXAddress::toString() const {
    return name_ ? "UNIXAddress('" + *name_ + "')" : "UNIXAddress(None)";
}

bool UNIXAddress::operator==(const UNIXAddress& other) const noexcept {
    if (name_ == other.name_) return true;
    auto file = fileOf(name_);
    return file && file == fileOf(other.name_);
}

}  // namespace wring

std::size_t std::hash<wring::UNIXAddress>::operator()(
    const wring::UNIXAddress& address) const noexcept {
    if (auto file = wring::fileOf(address.name())) {
        return std::hash<std::uintmax_t>{}(file->inode) * 31 + file->device;
    }
    return std::hash<std::string_view>{}(address.name().value_or(std::string()));
}
