#include <wring/tests/simulation/bulk_workload.hpp>
#include <wring/tests/simulation/datagram_workload.hpp>
#include <wring/tests/simulation/deferred_workload.hpp>
#include <wring/tests/simulation/echo_workload.hpp>
#include <wring/tests/simulation/line_workload.hpp>
#include <wring/tests/simulation/protocol_workload.hpp>
#include <wring/tests/simulation/scarcity_workload.hpp>
#include <wring/tests/simulation/scope_workload.hpp>
#include <wring/tests/simulation/storm_workload.hpp>
#include <wring/tests/simulation/timer_workload.hpp>

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
            return std::make_unique<DatagramWorkload>();
        default:
            return std::make_unique<ScarcityWorkload>();
    }
}

}  // namespace wring::testing
