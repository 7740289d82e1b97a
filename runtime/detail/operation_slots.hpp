#pragma once

#include <wring/runtime/operation.hpp>

#include <vector>

namespace wring::detail {

/// Identities of the operations that a kernel has: a slot and its generation, a new one at each
/// reuse, so that a late cancel or completion never meets somebody else's operation.
class OperationSlots {
 public:
    OperationSlots() {
        slots_.reserve(64);
        free_.reserve(64);
    }

    /// Whether there is a slot to take; if not, there is no memory for one.
    bool hasRoom() noexcept { return freeCount_ > 0 || grow(); }
    /// Gives the operation a slot, whose number it keeps. Only if there is room.
    std::uint32_t take(Operation& operation) noexcept {
        std::uint32_t taken = free_[--freeCount_];
        slots_[taken].operation = &operation;
        return taken;
    }
    void free(std::uint32_t index) noexcept {
        Slot& slot = slots_[index];
        slot.identity = (slot.identity + generationStep) & identityMax;
        free_[freeCount_++] = index;
    }
    /// Never with the highest bit, which is others'.
    std::uint64_t identity(std::uint32_t index) const noexcept { return slots_[index].identity; }

    /// The operation that was given this identity; null if it has gone.
    Operation* find(std::uint64_t identity) const noexcept {
        const Slot& slot = slots_[static_cast<std::uint32_t>(identity)];
        return slot.identity == identity ? slot.operation : nullptr;
    }
    template <class F>
    void forEach(F function) noexcept {
        for (std::uint32_t i = 0; i < freeCount_; ++i) slots_[free_[i]].operation = nullptr;
        for (std::size_t i = 0; i < slots_.size(); ++i) {
            if (slots_[i].operation) function(*slots_[i].operation);
        }
    }

 private:
    static constexpr std::uint64_t generationStep = std::uint64_t{1} << 32;
    static constexpr std::uint64_t identityMax = ~std::uint64_t{0} >> 1;

    struct Slot {
        std::uint64_t identity;  // the slot's number, and above it the generation
        Operation* operation;    // the last one
    };
    [[gnu::cold]] bool grow() noexcept {
        auto index = static_cast<std::uint32_t>(slots_.size());
        try {
            free_.push_back(index);
            slots_.push_back({index, nullptr});
        } catch (...) {
            free_.resize(index);
            return false;
        }
        free_[freeCount_++] = index;
        return true;
    }

    std::vector<Slot> slots_;
    std::vector<std::uint32_t> free_;  // as many as there are slots, so that none is refused;
    std::uint32_t freeCount_ = 0;      // of which these count
};

}  // namespace wring::detail
