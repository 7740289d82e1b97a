#include <wring/endpoints/stream_server_endpoint_service.hpp>

#include <wring/deferred/detail/invoke.hpp>
#include <wring/runtime/log.hpp>

#include <utility>

namespace wring {

StreamServerEndpointService::StreamServerEndpointService(Ref<IStreamServerEndpoint> endpoint,
                                                         Ref<IFactory> factory)
    : endpoint_(std::move(endpoint)), factory_(std::move(factory)) {}

StreamServerEndpointService::~StreamServerEndpointService() {
    auto stopIt = [this] { return port_->stopListening(); };
    if (port_) detail::invoke(stopIt);
}

void StreamServerEndpointService::privilegedStartService() {
    if (state_ == State::stopping) startsAgain_ = true;
    if (state_ == State::idle) listen(raises_);
}

void StreamServerEndpointService::startService() {
    Service::startService();
    privilegedStartService();
}

void StreamServerEndpointService::listen(bool raises) {
    Ref<StreamServerEndpointService> self(this);
    state_ = State::opening;
    isInListen_ = raises;
    auto open = [this] { return endpoint_->listen(factory_); };
    opening_ = detail::invoke(open).addBoth(
        [self](Result<Ref<IListeningPort>> result) { self->listened(std::move(result)); });
    isInListen_ = false;
    // Stopped from within the endpoint's listen(), when there was nothing to be cancelled yet.
    if (state_ == State::stopping) Deferred<>(*opening_).cancel();
    if (state_ != State::opening && state_ != State::stopping) opening_.reset();
    if (auto raised = std::exchange(raised_, std::nullopt)) raised->raise();
}

void StreamServerEndpointService::listened(Result<Ref<IListeningPort>> result) {
    bool isStopping = state_ == State::stopping;
    opening_.reset();
    if (result && isStopping) return closePort(std::move(*result));
    if (result) {
        port_ = std::move(*result);
        state_ = State::open;
        return;
    }
    bool raises = isInListen_ && !isStopping;
    if (raises) {
        raised_ = result.error();
    } else if (!result.error().check<CancelledError>()) {
        log(LogLevel::error, "service: it cannot listen: " + result.error().getErrorMessage());
    }
    state_ = raises ? State::idle : State::failed;
    if (isStopping) ended({});
}

Deferred<> StreamServerEndpointService::stopService() {
    startsAgain_ = false;
    if (state_ == State::idle || state_ == State::failed) {
        state_ = State::idle;
        return Service::stopService();
    }
    Ref<StreamServerEndpointService> self(this);
    Deferred<> done = waiters_.add();
    State before = std::exchange(state_, State::stopping);
    if (before == State::open) closePort(std::move(port_));
    if (before == State::opening && opening_) Deferred<>(*opening_).cancel();
    return done;
}

void StreamServerEndpointService::closePort(Ref<IListeningPort> port) {
    Ref<StreamServerEndpointService> self(this);
    auto stopIt = [&port] { return port->stopListening(); };
    detail::invoke(stopIt).addBoth([self](const Result<void>& result) { self->ended(result); });
}

void StreamServerEndpointService::ended(const Result<void>& result) {
    state_ = State::idle;
    opening_.reset();
    if (!startsAgain_) stopped();
    waiters_.tell(result);
    if (std::exchange(startsAgain_, false) && state_ == State::idle) listen(false);
}

}  // namespace wring
