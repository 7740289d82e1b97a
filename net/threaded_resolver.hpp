#pragma once

#include <wring/net/hostname_resolver.hpp>

#include <memory>

namespace wring {

class Reactor;
class ThreadPool;
struct ThreadPoolStats;

/// Looks names up as every other program on this machine does, by the system's resolver, which
/// blocks: in threads of its own, as few as may wait at once. Further look-ups wait for a thread,
/// first come first served. For hosts whose names come from elsewhere than DNS: mDNS, LDAP.
///
/// Errors    DNSLookupError: "address 'NAME' not found: " and what the resolver said.
/// Cancel    at once for who waits; the thread stays busy until the resolver has answered.
/// Lifetime  destroying it waits for nobody: threads that are busy are left behind.
/// Source    getaddrinfo(3). Twisted: GAIResolver.
class WRING_API ThreadedResolver final : public IHostnameResolver {
 public:
    explicit ThreadedResolver(Reactor& reactor, unsigned threadsMax = 4);
    ~ThreadedResolver() override;

    [[nodiscard]] Task<std::vector<Address>> resolveHostName(std::string host, std::uint16_t port,
                                                             int family) override;
    /// How many look-ups run, wait and have ended.
    ThreadPoolStats stats() const;

 private:
    Reactor& reactor_;
    std::unique_ptr<ThreadPool> threads_;
};

}  // namespace wring
