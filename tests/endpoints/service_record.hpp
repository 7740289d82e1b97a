#pragma once

#include <wring/endpoints/service.hpp>

#include <stdexcept>
#include <vector>

namespace wring::testing {

/// A service that writes down what it is told, under its name, and does what a test says.
class RecordingService final : public Service {
 public:
    RecordingService(std::vector<std::string>& record, const std::string& name) : record_(record) {
        setName(name);
    }
    ~RecordingService() override { record_.push_back(name() + " gone"); }

    void privilegedStartService() override { record_.push_back(name() + " privileged"); }
    void startService() override {
        Service::startService();
        record_.push_back(name() + " start");
        if (failsToStart) throw std::runtime_error(name() + " does not start");
    }
    Deferred<> stopService() override {
        Service::stopService().addBoth([](Result<void>) {});
        record_.push_back(name() + " stop");
        if (failsToStop) throw std::runtime_error(name() + " does not stop");
        return stopsLater ? whenStopped : succeed();
    }

    bool failsToStart = false;
    bool failsToStop = false;
    bool stopsLater = false;
    Deferred<> whenStopped;

 private:
    std::vector<std::string>& record_;
};

/// Writes into `end` how a Deferred ends, when it does.
template <class T>
void watch(Deferred<T> deferred, std::string& end) {
    end = "waits";
    deferred.addBoth(
        [&end](const Result<T>& result) { end = result ? "fired" : result.error().className(); });
}

}  // namespace wring::testing
