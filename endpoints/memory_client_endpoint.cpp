#include <wring/endpoints/memory_client_endpoint.hpp>

#include <algorithm>
#include <utility>

namespace wring::testing {

MemoryClientEndpoint::MemoryClientEndpoint(Address peer, Address host)
    : peer_(std::move(peer)), host_(std::move(host)) {}

std::size_t MemoryClientEndpoint::pending() const noexcept {
    auto count = std::count_if(attempts_.begin(), attempts_.end(),
                               [](const auto& each) { return each->isPending(); });
    return static_cast<std::size_t>(count);
}

Ref<MemoryAttempt> MemoryClientEndpoint::attempt(Ref<IFactory> factory, bool wantsStream) {
    auto made = makeRef<MemoryAttempt>(host_, peer_, std::move(factory));
    made->begin(wantsStream);
    attempts_.push_back(made);
    return made;
}

Deferred<Ref<IProtocol>> MemoryClientEndpoint::connect(Ref<IFactory> factory) {
    try {
        factory->doStart();
    } catch (...) {
        return fail<Ref<IProtocol>>(Failure::current());
    }
    auto made = attempt(std::move(factory), false);
    Deferred<Ref<IProtocol>> waiting = *made->protocol_;
    if (failure_) made->fail(*failure_);
    return waiting;
}

Deferred<Stream> MemoryClientEndpoint::connectStream() {
    auto made = attempt(nullptr, true);
    Deferred<Stream> waiting = *made->stream_;
    if (failure_) made->fail(*failure_);
    return waiting;
}

}  // namespace wring::testing
