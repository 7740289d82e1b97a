#pragma once

#include <wring/deferred/deferred.hpp>
#include <wring/deferred/detail/passing_link.hpp>

#include <vector>

namespace wring {

/// The index of the first of `inputs` to have a result, success or failure; the lowest one if some
/// have one already. Takes nothing away: the result stays for whoever comes next, and the other
/// inputs go on. What hung on an input before counts to its result. Without inputs it never fires,
/// unless cancelled.
///
///     std::size_t next = co_await firstCompleted(downloads);
///     Page page = co_await downloads[next];
///
/// Cancel    fails with CancelledError at once; the inputs are not asked to end.
/// Lifetime  the vector is not referred to. A few dozen bytes hang on each input until it ends.
/// Source    asyncio.wait(FIRST_COMPLETED). Twisted has DeferredList(fireOnOneCallback=True), which
///           wants a success.
template <class T>
Deferred<std::size_t> firstCompleted(const std::vector<Deferred<T>>& inputs) {
    std::vector<Deferred<T>> asked = inputs;  // what hangs on one may change the caller's
    Deferred<std::size_t> first;
    for (std::size_t i = 0; i < asked.size() && !first.called(); ++i) {
        // Once it was cancelled it has been called: what hangs on the inputs does nothing then.
        detail::lookAtResult(asked[i].state(), [first, i](auto&) mutable {
            if (!first.called()) first.callback(i);
        });
    }
    return first;
}

}  // namespace wring
