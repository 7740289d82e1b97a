#pragma once

#include <wring/deferred/deferred.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace wring::testing {

/// What became of a Deferred; takes its result and keeps it.
template <class T>
class Ending {
 public:
    explicit Ending(Deferred<T> deferred) : deferred_(std::move(deferred)) {
        deferred_.addBoth([kept = kept_](Result<T> result) { kept->emplace(std::move(result)); });
    }

    /// "waiting", "value", or the name of the error.
    std::string text() const {
        if (!*kept_) return "waiting";
        return **kept_ ? "value" : (*kept_)->error().className();
    }
    /// The text of the error.
    std::string message() const { return (*kept_)->error().getErrorMessage(); }
    /// The value, which there has to be.
    auto& value() const { return ***kept_; }
    /// Lets go of the value.
    void drop() { kept_->reset(); }
    void cancel() { deferred_.cancel(); }

 private:
    std::shared_ptr<std::optional<Result<T>>> kept_ = std::make_shared<std::optional<Result<T>>>();
    Deferred<T> deferred_;
};

}  // namespace wring::testing
