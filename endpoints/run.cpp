#include <wring/endpoints/run.hpp>

#include <wring/runtime/log.hpp>

namespace wring::detail {

int startFailed() noexcept {
    log(LogLevel::critical, Failure::current().getErrorMessage());
    return 1;
}

int runApplication(const ReactorOptions& options,
                   UniqueFunction<Deferred<>(Reactor&)> application) {
    int status = 0;  // before the reactor, whose end may still tell how the application ended
    std::optional<Reactor> reactor;
    try {
        reactor.emplace(options);
    } catch (...) {
        return startFailed();
    }
    Reactor& running = *reactor;
    running.callWhenRunning([&status, &running, &application] {
        application(running).addBoth([&status, &running](Result<void> result) {
            if (!result && !result.error().check<CancelledError>()) {
                status = 1;
                log(LogLevel::critical, "main function encountered error: " +
                                            result.error().className() + ": " +
                                            result.error().getErrorMessage());
            }
            running.requestStop();
        });
    });
    running.run();
    return status;
}

}  // namespace wring::detail
