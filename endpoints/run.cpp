#include <wring/endpoints/run.hpp>

#include <wring/runtime/log.hpp>

namespace wring::detail {

int startFailed() noexcept {
    log(LogLevel::critical, Failure::current().getErrorMessage());
    return 1;
}

int runApplication(const ReactorOptions& options,
                   UniqueFunction<Deferred<>(Reactor&)> application) {
    std::optional<Reactor> reactor;
    try {
        reactor.emplace(options);
    } catch (...) {
        return startFailed();
    }
    int status = 0;
    Reactor& running = *reactor;
    running.callWhenRunning([&] {
        application(running).addBoth([&](Result<void> result) {
            if (!result && !result.error().check<CancelledError>()) {
                status = 1;
                log(LogLevel::critical, "main function encountered error: " +
                                            result.error().className() + ": " +
                                            result.error().getErrorMessage());
            }
            if (running.running()) running.requestStop();
        });
    });
    running.run();
    return status;
}

}  // namespace wring::detail
