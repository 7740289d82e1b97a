#include <wring/endpoints/description.hpp>

#include <wring/endpoints/detail/excerpt.hpp>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

namespace wring {

WRING_DEFINE_ERROR(EndpointSyntaxError, Error, "Bad endpoint description", false);

EndpointSyntaxError::EndpointSyntaxError(std::string_view complaint, std::size_t position)
    : Error(errorClass(), EINVAL, nullptr,
            std::string(complaint) + " (at byte " + std::to_string(position) + ")"),
      position_(position) {}

EndpointSyntaxError::EndpointSyntaxError(int code, const char* operation)
    : Error(errorClass(), code, operation, {}) {}

namespace {

/// Cuts a text into its parts, one at a time.
class Scanner {
 public:
    explicit Scanner(std::string_view text) : text_(text) {}

    // A text has one part more than it has separators, hence the flag instead of a comparison.
    bool hasPart() const noexcept { return hasPart_; }

    Description::Argument takePart() {
        Description::Argument part{{}, {}, at_};
        bool named = false;
        hasPart_ = false;
        while (at_ < text_.size()) {
            const char c = text_[at_++];
            if (c == ':') {
                hasPart_ = true;
                break;
            }
            if (c == '=' && !named) {
                named = true;
                part.name = std::exchange(part.text, {});
                if (part.name.empty())
                    throw EndpointSyntaxError("empty argument name before '='", part.position);
            } else {
                part.text += c == '\\' ? takeEscaped() : c;
            }
        }
        return part;
    }

 private:
    char takeEscaped() {
        if (at_ == text_.size()) throw EndpointSyntaxError("dangling escape '\\'", at_ - 1);
        return text_[at_++];
    }

    std::string_view text_;
    std::size_t at_ = 0;
    bool hasPart_ = true;
};

// Not std::tolower: what a description means must not depend on the locale.
char lowered(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

void Description::setType(const Argument& first) {
    if (!first.name.empty())
        throw EndpointSyntaxError(
            "endpoint type expected before argument '" + detail::excerpt(first.name) + "'",
            first.position);
    if (first.text.empty()) throw EndpointSyntaxError("empty endpoint type", first.position);
    type_ = first.text;
    std::transform(type_.begin(), type_.end(), type_.begin(), lowered);
}

void Description::add(Argument argument) {
    if (positional_.size() + keywords_.size() == argumentsMax)
        throw EndpointSyntaxError("more than " + std::to_string(argumentsMax) + " arguments",
                                  argument.position);
    if (argument.name.empty()) return positional_.push_back(std::move(argument));

    const auto same = [&](const Argument& other) { return other.name == argument.name; };
    if (std::any_of(keywords_.begin(), keywords_.end(), same))
        throw EndpointSyntaxError("argument '" + detail::excerpt(argument.name) + "' given twice",
                                  argument.position);
    keywords_.push_back(std::move(argument));
}

Description Description::inner() const {
    if (positional_.empty()) throw EndpointSyntaxError("empty endpoint type", end_);
    Description inner = *this;
    inner.setType(positional_.front());
    inner.positional_.erase(inner.positional_.begin());
    return inner;
}

Description Description::take(std::initializer_list<std::string_view> names) {
    Description taken;
    taken.type_ = type_;
    taken.end_ = end_;
    const auto isTaken = [&](const Argument& each) {
        return std::find(names.begin(), names.end(), each.name) != names.end();
    };
    std::copy_if(keywords_.begin(), keywords_.end(), std::back_inserter(taken.keywords_), isTaken);
    std::erase_if(keywords_, isTaken);
    return taken;
}

Description parseDescription(std::string_view text) {
    Scanner scanner(text);
    Description description;
    description.end_ = text.size();
    description.setType(scanner.takePart());
    while (scanner.hasPart()) description.add(scanner.takePart());
    return description;
}

std::string quoteStringArgument(std::string_view text) {
    std::string quoted;
    quoted.reserve(text.size());
    for (const char c : text) {
        if (c == '\\' || c == ':' || c == '=') quoted += '\\';
        quoted += c;
    }
    return quoted;
}

}  // namespace wring
