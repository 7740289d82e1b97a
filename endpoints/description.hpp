#pragma once

#include <wring/runtime/api.hpp>
#include <wring/runtime/error.hpp>

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace wring {

/// An endpoint description cannot be understood. The text names the culprit and where it stands;
/// nothing has been opened.
///
/// Source    Twisted: ValueError or TypeError, depending on the mistake.
class WRING_API EndpointSyntaxError : public Error {
 public:
    /// Complains about the byte of the description at `position`, counted from 0.
    EndpointSyntaxError(std::string_view complaint, std::size_t position);
    /// What a Failure that only knows a code raises.
    EndpointSyntaxError(int code, const char* operation);

    /// The description shared by all errors of this class.
    static const ErrorClass& errorClass() noexcept;

    /// Where the culprit begins, in bytes from the start of the description.
    std::size_t position() const noexcept { return position_; }

 private:
    std::size_t position_ = 0;
};

/// An endpoint description taken apart: "tcp:80:interface=127.0.0.1" is of type "tcp", has one
/// positional argument and one keyword argument. What they mean is for the type to say, see
/// Arguments.
///
/// Source    Twisted: endpoints._parse.
class WRING_API Description {
 public:
    /// One argument, unescaped.
    struct Argument {
        std::string name;      ///< the key, empty for a positional argument
        std::string text;      ///< the value; any bytes
        std::size_t position;  ///< where the argument begins, in bytes
    };

    /// How many arguments a description may have. Bounds the memory that a hostile text can take.
    static constexpr std::size_t argumentsMax = 64;

    /// The endpoint type with its ASCII letters lowered, never empty.
    const std::string& type() const noexcept { return type_; }
    /// The arguments without a name, in order.
    const std::vector<Argument>& positional() const noexcept { return positional_; }
    /// The arguments with a name, in order; no name is empty or occurs twice.
    const std::vector<Argument>& keywords() const noexcept { return keywords_; }
    /// Where the description ends, the place to report what is missing.
    std::size_t end() const noexcept { return end_; }

    /// The description that a wrapping type stands in front of: of "haproxy:tcp:80" that of
    /// "tcp:80", with the positions of the whole.
    ///
    /// Errors    EndpointSyntaxError if no type follows.
    Description inner() const;

    /// Splits off the keyword arguments of these names: what a wrapping type has for itself, as a
    /// description of its own type without any other argument. They are no longer here.
    Description take(std::initializer_list<std::string_view> names);

 private:
    friend WRING_API Description parseDescription(std::string_view text);

    Description() = default;
    void setType(const Argument& first);
    void add(Argument argument);

    std::string type_;
    std::vector<Argument> positional_;
    std::vector<Argument> keywords_;
    std::size_t end_ = 0;
};

/// Takes `part *( ":" part )` apart, where a part is a positional argument or `key "=" value` and
/// the first part is the type.
///
/// Shape     `:` ends a part; the first `=` in a part ends its key; a backslash makes the next byte
///           literal, whatever it is. Nothing is trimmed, any byte may occur. Linear in the text.
/// Errors    EndpointSyntaxError: no type, a dangling escape, an empty key, a key given twice, more
///           than `argumentsMax` arguments.
/// Source    Twisted: as there, but Twisted lets the last of two equal keys win, takes the first
///           positional part for the type, and minds the letter case of some types.
WRING_API Description parseDescription(std::string_view text);

/// Escapes text so that, put into a description, it is one positional argument or the value of
/// one keyword: backslash, colon and equals sign get a backslash.
///
/// Source    Twisted: quoteStringArgument, which leaves `=` alone, so that there a quoted
///           positional argument may still be split into key and value.
WRING_API std::string quoteStringArgument(std::string_view text);

}  // namespace wring
