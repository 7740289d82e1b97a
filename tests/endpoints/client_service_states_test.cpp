#include <wring/tests/endpoints/client_service_fixture.hpp>

namespace wring {
namespace {

using namespace testing;

/// A cell of the table: what leads to the state, the event, and what is to be seen then.
struct Cell {
    const char* name;
    const char* state;
    const char* event;
    std::size_t attempts;
    std::size_t pending;
    const char* connection;
    std::size_t timers;
    int stopped;  // of those who asked
    bool runs;
    const char* waiter;  // what one who has waited from the beginning was told
};
void PrintTo(const Cell& cell, std::ostream* out) { *out << cell.name; }

class ClientServiceStateTest : public ClientServiceTest,
                               public ::testing::WithParamInterface<Cell> {};

TEST_P(ClientServiceStateTest, followsTheTable) {
    const Cell& cell = GetParam();
    wait();
    perform(cell.state);
    perform(cell.event);
    EXPECT_EQ(attempts(), cell.attempts);
    EXPECT_EQ(endpoint_->pending(), cell.pending);
    connectionIs(cell.connection);
    EXPECT_EQ(clock_.getDelayedCalls().size(), cell.timers);
    EXPECT_EQ(stopped_, cell.stopped);
    EXPECT_EQ(service_->running(), cell.runs);
    EXPECT_EQ(ends_[0], cell.waiter);
}

const char* const disconnecting = "start connected stop";
const char* const stubborn = "stubborn start stop";
const char* const restarting = "start connected stop start";
const char* const stubbornRestart = "stubborn start stop start";

INSTANTIATE_TEST_SUITE_P(
    Table, ClientServiceStateTest,
    ::testing::Values(
        Cell{"InitStart", "", "start", 1, 1, "none", 0, 0, true, "waits"},
        Cell{"InitStop", "", "stop", 0, 0, "none", 0, 1, false, "CancelledError"},
        Cell{"ConnectingStart", "start", "start", 1, 1, "none", 0, 0, true, "waits"},
        Cell{"ConnectingStop", "start", "stop", 1, 0, "none", 0, 1, false, "CancelledError"},
        Cell{"ConnectingConnected", "start", "connected", 1, 0, "open", 0, 0, true, "connected"},
        Cell{"ConnectingFailed", "start", "failed", 1, 0, "none", 1, 0, true, "waits"},
        Cell{"WaitingStart", "start failed", "start", 1, 0, "none", 1, 0, true, "waits"},
        Cell{"WaitingStop", "start failed", "stop", 1, 0, "none", 0, 1, false, "CancelledError"},
        Cell{"WaitingTimer", "start failed", "timer", 2, 1, "none", 0, 0, true, "waits"},
        Cell{"ConnectedStart", "start connected", "start", 1, 0, "open", 0, 0, true, "connected"},
        Cell{"ConnectedStop", "start connected", "stop", 1, 0, "closing", 0, 0, false, "connected"},
        Cell{"ConnectedLost", "start connected", "lost", 1, 0, "none", 1, 0, true, "connected"},
        Cell{"DisconnectingStart", disconnecting, "start", 1, 0, "closing", 0, 0, true,
             "connected"},
        Cell{"DisconnectingStop", disconnecting, "stop", 1, 0, "closing", 0, 0, false, "connected"},
        Cell{"DisconnectingLost", disconnecting, "lost", 1, 0, "none", 0, 1, false, "connected"},
        Cell{"DisconnectingStopLost", disconnecting, "stop lost", 1, 0, "none", 0, 2, false,
             "connected"},
        Cell{"DisconnectingFailed", stubborn, "failed", 1, 0, "none", 0, 1, false,
             "CancelledError"},
        Cell{"DisconnectingConnected", stubborn, "connected", 1, 0, "closing", 0, 0, false,
             "waits"},
        Cell{"DisconnectingConnectedLost", stubborn, "connected lost", 1, 0, "none", 0, 1, false,
             "CancelledError"},
        Cell{"RestartingStart", restarting, "start", 1, 0, "closing", 0, 0, true, "connected"},
        Cell{"RestartingStop", restarting, "stop", 1, 0, "closing", 0, 0, false, "connected"},
        Cell{"RestartingStopLost", restarting, "stop lost", 1, 0, "none", 0, 2, false, "connected"},
        Cell{"RestartingLost", restarting, "lost", 2, 1, "none", 0, 1, true, "connected"},
        Cell{"RestartingFailed", stubbornRestart, "failed", 2, 1, "none", 0, 1, true, "waits"},
        Cell{"RestartingConnected", stubbornRestart, "connected", 1, 0, "closing", 0, 0, true,
             "waits"},
        Cell{"RestartingConnectedLost", stubbornRestart, "connected lost", 2, 1, "none", 0, 1, true,
             "waits"},
        Cell{"StoppedStart", "start stop", "start", 2, 1, "none", 0, 1, true, "CancelledError"},
        Cell{"StoppedStop", "start stop", "stop", 1, 0, "none", 0, 2, false, "CancelledError"}),
    [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace wring
