#include <wring/tests/simulation/floors.hpp>

#include <cstdio>

namespace wring::testing {

namespace {

constexpr std::uint64_t seedsAtLeast = 2000;
constexpr std::uint64_t faultsAtLeast = 1000;

// A simulation that never comes here would find nothing wrong here.
constexpr const char* paths[] = {
    "CancelledError",
    "CannotListenError",
    "ClearBytesError",
    "ConnectBindError",
    "ConnectingCancelledError",
    "ConnectionLost",
    "ConnectionRefusedError",
    "EndOfStreamError",
    "FirstError",
    "NoRouteError",
    "SSLError",
    "TLSTruncated",
    "TimeoutError",
    "abandonedDeferred",
    "answeredRequests",
    "cancelledCall",
    "cancelledHandshake",
    "cancelledRead",
    "canceller",
    "completionOverflow",
    "cutTheRelay",
    "deferredFailure",
    "delayedCall",
    "descriptorShortage",
    "doubledRequest",
    "drainedPort",
    "fullConnection",
    "heldSemaphore",
    "listenedAgain",
    "lost by ConnectionAborted",
    "lost by ConnectionDone",
    "lost by ConnectionLost",
    "lost by TLSTruncated",
    "pausedDeferred",
    "pausedProducer",
    "pausedTransport",
    "promptReader",
    "promptTimer",
    "readConnectionLost",
    "retriedRequest",
    "securedByStartTLS",
    "securedProtocolSawTheEnd",
    "securedServerSawTheEnd",
    "serverAborts",
    "serverCloses",
    "serverSawTheEnd",
    "shieldedWork",
    "silentClientIsDropped",
    "starvedReceiver",
    "stopInTheMidst",
    "stoppedInABurst",
    "stoppedPort",
    "stormAnswer",
    "stormEnd",
    "truncatedDatagram",
    "unixListenedAgain",
    "unixPathLocked",
    "unixPathTaken",
    "unixRecovered",
    "wholeBulk",
    "wholeConversation",
    "wholeEcho",
    "wholeProtocolEcho",
    "wholeSecuredEcho",
    "wholeUnixEcho",
    "wholeUpgrade",
    "writeConnectionLost",
};

}  // namespace

bool checkFloors(const BatchResult& result) {
    if (result.seeds < seedsAtLeast) return true;
    bool isEnough = true;
    for (std::size_t i = 0; i < Faults::count; ++i) {
        if (result.faults[i] >= faultsAtLeast) continue;
        std::printf("vacuous: %s struck %llu times, %llu are the least\n",
                    faultName(static_cast<Fault>(i)),
                    static_cast<unsigned long long>(result.faults[i]),
                    static_cast<unsigned long long>(faultsAtLeast));
        isEnough = false;
    }
    for (const char* path : paths) {
        if (result.reached.contains(path)) continue;
        std::printf("vacuous: %s never happened\n", path);
        isEnough = false;
    }
    return isEnough;
}

}  // namespace wring::testing
