#pragma once

#include <wring/runtime/process_options.hpp>

#include <string>
#include <vector>

namespace wring::detail {

/// Texts as execve(2) wants them: an array of pointers that ends with a null.
class TextArray {
 public:
    explicit TextArray(std::vector<std::string> texts);
    char* const* get() const noexcept { return pointers_.data(); }
    std::size_t size() const noexcept { return texts_.size(); }

 private:
    std::vector<std::string> texts_;
    std::vector<char*> pointers_;
};

/// The arguments of a program. Throws UsageError for one with a null byte.
TextArray spawnArguments(const std::string& executable, const std::vector<std::string>& args);
/// Its environment. Throws UsageError for what cannot be in one.
TextArray spawnEnvironment(const ProcessOptions& options);
/// Where it may be.
TextArray spawnPrograms(const std::string& executable, const ProcessOptions& options);

}  // namespace wring::detail
