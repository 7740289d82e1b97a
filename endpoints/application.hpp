#pragma once

#include <wring/endpoints/service.hpp>

namespace wring {

class Reactor;

/// Ties a service, usually a MultiService, to a reactor: what takes privileges is started now, the
/// rest now or when the reactor runs, and the shutdown begins with stopping it and waits for that.
/// Kept until then.
///
/// Errors    what the privileged start throws, after a stop of what had been started; what the rest
///           throws if that is not now is logged and stops the reactor.
/// Source    Twisted: app.startApplication, and the start with privileges, which is twistd's there.
WRING_API void startApplication(Reactor& reactor, Ref<IService> service);

}  // namespace wring
