#include <wring/endpoints/arguments.hpp>

#include <wring/endpoints/detail/excerpt.hpp>
#include <wring/runtime/assert.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>
#include <utility>

namespace wring {

namespace {

std::string quoted(std::string_view text) { return "'" + detail::excerpt(text) + "'"; }

bool isDecimal(std::string_view text) noexcept {
    const auto isDigit = [](char c) { return c >= '0' && c <= '9'; };
    return !text.empty() && std::all_of(text.begin(), text.end(), isDigit);
}

template <class Number>
std::errc readAll(std::string_view text, Number& into, auto... format) noexcept {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, into, format...);
    if (error == std::errc{} && stop != end) return std::errc::invalid_argument;
    return error;
}

}  // namespace

Arguments::Arguments(const Description& description, Names positional, Names keywordOnly,
                     Positionals rule)
    : type_(description.type()), end_(description.end()) {
    slots_.reserve(positional.size() + keywordOnly.size());
    for (const Names& names : {positional, keywordOnly})
        for (const std::string_view name : names)
            slots_.push_back({std::string(name), {}, 0, false});
    takeKeywords(description);
    takePositionals(description, positional.size(), rule);
}

void Arguments::takeKeywords(const Description& description) {
    for (const auto& keyword : description.keywords()) {
        const auto isNamed = [&](const Slot& slot) { return slot.name == keyword.name; };
        const auto slot = std::find_if(slots_.begin(), slots_.end(), isNamed);
        if (slot == slots_.end()) failUnknown(keyword);
        *slot = {keyword.name, keyword.text, keyword.position, true};
    }
}

void Arguments::takePositionals(const Description& description, std::size_t slots,
                                Positionals rule) {
    constexpr const char* hint = "; escape ':' as '\\:' inside a value";
    const auto& written = description.positional();
    if (written.size() > slots)
        fail("too many positional arguments, " + quoted(written[slots].text) + " is beyond the " +
                 std::to_string(slots) + " accepted" + hint,
             written[slots].position);

    // Where passing over leaves too few parameters one of them was given twice; counting in order
    // then finds out which.
    const auto isFree = [](const Slot& slot) { return !slot.given; };
    const auto end = slots_.begin() + static_cast<std::ptrdiff_t>(slots);
    const auto free = static_cast<std::size_t>(std::count_if(slots_.begin(), end, isFree));
    const bool skip = rule == Positionals::skipNamed && written.size() <= free;

    auto next = slots_.begin();
    for (const auto& argument : written) {
        if (skip) next = std::find_if(next, end, isFree);
        if (next->given)
            fail(next->name + " given twice, as " + quoted(next->name + "=" + next->text) +
                     " and as positional " + quoted(argument.text) + hint,
                 argument.position);
        *next = {next->name, argument.text, argument.position, true};
        ++next;
    }
}

void Arguments::fail(std::string complaint, std::size_t position) const {
    throw EndpointSyntaxError(type_ + ": " + std::move(complaint), position);
}

void Arguments::failUnknown(const Description::Argument& keyword) const {
    std::string known;
    for (const Slot& slot : slots_) known.append(known.empty() ? "" : ", ").append(slot.name);
    fail("unknown argument " + quoted(keyword.name) +
             " (known: " + (known.empty() ? "none" : known) + ")",
         keyword.position);
}

void Arguments::reject(std::string_view name, std::string_view complaint) const {
    const Slot& culprit = slot(name);
    fail(culprit.name + " " + std::string(complaint), culprit.given ? culprit.position : end_);
}

const Arguments::Slot& Arguments::slot(std::string_view name) const {
    const auto isNamed = [&](const Slot& slot) { return slot.name == name; };
    const auto found = std::find_if(slots_.begin(), slots_.end(), isNamed);
    WRING_ASSERT(found != slots_.end(),
                 "the endpoint type asks for an argument it did not declare");
    return *found;
}

