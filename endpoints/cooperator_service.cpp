#include <wring/endpoints/cooperator_service.hpp>

namespace wring {

void CooperatorService::startService() {
    Service::startService();
    cooperator_.start();
}

Deferred<> CooperatorService::stopService() {
    Ref<CooperatorService> self(this);  // a task's end may let go of it
    stopped();                          // first: what ends may start it again
    cooperator_.stop();
    return succeed();
}

}  // namespace wring
