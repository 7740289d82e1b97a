#pragma once

#include <wring/endpoints/client_service.hpp>
#include <wring/endpoints/memory_client_endpoint.hpp>
#include <wring/runtime/clock.hpp>
#include <wring/tests/endpoints/service_record.hpp>
#include <wring/tests/support/streams.hpp>

#include <sstream>

namespace wring::testing {

/// An endpoint whose attempts may go on although they were told to end, as one does that has got
/// its connection already.
class StubbornEndpoint final : public IStreamClientEndpoint {
 public:
    explicit StubbornEndpoint(Ref<IStreamClientEndpoint> real) : real_(std::move(real)) {}
    Deferred<Ref<IProtocol>> connect(Ref<IFactory> factory) override {
        Deferred<Ref<IProtocol>> inner = real_->connect(std::move(factory));
        if (!isStubborn) return inner;
        Deferred<Ref<IProtocol>> outer;
        outer.state()->setCanceller([](auto&) {}, true);
        inner.addBoth(
            [outer](Result<Ref<IProtocol>> result) mutable { outer.callback(std::move(result)); });
        return outer;
    }
    Deferred<Stream> connectStream() override { return real_->connectStream(); }
    bool isStubborn = false;

 private:
    Ref<IStreamClientEndpoint> real_;
};

class ClientServiceTest : public ::testing::Test {
 protected:
    ClientServiceTest() { service_->setClock(clock_); }
    ~ClientServiceTest() override {
        service_ = nullptr;
        for (const auto& each : endpoint_->attempts()) {
            if (each->isPending()) each->fail();
        }
        if (connection_) connection_->lose();
    }

    /// Does what each word says; after "stubborn" attempts ignore that they are cancelled.
    void perform(const std::string& words) {
        std::istringstream each(words);
        for (std::string word; each >> word;) performOne(word);
    }
    void performOne(const std::string& word) {
        if (word == "start") service_->startService();
        if (word == "stop") stop();
        if (word == "connected") connection_ = attempt().succeed();
        if (word == "failed") attempt().fail();
        if (word == "lost") connection_->lose();
        if (word == "timer") clock_.advance(delay_);
        if (word == "stubborn") stubborn_->isStubborn = true;
    }
    void stop() {
        ++stops_;
        service_->stopService().addBoth([this](Result<void> result) {
            EXPECT_TRUE(result.has_value());
            ++stopped_;
        });
    }
    MemoryAttempt& attempt() { return *endpoint_->attempts().back(); }
    std::size_t attempts() const { return endpoint_->attempts().size(); }
    void connectionIs(const std::string& what) {
        bool isOpen = connection_ && connection_->isOpen();
        bool isClosing = isOpen && connection_->transport().disconnecting();
        EXPECT_EQ(what, isClosing ? "closing" : isOpen ? "open" : "none");
    }
    void wait(std::optional<unsigned> failures = {}) {
        ends_.emplace_back("waits");
        service_->whenConnected(failures).addBoth(
            [this, at = ends_.size() - 1](const Result<Ref<IProtocol>>& result) {
                bool isOurs = result && (*result).get() == record_.protocol;
                ends_[at] = isOurs ? "connected" : result ? "?" : result.error().className();
            });
    }

    CapturedLog log_;
    Clock clock_;
    Record record_;
    Duration delay_ = std::chrono::seconds(7);
    std::vector<unsigned> failures_;  // that the policy was told
    Strings ends_;                    // of those who wait to be connected
    int stops_ = 0;
    int stopped_ = 0;
    Ref<MemoryConnection> connection_;
    Ref<MemoryClientEndpoint> endpoint_ = makeRef<MemoryClientEndpoint>();
    Ref<StubbornEndpoint> stubborn_ = makeRef<StubbornEndpoint>(endpoint_);
    Ref<IFactory> factory_ = factory<Recorder>(&record_);
    Ref<ClientService> service_ =
        makeRef<ClientService>(stubborn_, factory_, [this](unsigned failures) {
            failures_.push_back(failures);
            return delay_;
        });
};

}  // namespace wring::testing
