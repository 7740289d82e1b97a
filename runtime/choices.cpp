#include <wring/runtime/choices.hpp>

#include <bit>
#include <cstring>

namespace wring {

Choices::Choices(std::uint64_t seed) noexcept : state_(seed) {}

Choices::Choices(Tape tape) noexcept : tape_(std::move(tape)), isReplay_(true) {}

Choices Choices::fromBytes(std::span<const std::byte> bytes) {
    Tape tape((bytes.size() + 3) / 4);
    if (!bytes.empty()) std::memcpy(tape.data(), bytes.data(), bytes.size());
    return Choices(std::move(tape));
}

// SplitMix64: any seed is a good one.
std::uint64_t Choices::random() noexcept {
    std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
}

std::uint32_t Choices::next(std::uint32_t drawn, std::uint32_t count) noexcept {
    if (isReplay_) return position_ < tape_.size() ? tape_[position_++] % count : 0;
    tape_.push_back(drawn);
    return drawn;
}

std::uint32_t Choices::choose(std::uint32_t count) noexcept {
    if (count < 2) return 0;
    auto drawn = isReplay_ ? 0 : static_cast<std::uint32_t>((random() >> 32) * count >> 32);
    return next(drawn, count);
}

bool Choices::happens(std::uint32_t oneIn) noexcept {
    if (oneIn < 2) return oneIn == 1;
    bool drawn = !isReplay_ && (random() >> 32) * oneIn >> 32 == oneIn - 1;
    return next(drawn, 2) == 1;
}

std::uint64_t Choices::magnitude(std::uint64_t most) noexcept {
    std::uint32_t bits = choose(static_cast<std::uint32_t>(std::bit_width(most)) + 1);
    if (bits == 0) return 0;
    std::uint64_t low = std::uint64_t{1} << (bits - 1);
    std::uint64_t value = low + choose(static_cast<std::uint32_t>(low > ~0u ? ~0u : low));
    return value < most ? value : most;
}

}  // namespace wring
