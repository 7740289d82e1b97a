#include <wring/tests/simulation/bulk_workload.hpp>
#include <wring/tests/simulation/burst_workload.hpp>
#include <wring/tests/simulation/datagram_workload.hpp>
#include <wring/tests/simulation/deferred_workload.hpp>
#include <wring/tests/simulation/echo_workload.hpp>
#include <wring/tests/simulation/fairness_workload.hpp>
#include <wring/tests/simulation/line_workload.hpp>
#include <wring/tests/simulation/protocol_workload.hpp>
#include <wring/tests/simulation/scarcity_workload.hpp>
#include <wring/tests/simulation/scope_workload.hpp>
#include <wring/tests/simulation/stall_workload.hpp>
#include <wring/tests/simulation/storm_workload.hpp>
#include <wring/tests/simulation/timer_workload.hpp>
#include <wring/tests/simulation/tls_workload.hpp>
#include <wring/tests/simulation/unix_workload.hpp>

namespace wring::testing {

std::unique_ptr<Workload> makeWorkload(std::uint32_t kind) {
    switch (kind) {
        case 0:
            return std::make_unique<EchoWorkload>();
        case 1:
            return std::make_unique<ProtocolWorkload>();
        case 2:
            return std::make_unique<StormWorkload>();
        case 3:
            return std::make_unique<BulkWorkload>();
        case 4:
            return std::make_unique<LineWorkload>();
        case 5:
            return std::make_unique<TimerWorkload>();
        case 6:
            return std::make_unique<DeferredWorkload>();
        case 7:
            return std::make_unique<ScopeWorkload>();
        case 8:
            return std::make_unique<ScarcityWorkload>();
        case 9:
            return std::make_unique<UnixWorkload>();
        case 10:
            return std::make_unique<BurstWorkload>();
        case 11:
            return std::make_unique<TlsWorkload>();
        case 12:
            return std::make_unique<FairnessWorkload>();
        case 13:
            return std::make_unique<StallWorkload>();
        case 14:
            return std::make_unique<EchoWorkload>(true);
        case 15:
            return std::make_unique<DatagramWorkload>();
        default:
            return std::make_unique<ProtocolWorkload>(true);
    }
}

}  // namespace wring::testing
