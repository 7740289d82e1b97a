#include <wring/endpoints/reactor_services.hpp>

#include <wring/deferred/detail/invoke.hpp>

namespace wring::detail {

OpeningService::Close closing(Ref<IConnector> connector) {
    return [connector = std::move(connector)] {
        connector->disconnect();
        return succeed();
    };
}

OpeningService::OpeningService(Open open, bool isPort) : open_(std::move(open)), isPort_(isPort) {}

OpeningService::~OpeningService() {
    if (close_) invoke(close_);
}

void OpeningService::openUnlessOpen() {
    if (!close_) close_ = open_();
}

void OpeningService::privilegedStartService() {
    if (isPort_) openUnlessOpen();
}

void OpeningService::startService() {
    Service::startService();
    openUnlessOpen();
}

Deferred<> OpeningService::stopService() {
    stopped();
    Close close = std::exchange(close_, nullptr);
    return close ? close() : succeed();
}

}  // namespace wring::detail
