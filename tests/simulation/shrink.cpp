#include <wring/tests/simulation/shrink.hpp>

#include <algorithm>

namespace wring::testing {

namespace {

/// One search; remembers the best tape so far.
class Shrinking {
 public:
    Shrinking(Choices::Tape tape, const std::function<bool(const Choices::Tape&)>& fails,
              unsigned tries)
        : best_(std::move(tape)), fails_(fails), triesLeft_(tries) {}

    Choices::Tape run() {
        truncate();
        for (std::size_t block = best_.size() / 2; block > 0 && triesLeft_ > 0; block /= 2) {
            pass(block, &Shrinking::withZeros);
            pass(block, &Shrinking::without);
        }
        while (!best_.empty() && best_.back() == 0)
            best_.pop_back();  // what a tape says at its end
        return best_;
    }

 private:
    using Change = Choices::Tape (Shrinking::*)(std::size_t from, std::size_t count) const;

    bool accept(Choices::Tape candidate) {
        if (triesLeft_ == 0 || candidate == best_) return false;
        --triesLeft_;
        if (!fails_(candidate)) return false;
        best_ = std::move(candidate);
        return true;
    }
    // To about the shortest beginning that fails.
    void truncate() {
        std::size_t tooShort = 0;
        while (best_.size() > tooShort + 1 && triesLeft_ > 0) {
            std::size_t middle = (tooShort + best_.size()) / 2;
            auto end = best_.begin() + static_cast<std::ptrdiff_t>(middle);
            if (!accept({best_.begin(), end})) tooShort = middle;
        }
    }
    void pass(std::size_t block, Change change) {
        for (std::size_t from = 0; from < best_.size() && triesLeft_ > 0;) {
            std::size_t count = std::min(block, best_.size() - from);
            std::size_t before = best_.size();
            accept((this->*change)(from, count));
            if (best_.size() == before) from += count;
        }
    }
    Choices::Tape withZeros(std::size_t from, std::size_t count) const {
        Choices::Tape tape = best_;
        std::fill_n(tape.begin() + static_cast<std::ptrdiff_t>(from), count, 0u);
        return tape;
    }
    Choices::Tape without(std::size_t from, std::size_t count) const {
        Choices::Tape tape = best_;
        auto begin = tape.begin() + static_cast<std::ptrdiff_t>(from);
        tape.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
        return tape;
    }

    Choices::Tape best_;
    const std::function<bool(const Choices::Tape&)>& fails_;
    unsigned triesLeft_;
};

}  // namespace

Choices::Tape shrink(Choices::Tape tape, const std::function<bool(const Choices::Tape&)>& fails,
                     unsigned tries) {
    return Shrinking(std::move(tape), fails, tries).run();
}

}  // namespace wring::testing
