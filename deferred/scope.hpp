#pragma once

#include <wring/deferred/event.hpp>
#include <wring/deferred/ready.hpp>
#include <wring/deferred/start.hpp>

#include <optional>
#include <source_location>
#include <vector>

namespace wring {

namespace detail {

/// The part of a fiber that runs the body of a scope, as long as that runs.
class BodyRegion {
 public:
    /// `place` refers to the region until the end.
    BodyRegion(Fiber* fiber, CancelRegion*& place) noexcept : place_(place) {
        if (fiber) place_ = &region_.emplace(*fiber);
    }
    void end() noexcept {
        place_ = nullptr;
        region_.reset();
    }

 private:
    CancelRegion*& place_;
    std::optional<CancelRegion> region_;
};

}  // namespace detail

/// Owns started tasks: none outlives it. When a child fails and nobody handles that on its
/// Deferred, the siblings are cancelled and join() rethrows the failure. One that fails before
/// spawn() returns may still be handled until the join. Further failures are logged.
///
/// Lifetime  join before it dies; destroying one with running children ends the process. In a
///           function, withScope() sees to that whatever happens.
/// Thread    one reactor's.
/// Source    trio's nursery.
class WRING_API Scope {
 public:
    Scope(std::source_location where = std::source_location::current()) noexcept {
        group_.place = where;
    }
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

    /// Starts function(ready, args…) as a child that says when it is ready: gives what it passes to
    /// `ready`, a Ready<T>. A child that ends before that fails this, and only this, with its
    /// failure, or with NeverReadyError; once it is ready it is a child like any other.
    ///
    /// Cancel    before the child is ready: cancels the child, and waits for its end.
    /// Source    trio's Nursery.start.
    template <class T = void, class F, class... Args>
    Deferred<T> start(F function, Args... args) {
        Deferred<T> whenReady;
        auto child = spawn(detail::runUntilReady<T, F, Args...>, Ready<T>(whenReady),
                           std::move(function), std::move(args)...);
        if (!whenReady.called()) detail::forwardCancel(*whenReady.state(), child.state());
        return whenReady;
    }

    /// Cancels all children, present and future.
    void cancel() noexcept;
    bool isCancelled() const noexcept { return isCancelled_; }
    /// How many children run.
    std::size_t running() const noexcept { return running_; }

    /// Waits until no child runs. Rethrows the failure that ended the scope, if any. Cancelling
    /// the waiter cancels the children and still waits for their ends; a failure of theirs then
    /// takes the place of CancelledError.
    [[nodiscard]] Task<> join();

 private:
    class Child;
    template <class F, class... Args>
    friend auto withScope(F body, Args... args)
        -> Task<typename std::invoke_result_t<F&, Scope&, Args...>::value_type>;
    void adopt(detail::DeferredBase& state);
    void ended(detail::DeferredBase& state) noexcept;
    void noteFailure(detail::DeferredBase& state) noexcept;
    bool isIdle() const noexcept { return running_ == 0 && busy_ == 0; }
    void wakeIfIdle() noexcept;
    Task<> waitIdle();
    std::string describeOffence() const;

    detail::FiberGroup group_;  // of the children, for reports

    Child* first_ = nullptr;
    std::size_t running_ = 0;
    unsigned busy_ = 0;  // while set, nobody is woken: who waits for the end may destroy the scope
    Event idle_;
    std::vector<Ref<detail::DeferredBase>> early_;  // failed before spawn() returned
    std::optional<Failure> failure_;
    detail::CancelRegion* body_ = nullptr;  // of withScope(), while it runs
    bool isCancelled_ = false;
    bool isJoining_ = false;
};

/// Runs body(scope, args…), a task, and joins the scope after it: if the body fails its children
/// are cancelled first and its failure is rethrown; if a child fails the body is cancelled too, and
/// the child's failure is rethrown. trio: the block of a nursery.
template <class F, class... Args>
auto withScope(F body, Args... args)
    -> Task<typename std::invoke_result_t<F&, Scope&, Args...>::value_type> {
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
    static_assert(std::is_trivially_destructible_v<F>,
                  "GCC before 13 destroys a closure inside a co_await expression twice: pass a "
                  "function, or a lambda that captures nothing that has to be destroyed");
#endif
    Scope scope;
    detail::Fiber* fiber = co_await detail::CurrentFiber{};
    scope.group_.owner = fiber;
    auto task = detail::call(body, scope, std::move(args)...);
    scope.group_.place = task.place();
    detail::BodyRegion region(fiber, scope.body_);
    auto result = co_await outcome(std::move(task));
    region.end();
    if (!result) scope.cancel();
    auto joined = co_await outcome(scope.join());
    // What a child failed with says more than that the body was cancelled.
    if (!joined && (result || detail::isCancellation(result.error()))) {
        result = joined.error();
    }
    if constexpr (std::is_void_v<typename decltype(result)::value_type>) {
        result.value();
    } else {
        co_return std::move(result);
    }
}

}  // namespace wring
