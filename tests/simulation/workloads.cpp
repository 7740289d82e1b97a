#include <wring/tests/simulation/echo_workload.hpp>

namespace wring::testing {

std::unique_ptr<Workload> makeWorkload(std::uint32_t) { return std::make_unique<EchoWorkload>(); }

}  // namespace wring::testing
