#include <wring/endpoints/service.hpp>

#include <wring/runtime/error.hpp>

namespace wring {

void Service::setName(std::string name) {
    if (parent_) throw UsageError(0, "setName", "cannot change name when parent exists");
    name_ = std::move(name);
}

void Service::setServiceParent(IServiceCollection& parent) {
    Ref<IService> self(this);  // the old parent may have been the last to keep it
    if (parent_) disownServiceParent();
    parent.addService(self);
}

Deferred<> Service::disownServiceParent() {
    if (!parent_) return succeed();
    return parent_->removeService(*this);
}

Deferred<> Service::stopService() {
    stopped();
    return succeed();
}

}  // namespace wring
