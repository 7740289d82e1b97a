#pragma once

#include <wring/endpoints/unix_endpoints.hpp>
#include <wring/tests/simulation/trial.hpp>
#include <wring/tests/support/folder.hpp>

#include <set>

namespace wring::testing {

/// Streams over a UNIX socket of one host, which echo and add a hash of what came. The socket has
/// an abstract name or a path; there the port finds what others left behind: a socket that nobody
/// listens on, the lock of a dead owner, the lock of a living one.
class UnixWorkload final : public Workload {
 public:
    void begin(Trial& trial) override;
    bool hasEnded() const override { return clients_ == 0 && servers_ == 0; }
    void check(Trial& trial) override;

 private:
    /// What lies at the path before the port listens.
    enum class Remains : std::uint8_t { none, socket, lock, both, livingLock };

    bool isAbstract() const noexcept { return path_.front() == '\0'; }
    bool exists(const char* suffix) const;
    Remains leaveRemains(Trial& trial);
    void clearRemains();
    static bool isFreeFor(Remains remains, bool wantsLock) noexcept;
    void checkListening(Trial& trial, const UNIXListenOptions& options);
    void checkFailure(Trial& trial, const Failure& failure, bool isExpected) const;

    static Task<> listenOn(Trial* trial, SimulatedHost* host, UnixWorkload* self);
    static Task<> listenOnce(Trial* trial, SimulatedHost* host, UnixWorkload* self);
    static Task<> usePort(Trial* trial, Ref<IListeningPort> port, UnixWorkload* self);
    static Task<> echo(Stream peer, Trial* trial, UnixWorkload* self);
    static Task<> runClient(Trial* trial, SimulatedHost* host, UnixWorkload* self);
    static Task<> converse(Trial* trial, Reactor* reactor, UnixWorkload* self);
    static Task<> writeAll(Stream* stream, Trial* trial, std::uint32_t identity,
                           std::uint64_t total);

    std::optional<Folder> folder_;  // unless the name is abstract
    std::string path_;
    std::set<std::uint32_t> servedWhole_;  // the identities of their patterns
    int clients_ = 0;
    int servers_ = 0;
};

}  // namespace wring::testing
