#pragma once

#include <wring/deferred/start.hpp>
#include <wring/runtime/reactor.hpp>

#include <utility>

namespace wring {

namespace detail {
WRING_API int runApplication(const ReactorOptions& options,
                             UniqueFunction<Deferred<>(Reactor&)> application);
/// Logs the exception being handled and gives the exit status for it.
WRING_API int startFailed() noexcept;
}  // namespace detail

/// Runs application(reactor, args…), a Task, on a reactor of its own until it ends or SIGINT or
/// SIGTERM comes, and shuts everything down in order. Gives the exit status: 0, or 1 when the
/// application failed or the reactor could not be made, which is logged.
///
/// Source    Twisted: task.react.
template <class F, class... Args>
int run(const ReactorOptions& options, F application, Args... args) {
    return detail::runApplication(
        options, [application = std::move(application),
                  ... args = std::move(args)](Reactor& reactor) mutable -> Deferred<> {
            auto withReactor = [application](Reactor* running, auto... rest) {
                return application(*running, std::move(rest)...);
            };
            return startCall(std::move(withReactor), &reactor, std::move(args)...);
        });
}

/// The same with the options that the environment sets.
template <class F>
    requires std::invocable<F&, Reactor&>
int run(F application) {
    try {
        return run(ReactorOptions(), std::move(application));
    } catch (...) {
        return detail::startFailed();
    }
}

}  // namespace wring
