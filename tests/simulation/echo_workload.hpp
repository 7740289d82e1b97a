#pragma once

#include <wring/tests/simulation/pattern.hpp>
#include <wring/tests/simulation/trial.hpp>

#include <set>

namespace wring::testing {

/// Streams that echo: a client writes its pattern and reads it back, at the same time or in turn.
/// What comes back is the beginning of what was sent, and all of it when both ended in order. Reads
/// are cancelled now and then, which must lose nothing.
class EchoWorkload final : public Workload {
 public:
    explicit EchoWorkload(bool isSecured = false) : isSecured_(isSecured) {}
    void begin(Trial& trial) override;
    bool hasEnded() const override { return clients_ == 0; }

 private:
    static Task<> echo(Stream peer, Trial* trial, EchoWorkload* self);
    static Task<> listenOn(Trial* trial, SimulatedHost* host, EchoWorkload* self);
    static Task<> runClient(Trial* trial, SimulatedHost* host, EchoWorkload* self);
    static Task<> converse(Trial* trial, SimulatedHost* host, EchoWorkload* self);
    static Task<> readAll(Stream* stream, Pattern* pattern, Trial* trial);
    static Task<Bytes> readOnce(Stream* stream);

    bool isSecured_;  // everything goes through TLS
    std::uint16_t port_ = 0;
    std::string server_;
    std::set<std::string> servedWhole_;  // by the client's address
    int clients_ = 0;
    int servers_ = 0;
};

}  // namespace wring::testing
