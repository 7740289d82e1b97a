#include <wring/runtime/detail/place.hpp>

#include <string_view>

namespace wring::detail {

std::string placeText(const std::source_location& place) {
    std::string_view file = place.file_name();
    if (file.empty()) return "an unknown place";
    while (file.starts_with("../")) file.remove_prefix(3);
    std::string text = std::string(file) + ":" + std::to_string(place.line());
    std::string_view function = place.function_name();
    return function.empty() ? text : text + ", " + std::string(function);
}

}  // namespace wring::detail
