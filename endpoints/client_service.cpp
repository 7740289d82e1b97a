#include <wring/endpoints/client_service.hpp>

#include <wring/endpoints/detail/client_machine.hpp>
#include <wring/runtime/log.hpp>

namespace wring {

ClientService::ClientService(Ref<IStreamClientEndpoint> endpoint, Ref<IFactory> factory,
                             RetryPolicy retryPolicy)
    : machine_(makeRef<detail::ClientMachine>(std::move(endpoint), std::move(factory),
                                              std::move(retryPolicy))) {}

ClientService::~ClientService() { machine_->stop(); }

void ClientService::setClock(IReactorTime& clock) noexcept { machine_->setClock(clock); }
void ClientService::setPreparation(PrepareConnection function) {
    machine_->setPreparation(std::move(function));
}

void ClientService::startService() {
    if (running()) {
        return log(LogLevel::warning, "Duplicate ClientService.startService: it runs already");
    }
    Service::startService();
    Ref<detail::ClientMachine>(machine_)->start();
}

Deferred<> ClientService::stopService() {
    stopped();
    return Ref<detail::ClientMachine>(machine_)->stop();
}

Deferred<Ref<IProtocol>> ClientService::whenConnected(std::optional<unsigned> failAfterFailures) {
    return machine_->whenConnected(failAfterFailures);
}

}  // namespace wring
