#pragma once

#include <wring/runtime/choices.hpp>

#include <functional>

namespace wring::testing {

/// A simpler tape that `fails` still finds fault with: shorter, with blocks left out, with zeros in
/// place of choices. `fails` is asked at most `tries` times.
Choices::Tape shrink(Choices::Tape tape, const std::function<bool(const Choices::Tape&)>& fails,
                     unsigned tries);

}  // namespace wring::testing
