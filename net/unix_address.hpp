#pragma once

#include <wring/net/address.hpp>

namespace wring {

/// The end of a UNIX connection as applications see it: the name it is bound to, or none.
///
/// Source    Twisted: UNIXAddress(name).
class WRING_API UNIXAddress {
 public:
    /// Keeps the name: a path, or a NUL and a name of the abstract namespace.
    explicit UNIXAddress(std::optional<std::string> name = std::nullopt);
    /// That of an Address; nothing unless it is of a UNIX socket.
    static std::optional<UNIXAddress> from(const Address& address);

    /// The name; nothing for a socket that is bound nowhere.
    const std::optional<std::string>& name() const noexcept { return name_; }
    /// "UNIXAddress('/run/sock')", "UNIXAddress(None)".
    std::string toString() const;

    /// Whether the names are the same text or, where both exist in the file system, the same file.
    bool operator==(const UNIXAddress& other) const noexcept;

 private:
    std::optional<std::string> name_;
};

}  // namespace wring

/// Hashes the file, where there is one, and otherwise the name.
template <>
struct WRING_API std::hash<wring::UNIXAddress> {
    /// Equal addresses have equal hashes as long as no file comes or goes meanwhile.
    std::size_t operator()(const wring::UNIXAddress& address) const noexcept;
};
