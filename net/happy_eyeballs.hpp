#pragma once

#include <wring/net/address.hpp>
#include <wring/net/socket.hpp>
#include <wring/runtime/reactor_time.hpp>
#include <wring/runtime/task.hpp>
#include <wring/runtime/unique_function.hpp>

#include <vector>

namespace wring {

/// The same addresses in the order of their families: one of the first one's, one of the other, and
/// so on; each once, and those of one family in the order in which they came.
///
/// Source    RFC 8305, section 4.
WRING_API std::vector<Address> interleaveFamilies(const std::vector<Address>& addresses);

/// How addresses are tried one after the other.
class WRING_API HappyEyeballsOptions {
 public:
    HappyEyeballsOptions() noexcept = default;
    Duration attemptDelay =
        std::chrono::milliseconds(250);  ///< before the next one is tried as well
    unsigned attemptsMax = 6;            ///< at the same time
};

/// Makes one attempt to connect; what it throws is that attempt's failure. Owns what it needs: it
/// is called as long as addresses are left.
using ConnectAttempt = UniqueFunction<Task<Socket>(Address)>;

/// Connects to the first of several addresses of one host that answers. They are tried in order:
/// the next one when an attempt has failed, or has lasted for the delay; the first that succeeds
/// ends the others, and the ends of all are awaited.
///
/// Errors    that of the last attempt that failed, naming all addresses if there were several. One
///           that says that this host cannot use the address at all does not take the place of one
///           that says more. DNSLookupError if there are no addresses.
/// Cancel    cancels all attempts and awaits their ends.
/// Source    RFC 8305. Twisted's HostnameEndpoint waits for the delay after a failure as well.
[[nodiscard]] WRING_API Task<Socket> connectFastest(IReactorTime& time,
                                                    std::vector<Address> addresses,
                                                    ConnectAttempt attempt,
                                                    HappyEyeballsOptions options = {});

}  // namespace wring
