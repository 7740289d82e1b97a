#include <wring/endpoints/multi_service.hpp>

#include <wring/deferred/deferred_list.hpp>
#include <wring/deferred/detail/invoke.hpp>

#include <algorithm>

namespace wring {

namespace {

/// Stops it, and keeps it until that is done.
Deferred<> stop(const Ref<IService>& service) {
    auto stopIt = [&service] { return service->stopService(); };
    return detail::invoke(stopIt).addBoth([service](Result<void> result) { return result; });
}

}  // namespace

MultiService::~MultiService() {
    for (const Ref<IService>& each : services_) setParent(*each, nullptr);
}

bool MultiService::has(const IService& service) const noexcept {
    return std::any_of(services_.begin(), services_.end(),
                       [&](const Ref<IService>& each) { return each.get() == &service; });
}

Ref<IService> MultiService::getServiceNamed(std::string_view name) const {
    for (const Ref<IService>& each : services_) {
        if (!name.empty() && each->name() == name) return each;
    }
    throw UsageError(0, "getServiceNamed", "there is no service '" + std::string(name) + "'");
}

void MultiService::addService(Ref<IService> service) {
    const std::string& name = service->name();
    if (service->parent()) throw UsageError(0, "addService", "it has a parent already");
    for (const Ref<IService>& each : services_) {
        if (name.empty() || each->name() != name) continue;
        throw UsageError(0, "addService", "cannot have two services with same name '" + name + "'");
    }
    services_.push_back(service);
    setParent(*service, this);
    if (!running()) return;
    service->privilegedStartService();
    service->startService();
}

Deferred<> MultiService::removeService(IService& service) {
    if (!has(service)) throw UsageError(0, "removeService", "it is not a service of this one");
    Ref<IService> removed(&service);
    std::erase(services_, removed);
    setParent(service, nullptr);
    return running() ? stop(removed) : succeed();
}

// A child may change who else is one: who is new has been started by addService().
void MultiService::startEach(void (IService::*start)()) {
    Ref<IService> self(this);
    std::vector<Ref<IService>> children = services_;
    for (const Ref<IService>& each : children) {
        if (has(*each)) ((*each).*start)();
    }
}

void MultiService::privilegedStartService() {
    Service::privilegedStartService();
    startEach(&IService::privilegedStartService);
}

void MultiService::startService() {
    Service::startService();
    startEach(&IService::startService);
}

Deferred<std::vector<Result<void>>> MultiService::stopServices() {
    stopped();
    std::vector<Ref<IService>> children(services_.rbegin(), services_.rend());
    std::vector<Deferred<>> stopping;
    for (const Ref<IService>& each : children) stopping.push_back(stop(each));
    return DeferredList<void>(std::move(stopping));
}

Deferred<> MultiService::stopService() {
    return stopServices().addCallback([](const std::vector<Result<void>>&) {});
}

}  // namespace wring
