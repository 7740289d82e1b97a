#pragma once

#include <wring/runtime/bytes.hpp>

#include <algorithm>
#include <cstring>
#include <span>
#include <string>

namespace wring::detail {

/// Bytes in a row: appended at the end, taken from the front.
class SimBuffer {
 public:
    bool empty() const noexcept { return head_ == bytes_.size(); }
    std::size_t size() const noexcept { return bytes_.size() - head_; }

    void append(std::string_view bytes) {
        if (empty()) clear();
        bytes_.append(bytes);
    }
    /// Copies and removes; gives how much that was.
    std::size_t take(std::span<std::byte> into) noexcept {
        std::size_t count = std::min(into.size(), size());
        if (count > 0) std::memcpy(into.data(), bytes_.data() + head_, count);
        skip(count);
        return count;
    }
    std::string take(std::size_t count) {
        std::string taken = bytes_.substr(head_, count);
        skip(taken.size());
        return taken;
    }
    void clear() noexcept {
        bytes_.clear();
        head_ = 0;
    }

 private:
    void skip(std::size_t count) noexcept {
        head_ += count;
        if (head_ > 65536 && head_ > bytes_.size() / 2) {
            bytes_.erase(0, head_);
            head_ = 0;
        }
    }
    std::string bytes_;
    std::size_t head_ = 0;
};

}  // namespace wring::detail
