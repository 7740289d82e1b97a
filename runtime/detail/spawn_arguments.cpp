#include <wring/runtime/detail/spawn_arguments.hpp>

#include <wring/runtime/error.hpp>

#include <unistd.h>
#include <cstdlib>
#include <utility>

namespace wring::detail {

namespace {

const std::string& checked(const std::string& text) {
    if (text.find('\0') != std::string::npos) {
        throw UsageError(0, "spawn", "a null byte in a program's name, argument or environment");
    }
    return text;
}

std::string searchPath(const ProcessOptions& options) {
    if (options.env()) {
        auto found = options.env()->find("PATH");
        if (found != options.env()->end()) return found->second;
    } else if (const char* own = std::getenv("PATH")) {
        return own;
    }
    return "/bin:/usr/bin";
}

}  // namespace

TextArray::TextArray(std::vector<std::string> texts) : texts_(std::move(texts)) {
    pointers_.reserve(texts_.size() + 1);
    for (std::string& each : texts_) pointers_.push_back(each.data());
    pointers_.push_back(nullptr);
}

TextArray spawnArguments(const std::string& executable, const std::vector<std::string>& args) {
    std::vector<std::string> all;
    for (const std::string& each : args) all.push_back(checked(each));
    if (all.empty()) all.push_back(checked(executable));
    return TextArray(std::move(all));
}

TextArray spawnEnvironment(const ProcessOptions& options) {
    std::vector<std::string> all;
    if (!options.env()) {
        for (char** each = ::environ; each && *each; ++each) all.emplace_back(*each);
        return TextArray(std::move(all));
    }
    for (const auto& [name, value] : *options.env()) {
        if (name.empty() || name.find('=') != std::string::npos) {
            throw UsageError(0, "spawn", "an environment variable cannot be called '" + name + "'");
        }
        all.push_back(checked(name) + "=" + checked(value));
    }
    return TextArray(std::move(all));
}

TextArray spawnPrograms(const std::string& executable, const ProcessOptions& options) {
    std::vector<std::string> all;
    if (executable.empty() || executable.find('/') != std::string::npos) {
        all.push_back(checked(executable));
        return TextArray(std::move(all));
    }
    std::string path = searchPath(options);
    for (std::size_t begin = 0; begin <= path.size();) {
        std::size_t end = std::min(path.find(':', begin), path.size());
        std::string folder = path.substr(begin, end - begin);
        all.push_back(folder.empty() ? checked(executable) : folder + "/" + checked(executable));
        begin = end + 1;
    }
    return TextArray(std::move(all));
}

}  // namespace wring::detail
