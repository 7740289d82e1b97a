#pragma once

#include <wring/net/errors.hpp>

#include <cstddef>

namespace wring {

/// A string is longer than the length in front of it can say. Twisted: basic.StringTooLongError.
WRING_DECLARE_ERROR(StringTooLongError, UsageError);

/// What the peer sent is not a netstring: the text names the first byte that cannot stand where it
/// stands. Twisted: basic.NetstringParseError.
class WRING_API NetstringParseError : public Error {
 public:
    /// `wrong` stands `at` bytes behind the beginning of the netstring.
    NetstringParseError(std::byte wrong, std::size_t at);
    explicit NetstringParseError(int code = 0, const char* operation = nullptr)
        : Error(errorClass(), code, operation, {}) {}

    /// The description shared by all errors of this class.
    static const ErrorClass& errorClass() noexcept;

    std::byte byte{};          ///< the one that is wrong
    std::size_t position = 0;  ///< of it in the netstring, which begins at 0
};

/// The consumer of a FileSender wants no more: its connection is lost, for instance. The text is
/// Twisted's, "Consumer asked us to stop producing"; there the class is a plain Exception.
class WRING_API ConsumerStoppedError : public Error {
 public:
    explicit ConsumerStoppedError(int code = 0, const char* operation = nullptr);

    /// The description shared by all errors of this class.
    static const ErrorClass& errorClass() noexcept;
};

}  // namespace wring
