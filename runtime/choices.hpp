#pragma once

#include <wring/runtime/api.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace wring {

/// A tape of choices: drawn from a seed and written down, or read back. Everything that a
/// simulation leaves to chance is asked of one such tape, so the same tape gives the same run.
///
/// Choices   0 is always the harmless one, and what a tape says after its end: a shorter tape, or
/// one
///           with more zeros, is a simpler run.
/// Thread    one.
class WRING_API Choices {
 public:
    using Tape = std::vector<std::uint32_t>;

    /// Draws from `seed`.
    explicit Choices(std::uint64_t seed) noexcept;
    /// Reads `tape`.
    explicit Choices(Tape tape) noexcept;
    /// Reads a tape from outside, such as a fuzzer's input: four bytes a choice.
    static Choices fromBytes(std::span<const std::byte> bytes);

    /// One of 0 … count - 1; each as likely. 0 for a count of 0.
    std::uint32_t choose(std::uint32_t count) noexcept;
    /// True one time in `oneIn`; never for 0, always for 1.
    bool happens(std::uint32_t oneIn) noexcept;
    /// 0 … most, where small numbers are likelier: the size of it is chosen first.
    std::uint64_t magnitude(std::uint64_t most) noexcept;

    /// What has been chosen so far.
    const Tape& tape() const noexcept { return tape_; }

 private:
    std::uint64_t random() noexcept;
    std::uint32_t next(std::uint32_t drawn, std::uint32_t count) noexcept;

    Tape tape_;
    std::size_t position_ = 0;
    std::uint64_t state_ = 0;
    bool isReplay_ = false;
};

}  // namespace wring
