#pragma once

#include <wring/deferred/event.hpp>
#include <wring/deferred/start.hpp>

#include <optional>

namespace wring {

/// Owns started tasks: none outlives it. When a child fails and nobody handles that on its
/// Deferred, the siblings are cancelled and join() rethrows the failure.
///
/// Lifetime  join before it dies; destroying one with running children ends the process. In a
///           function, withScope() sees to that whatever happens.
/// Thread    one reactor's.
/// Source    trio's nursery.
class WRING_API Scope {
 public:
    Scope() = default;
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope();

    /// Starts function(args…), both taken by value, as a child. In a cancelled scope the child is
    /// cancelled from its start.
    template <class F, class... Args>
    auto spawn(F function, Args... args) {
        auto child = startCall(std::move(function), std::move(args)...);
        adopt(*child.state());
        return child;
    }

    /// Cancels all children, present and future.
    void cancel() noexcept;
    bool isCancelled() const noexcept { return isCancelled_; }
    /// How many children run.
    std::size_t running() const noexcept { return running_; }

    /// Waits until no child runs. Rethrows the failure that ended the scope, if any. Cancelling
    /// the waiter cancels the children and still waits for their ends.
    [[nodiscard]] Task<> join();

 private:
    class Child;
    void adopt(detail::DeferredBase& state);
    void ended(detail::DeferredBase& state) noexcept;
    void noteFailure(detail::DeferredBase& state) noexcept;
    Task<> waitIdle();

    Child* first_ = nullptr;
    std::size_t running_ = 0;
    Event idle_;
    std::optional<Failure> failure_;
    bool isCancelled_ = false;
};

/// Runs body(scope, args…), a task, and joins the scope after it: if the body fails its children
/// are cancelled first and its failure is rethrown.
template <class F, class... Args>
auto withScope(F body, Args... args)
    -> Task<typename std::invoke_result_t<F&, Scope&, Args...>::value_type> {
    Scope scope;
    auto result = co_await outcome(std::invoke(body, scope, std::move(args)...));
    if (!result) scope.cancel();
    auto joined = co_await outcome(scope.join());
    if constexpr (std::is_void_v<typename decltype(result)::value_type>) {
        result.value();
        joined.value();
    } else {
        if (result && !joined) co_return joined.error();
        co_return std::move(result);
    }
}

}  // namespace wring
