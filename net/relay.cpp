#include <wring/net/relay.hpp>

#include <wring/deferred/scope.hpp>
#include <wring/net/stream.hpp>
#include <wring/runtime/outcome.hpp>

#include <optional>

namespace wring {

namespace {

Task<> copy(Stream* from, Stream* to) {
    while (Bytes chunk = co_await from->read()) co_await to->write(std::move(chunk));
    co_await to->shutdownSend();
}

/// What ended a relay. A connection that breaks may well fail both directions at once, of which one
/// is told.
using FirstFailure = std::optional<Failure>;

Task<> copyOne(Scope* scope, Stream* from, Stream* to, FirstFailure* first) {
    auto ended = co_await outcome(copy(from, to));
    if (ended || *first) co_return;
    *first = ended.error();
    scope->cancel();
}

Task<> copyBoth(Scope& scope, Stream* one, Stream* other, FirstFailure* first) {
    scope.spawn(copyOne, &scope, one, other, first);
    scope.spawn(copyOne, &scope, other, one, first);
    co_return;  // the scope waits for them
}

}  // namespace

Task<> relay(Stream& one, Stream& other) {
    FirstFailure first;
    co_await withScope(copyBoth, &one, &other, &first);
    if (first) first->raise();
}

}  // namespace wring
