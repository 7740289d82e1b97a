#include <wring/net/reconnecting_client_factory.hpp>

#include <wring/deferred/sleep.hpp>
#include <wring/runtime/log.hpp>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

namespace wring {

namespace {

double secondsOf(Duration length) { return std::chrono::duration<double>(length).count(); }
Duration durationOf(double seconds) { return toDelay(std::chrono::duration<double>(seconds)); }

std::uint64_t anySeed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

ReconnectingClientFactory::ReconnectingClientFactory(ReconnectOptions options)
    : options_(options),
      random_(options.seed ? *options.seed : anySeed()),
      delaySeconds_(secondsOf(options.initialDelay)) {}

ReconnectingClientFactory::~ReconnectingClientFactory() = default;

void ReconnectingClientFactory::startedConnecting(IConnector& connector) {
    connector_ = ConnectorWatch(connector);
}

void ReconnectingClientFactory::clientConnectionFailed(IConnector& connector, const Failure&) {
    connector_ = ConnectorWatch(connector);
    if (continueTrying_) retry();
}

void ReconnectingClientFactory::clientConnectionLost(IConnector& connector, const Failure&) {
    connector_ = ConnectorWatch(connector);
    if (continueTrying_) retry();
}

void ReconnectingClientFactory::retry(IConnector* connector) {
    if (!continueTrying_) return log(LogLevel::info, "reconnecting: abandoned on explicit request");
    if (!connector) connector = connector_.get();
    if (!connector) throw UsageError(0, "retry", "no connector to retry");
    connector_ = ConnectorWatch(*connector);
    ++retries_;
    if (options_.maxRetries && retries_ > *options_.maxRetries) {
        return log(LogLevel::info, "reconnecting: abandoning " +
                                       connector->getDestination().format() + " after " +
                                       std::to_string(retries_) + " retries");
    }
    if (call_ && call_->active()) call_->cancel();
    Duration delay = durationOf(nextDelay());
    log(LogLevel::info, "reconnecting: " + connector->getDestination().format() + " again in " +
                            std::to_string(delaySeconds_) + " s");
    IReactorTime& time = options_.clock ? *options_.clock : detail::currentTime();
    call_ = time.callLater(delay, [kept = Ref<IConnector>(connector)] {
        if (kept->state() == IConnector::State::disconnected) kept->connect();
    });
}

void ReconnectingClientFactory::stopTrying() {
    Ref<ReconnectingClientFactory> alive(this);  // the connector may have been the last to keep it
    continueTrying_ = false;
    Ref<IConnector> connector(connector_.get());
    if (call_ && call_->active()) call_->cancel();
    call_ = nullptr;
    if (connector && connector->state() == IConnector::State::connecting) {
        connector->stopConnecting();
    }
}

void ReconnectingClientFactory::resetDelay() noexcept {
    delaySeconds_ = secondsOf(options_.initialDelay);
    retries_ = 0;
    continueTrying_ = true;
}

Duration ReconnectingClientFactory::delay() const noexcept { return durationOf(delaySeconds_); }

// The next step grows from the delay with its jitter.
double ReconnectingClientFactory::nextDelay() noexcept {
    delaySeconds_ = std::min(delaySeconds_ * options_.factor, secondsOf(options_.maxDelay));
    if (options_.jitter > 0) delaySeconds_ += delaySeconds_ * options_.jitter * normal();
    delaySeconds_ = std::max(delaySeconds_, 0.0);
    return delaySeconds_;
}

// A deviate of the normal distribution with mean 0 and deviation 1, by Box and Muller.
double ReconnectingClientFactory::normal() noexcept {
    constexpr double pi = 3.14159265358979323846;
    double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(2.0 * pi * uniform());
}

// In [0, 1), by the generator called splitmix64.
double ReconnectingClientFactory::uniform() noexcept {
    random_ += 0x9e3779b97f4a7c15;
    std::uint64_t mixed = random_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    mixed ^= mixed >> 31;
    return static_cast<double>(mixed >> 11) * 0x1.0p-53;
}

}  // namespace wring
