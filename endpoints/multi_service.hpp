#pragma once

#include <wring/endpoints/service.hpp>
#include <wring/runtime/result.hpp>

namespace wring {

/// Services that are started and stopped together, and themselves one service, so that they make a
/// tree.
///
/// Started   itself first, then its children in the order in which they came. What a child throws
///           leaves those behind it unstarted. A child that comes meanwhile is started when it
///           comes.
/// Stopped   the last child first, none waiting for another.
/// Source    Twisted: service.MultiService; there addService() leaves the child's parent alone.
class WRING_API MultiService : public Service, public IServiceCollection {
 public:
    MultiService() = default;
    /// Its children have no parent any more; nothing is stopped.
    ~MultiService() override;

    const std::vector<Ref<IService>>& services() const noexcept override { return services_; }
    Ref<IService> getServiceNamed(std::string_view name) const override;
    void addService(Ref<IService> service) override;
    Deferred<> removeService(IService& service) override;

    void privilegedStartService() override;
    void startService() override;
    /// Fires when the stop of every child has ended; never fails: a child's failure is logged.
    Deferred<> stopService() override;
    /// Likewise, with how each of them ended, the last child first.
    Deferred<std::vector<Result<void>>> stopServices();

 private:
    bool has(const IService& service) const noexcept;
    void startEach(void (IService::*start)());

    std::vector<Ref<IService>> services_;
};

}  // namespace wring
