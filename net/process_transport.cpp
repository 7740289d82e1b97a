#include <wring/net/process_transport.hpp>

#include <wring/runtime/error.hpp>

#include <csignal>
#include <string>
#include <utility>

namespace wring {

namespace {

constexpr std::pair<std::string_view, int> signals[] = {
    {"HUP", SIGHUP},   {"INT", SIGINT},   {"QUIT", SIGQUIT},  {"ABRT", SIGABRT}, {"KILL", SIGKILL},
    {"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"ALRM", SIGALRM},  {"TERM", SIGTERM}, {"CONT", SIGCONT},
    {"STOP", SIGSTOP}, {"TSTP", SIGTSTP}, {"WINCH", SIGWINCH}};

}  // namespace

void IProcessTransport::signalProcess(std::string_view name) {
    for (const auto& [known, number] : signals) {
        if (name == known) return signalProcess(number);
    }
    throw UsageError(0, "kill", "no signal is called '" + std::string(name) + "'");
}

}  // namespace wring
