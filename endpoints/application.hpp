#pragma once

#include <wring/endpoints/service.hpp>
#include <wring/endpoints/service_manager.hpp>
#include <wring/runtime/unique_function.hpp>

namespace wring {

class Reactor;

/// What startApplication() does besides.
class WRING_API ApplicationOptions {
 public:
    ApplicationOptions() noexcept;
    ApplicationOptions(ApplicationOptions&&) noexcept;
    ~ApplicationOptions();

    /// Called in a turn of the reactor's after a SIGHUP, which then does not end the process; one
    /// that comes while the application starts is kept until it has. What it throws is logged.
    ApplicationOptions&& reload(UniqueFunction<void()> function) &&;
    /// Who is told how the application is, in place of ServiceManager::inherited(). Outlives the
    /// reactor.
    ApplicationOptions&& manager(ServiceManager& told) &&;

 private:
    friend class Application;
    UniqueFunction<void()> reload_;
    ServiceManager* manager_ = nullptr;
};

/// Ties a service, usually a MultiService, to a reactor: what takes privileges is started now, the
/// rest now or when the reactor runs, and the shutdown begins with stopping it and waits for that.
/// Kept until then. The service manager is told when all of it has started, and when it is to stop,
/// and in between, if it wants, that the reactor still turns.
///
/// Errors    what the privileged start throws, after a stop of what had been started; what the rest
///           throws if that is not now is logged and stops the reactor.
/// Source    Twisted: app.startApplication, and the start with privileges, which is twistd's there.
WRING_API void startApplication(Reactor& reactor, Ref<IService> service,
                                ApplicationOptions options = {});

}  // namespace wring
