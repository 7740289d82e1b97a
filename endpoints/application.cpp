#include <wring/endpoints/application.hpp>

#include <wring/deferred/detail/invoke.hpp>
#include <wring/deferred/looping_call.hpp>
#include <wring/endpoints/detail/hangup.hpp>
#include <wring/runtime/log.hpp>
#include <wring/runtime/reactor.hpp>

#include <ctime>
#include <optional>

namespace wring {

ApplicationOptions::ApplicationOptions() noexcept = default;
ApplicationOptions::ApplicationOptions(ApplicationOptions&&) noexcept = default;
ApplicationOptions::~ApplicationOptions() = default;

ApplicationOptions&& ApplicationOptions::reload(UniqueFunction<void()> function) && {
    reload_ = std::move(function);
    return std::move(*this);
}

ApplicationOptions&& ApplicationOptions::manager(ServiceManager& told) && {
    manager_ = &told;
    return std::move(*this);
}

/// One application: its service, and what stands between it and the world around the process.
class Application final : public RefCounted {
 public:
    Application(Reactor& reactor, Ref<IService> service, ApplicationOptions options)
        : reactor_(reactor),
          service_(std::move(service)),
          options_(std::move(options)),
          manager_(options_.manager_ ? *options_.manager_ : ServiceManager::inherited()) {
        if (options_.reload_) hangup_.emplace();
    }

    void startPrivileged() { service_->privilegedStartService(); }

    void start() {
        service_->startService();
        manager_.notify("READY=1");
        isStarted_ = true;
        if (manager_.watchdogInterval() > Duration::zero()) {
            alive_.setTime(reactor_);
            alive_.start(manager_.watchdogInterval()).addErrback(logFailure);
        }
        if (!hangup_) return;
        watching_ = hangup_->watch(reactor_, [this] { reload(); });
        watching_->addBoth([self = Ref<Application>(this)](Result<void> result) {
            if (result || result.error().check<CancelledError>()) return;
            log(LogLevel::error, "no SIGHUP is seen any more: " + result.error().getErrorMessage());
        });
    }

    void startOrStopTheReactor() {
        try {
            start();
        } catch (...) {
            log(LogLevel::critical,
                "the application cannot start: " + Failure::current().getErrorMessage());
            reactor_.requestStop();
        }
    }

    Deferred<> stop() {
        if (isStarted_) manager_.notify("STOPPING=1");
        if (watching_) watching_->cancel();
        auto ended = [self = Ref<Application>(this)] {
            if (self->alive_.running()) self->alive_.stop();
        };
        return service_->stopService().addBoth([ended](Result<void> result) {
            ended();
            return result;
        });
    }

 private:
    static void logFailure(const Failure& failure) {
        log(LogLevel::error, "the watchdog is not fed any more: " + failure.getErrorMessage());
    }

    void reload() {
        timespec now{};
        ::clock_gettime(CLOCK_MONOTONIC, &now);
        auto usec = std::to_string(now.tv_sec * 1'000'000LL + now.tv_nsec / 1000);
        manager_.notify("RELOADING=1\nMONOTONIC_USEC=" + usec);
        try {
            options_.reload_();
        } catch (...) {
            log(LogLevel::error, "reload threw: " + Failure::current().getErrorMessage());
        }
        manager_.notify("READY=1");
    }

    Reactor& reactor_;
    Ref<IService> service_;
    ApplicationOptions options_;
    ServiceManager& manager_;
    LoopingCall alive_{[](ServiceManager* manager) { manager->notify("WATCHDOG=1"); }, &manager_};
    std::optional<detail::Hangup> hangup_;
    std::optional<Deferred<>> watching_;
    bool isStarted_ = false;
};

void startApplication(Reactor& reactor, Ref<IService> service, ApplicationOptions options) {
    auto application = makeRef<Application>(reactor, std::move(service), std::move(options));
    auto stop = [application] { return application->stop(); };
    try {
        application->startPrivileged();
        if (reactor.running()) application->start();
    } catch (...) {
        detail::invoke(stop);
        throw;
    }
    if (!reactor.running()) {
        reactor.callWhenRunning([application] { application->startOrStopTheReactor(); });
    }
    reactor.addSystemEventTrigger(EventPhase::before, "shutdown", stop);
}

}  // namespace wring
