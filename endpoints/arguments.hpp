#pragma once

#include <wring/endpoints/description.hpp>
#include <wring/runtime/api.hpp>
#include <wring/runtime/time.hpp>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace wring {

/// Which parameters the positional arguments of a description stand for.
enum class Positionals : std::uint8_t {
    inOrder,    ///< the first for the first parameter, and so on: servers
    skipNamed,  ///< parameters given by keyword are passed over: "tcp:host=h:80" gives the port
};

/// The arguments of a description as one endpoint type understands them. Everything that was
/// written is known to belong to a parameter, once, before the first value is asked for.
///
/// Shape     ask only for names that were declared.
/// Errors    every function throws EndpointSyntaxError: type, parameter, offending text, place.
class WRING_API Arguments {
 public:
    /// The names of parameters, in order; only read by the constructor.
    using Names = std::initializer_list<std::string_view>;

    /// Matches what was written with what the type accepts: `positional` by position or keyword,
    /// `keywordOnly` by keyword.
    ///
    /// Errors    unknown argument; a parameter given twice; too many positional arguments.
    /// Source    Twisted: the parsers' Python signatures; its clients ignore surplus positional
    ///           arguments and let them override keywords, which is an error here.
    Arguments(const Description& description, Names positional, Names keywordOnly = {},
              Positionals rule = Positionals::inOrder);

    /// The endpoint type these arguments are for.
    const std::string& type() const noexcept { return type_; }
    /// Whether the parameter was given, be it empty.
    bool has(std::string_view name) const;

    /// A value that must be there and not be empty.
    std::string text(std::string_view name) const;
    /// A value that may be left out, and may be empty.
    std::string text(std::string_view name, std::string_view otherwise) const;
    /// A file's name that must be there: not empty, and without a NUL, where the kernel would end
    /// it.
    std::string path(std::string_view name) const;
    /// A file's name that may be left out.
    std::string path(std::string_view name, std::string_view otherwise) const;

    /// A port number that must be there.
    ///
    /// Shape     0 .. 65535 in decimal digits: no sign, blank, separator or leading zero, no
    ///           service name.
    std::uint16_t port(std::string_view name) const;

    /// A whole number in `min` .. `max`, written as a port is, perhaps with a minus sign.
    std::int64_t integer(std::string_view name, std::int64_t min, std::int64_t max,
                         std::int64_t otherwise) const;

    /// A time span, above 0 and at most 1e9 seconds, to the nanosecond.
    ///
    /// Units     seconds as written: "30", "0.25", "2e-3".
    Duration seconds(std::string_view name, Duration otherwise) const;

    /// A choice: 1, yes or true against 0, no or false.
    bool boolean(std::string_view name, bool otherwise) const;

    /// File permissions, octal 0 .. 777.
    unsigned mode(std::string_view name, unsigned otherwise) const;

    /// Lets the type itself complain about a value: throws "TYPE: NAME COMPLAINT" with its place.
    [[noreturn]] void reject(std::string_view name, std::string_view complaint) const;

 private:
    struct Slot {
        std::string name;
        std::string text;
        std::size_t position;
        bool given;
    };

    void takeKeywords(const Description& description);
    void takePositionals(const Description& description, std::size_t slots, Positionals rule);
    [[noreturn]] void fail(std::string complaint, std::size_t position) const;
    [[noreturn]] void failUnknown(const Description::Argument& keyword) const;

    const Slot& slot(std::string_view name) const;
    const std::string& required(std::string_view name) const;
    const std::string* optional(std::string_view name) const;
    std::int64_t readInteger(std::string_view name, std::string_view value, std::int64_t min,
                             std::int64_t max) const;

    std::string type_;
    std::vector<Slot> slots_;
    std::size_t end_;
};

}  // namespace wring
