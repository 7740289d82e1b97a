#pragma once

#include <wring/runtime/operation.hpp>

#include <vector>

namespace wring::detail {

/// Identities of the operations that a kernel has: a slot and its generation, a new one at each
/// reuse, so that a late cancel or completion never meets somebody else's operation.
class OperationSlots {
 public:
    static constexpr std::uint32_t none = ~std::uint32_t{0};
    static constexpr std::uint32_t generationMax = 0x7fffffff;  // the highest bit is others'

    OperationSlots() { slots_.reserve(64); }

    /// Gives the operation a slot, whose number it keeps. None if there is no memory for one.
    std::uint32_t take(Operation& operation) noexcept {
        if (firstFree_ == none) {
            try {
                slots_.push_back({nullptr, 0, none});
            } catch (...) {
                return none;
            }
            firstFree_ = static_cast<std::uint32_t>(slots_.size() - 1);
        }
        std::uint32_t taken = firstFree_;
        firstFree_ = slots_[taken].nextFree;
        slots_[taken].operation = &operation;
        return taken;
    }
    void free(std::uint32_t index) noexcept {
        Slot& slot = slots_[index];
        slot = {nullptr, (slot.generation + 1) & generationMax, firstFree_};
        firstFree_ = index;
    }
    std::uint64_t identity(std::uint32_t index) const noexcept {
        return std::uint64_t{slots_[index].generation} << 32 | index;
    }

    /// The operation of that identity; null if it has gone.
    Operation* find(std::uint64_t identity) const noexcept {
        auto index = static_cast<std::uint32_t>(identity);
        bool isIts = index < slots_.size() && slots_[index].generation == identity >> 32;
        return isIts ? slots_[index].operation : nullptr;
    }
    template <class F>
    void forEach(F function) noexcept {
        for (std::size_t i = 0; i < slots_.size(); ++i) {
            if (slots_[i].operation) function(*slots_[i].operation);
        }
    }

 private:
    struct Slot {
        Operation* operation;
        std::uint32_t generation;
        std::uint32_t nextFree;
    };
    std::vector<Slot> slots_;
    std::uint32_t firstFree_ = none;
};

}  // namespace wring::detail
