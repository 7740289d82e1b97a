#include <wring/net/relay.hpp>

#include <wring/deferred/scope.hpp>
#include <wring/net/stream.hpp>

namespace wring {

namespace {

Task<> copy(Stream* from, Stream* to) {
    while (Bytes chunk = co_await from->read()) co_await to->write(std::move(chunk));
    co_await to->shutdownSend();
}

Task<> copyBoth(Scope& scope, Stream* one, Stream* other) {
    scope.spawn(copy, one, other);
    scope.spawn(copy, other, one);
    co_return;  // the scope waits for them
}

}  // namespace

Task<> relay(Stream& one, Stream& other) { co_await withScope(copyBoth, &one, &other); }

}  // namespace wring
