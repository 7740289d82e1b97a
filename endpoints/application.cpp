#include <wring/endpoints/application.hpp>

#include <wring/deferred/detail/invoke.hpp>
#include <wring/runtime/log.hpp>
#include <wring/runtime/reactor.hpp>

namespace wring {

namespace {

void startWhenRunning(Reactor* reactor, const Ref<IService>& service) {
    try {
        service->startService();
    } catch (...) {
        log(LogLevel::critical,
            "the application cannot start: " + Failure::current().getErrorMessage());
        reactor->requestStop();
    }
}

}  // namespace

void startApplication(Reactor& reactor, Ref<IService> service) {
    auto stop = [service] { return service->stopService(); };
    try {
        service->privilegedStartService();
        if (reactor.running()) service->startService();
    } catch (...) {
        detail::invoke(stop);
        throw;
    }
    if (!reactor.running()) reactor.callWhenRunning(startWhenRunning, &reactor, service);
    reactor.addSystemEventTrigger(EventPhase::before, "shutdown", stop);
}

}  // namespace wring