const std::string& Arguments::required(std::string_view name) const {
    const Slot& wanted = slot(name);
    if (!wanted.given) fail("missing " + wanted.name, end_);
    if (wanted.text.empty()) reject(name, "is empty");
    return wanted.text;
}

const std::string* Arguments::optional(std::string_view name) const {
    return slot(name).given ? &required(name) : nullptr;
}

bool Arguments::has(std::string_view name) const { return slot(name).given; }

std::string Arguments::text(std::string_view name) const { return required(name); }

std::string Arguments::text(std::string_view name, std::string_view otherwise) const {
    return has(name) ? slot(name).text : std::string(otherwise);
}

std::string Arguments::path(std::string_view name) const {
    const std::string& value = required(name);
    if (value.find('\0') != value.npos) reject(name, quoted(value) + " contains a NUL byte");
    return value;
}

std::string Arguments::path(std::string_view name, std::string_view otherwise) const {
    return has(name) ? path(name) : std::string(otherwise);
}

std::uint16_t Arguments::port(std::string_view name) const {
    return static_cast<std::uint16_t>(readInteger(name, required(name), 0, 65535));
}

std::int64_t Arguments::integer(std::string_view name, std::int64_t min, std::int64_t max,
                                std::int64_t otherwise) const {
    const std::string* value = optional(name);
    return value != nullptr ? readInteger(name, *value, min, max) : otherwise;
}

std::int64_t Arguments::readInteger(std::string_view name, std::string_view value, std::int64_t min,
                                    std::int64_t max) const {
    const bool negative = value.front() == '-';
    const std::string_view digits = value.substr(negative ? 1 : 0);
    if (!isDecimal(digits)) reject(name, quoted(value) + " is not a decimal number");
    if (digits.front() == '0' && value != "0") reject(name, quoted(value) + " has a leading zero");

    std::int64_t number = 0;
    const std::errc error = readAll(value, number);
    if (error != std::errc{} || number < min || number > max)
        reject(name, detail::excerpt(value) + " out of " + std::to_string(min) + ".." +
                         std::to_string(max));
    return number;
}

Duration Arguments::seconds(std::string_view name, Duration otherwise) const {
    const std::string* value = optional(name);
    if (value == nullptr) return otherwise;

    // from_chars alone would take "nan" and "inf" too.
    double number = 0;
    const bool isPlain = value->find_first_not_of("0123456789.eE+-") == value->npos;
    const std::errc error =
        isPlain ? readAll(*value, number, std::chars_format::general) : std::errc::invalid_argument;
    if (error == std::errc::invalid_argument) reject(name, quoted(*value) + " is not a number");
    if (error != std::errc{})
        reject(name, detail::excerpt(*value) + " is out of range, must be > 0 and at most 1e9 s");

    if (number > 1e9) reject(name, detail::excerpt(*value) + " is too large, max 1e9 s");
    const Duration span(std::llround(std::max(number, 0.0) * 1e9));
    if (span == Duration::zero()) reject(name, detail::excerpt(*value) + " must be > 0");
    return span;
}

bool Arguments::boolean(std::string_view name, bool otherwise) const {
    const std::string* value = optional(name);
    if (value == nullptr) return otherwise;
    if (*value == "1" || *value == "yes" || *value == "true") return true;
    if (*value == "0" || *value == "no" || *value == "false") return false;
    reject(name, quoted(*value) + " is neither yes nor no");
}

unsigned Arguments::mode(std::string_view name, unsigned otherwise) const {
    const std::string* value = optional(name);
    if (value == nullptr) return otherwise;
    unsigned bits = 0;
    const std::errc error =
        isDecimal(*value) ? readAll(*value, bits, 8) : std::errc::invalid_argument;
    if (error == std::errc::invalid_argument) reject(name, quoted(*value) + " is not octal");
    if (error != std::errc{} || bits > 0777)
        reject(name, detail::excerpt(*value) + " out of octal 0..777");
    return bits;
}

}  // namespace wring
