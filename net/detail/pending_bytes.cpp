#include <wring/net/detail/pending_bytes.hpp>

#include <wring/runtime/assert.hpp>

#include <algorithm>
#include <utility>

namespace wring::detail {

namespace {
// The least that is copied of a chunk to complete a piece, and what an idle protocol may hold on
// to.
constexpr std::size_t widenBytesMin = 64;
constexpr std::size_t idleBytesMax = 1024;
}  // namespace

BytesView PendingBytes::view() const noexcept {
    if (keptSize() == 0) return lent_;
    return asBytes(std::string_view(kept_).substr(begin_));
}

void PendingBytes::arrive(BytesView bytes) {
    bool isTail = !bytes.empty() && bytes.size() <= taken_.size() &&
                  bytes.data() + bytes.size() == taken_.data() + taken_.size();
    if (!isTail || !empty()) {
        arrivals_ += asText(bytes);
    } else if (isTakenFromKept_) {
        begin_ -= bytes.size();
    } else {
        lent_ = bytes;
    }
}

void PendingBytes::absorb() {
    taken_ = {};
    if (arrivals_.empty()) return;
    if (keptSize() == 0 && lent_.empty()) {
        kept_.swap(arrivals_);
        begin_ = 0;
    } else {
        keep(std::exchange(lent_, {}));
        keep(asBytes(arrivals_));
    }
    widened_ = 0;
    arrivals_.clear();
}

void PendingBytes::settle() {
    absorb();
    keep(std::exchange(lent_, {}));
    widened_ = 0;
    if (arrivals_.capacity() > idleBytesMax) std::string().swap(arrivals_);
    if (keptSize() > 0 || kept_.capacity() <= idleBytesMax) return;
    std::string().swap(kept_);
    begin_ = 0;
}

// What was taken goes when it is the larger part, so that each byte is moved once on average.
void PendingBytes::keep(BytesView bytes) {
    taken_ = {};
    if (bytes.empty()) return;
    if (begin_ > kept_.size() / 2 || keptSize() == 0) {
        kept_.erase(0, begin_);
        begin_ = 0;
    }
    kept_ += asText(bytes);
}

// Doubles the kept part: what is copied too much is at most as much as the piece.
bool PendingBytes::widen() {
    if (keptSize() == 0 || lent_.empty()) return false;
    std::size_t count = std::min(lent_.size(), std::max(widenBytesMin, keptSize()));
    keep(lent_.first(count));
    lent_ = lent_.subspan(count);
    widened_ += count;
    return true;
}

BytesView PendingBytes::take(std::size_t count) noexcept {
    WRING_ASSERT(count <= view().size(), "take of more than there is");
    taken_ = view().first(count);
    seen_ = 0;
    isTakenFromKept_ = keptSize() > 0;
    if (!isTakenFromKept_) {
        lent_ = lent_.subspan(count);
        return taken_;
    }
    begin_ += count;
    // The rest stands in the chunk as well: it goes on there, where nothing need be copied.
    std::size_t rest = keptSize();
    if (rest <= widened_) {
        if (rest > 0) lent_ = {lent_.data() - rest, lent_.size() + rest};
        begin_ = kept_.size();
        widened_ = 0;
    }
    return taken_;
}

BytesView PendingBytes::takeAll() {
    if (keptSize() > 0) {
        keep(std::exchange(lent_, {}));
        widened_ = 0;
    }
    return take(view().size());
}

std::string PendingBytes::release() {
    std::string all = kept_.substr(begin_);
    all += asText(lent_);
    all += arrivals_;
    clear();
    return all;
}

void PendingBytes::clear() noexcept {
    begin_ = kept_.size();
    lent_ = {};
    arrivals_.clear();
    taken_ = {};
    widened_ = 0;
    seen_ = 0;
}

}  // namespace wring::detail
