#pragma once

#include <wring/net/spawn_process.hpp>
#include <wring/tests/support/streams.hpp>

#include <functional>
#include <string>
#include <vector>

namespace wring::testing {

/// What happened to the protocol of one process, and what it shall do about it.
struct ProcessRecord {
    Strings events;  ///< equal ones that follow each other are one
    std::map<int, std::string> received;
    std::string exited, ended;  ///< class and text of the reason
    ExitStatus status;
    std::function<void(IProcessTransport&)> onMade;
    std::function<void(IProcessTransport&, int, std::string_view)> onData;

    void note(const std::string& event) {
        if (events.empty() || events.back() != event) events.push_back(event);
    }
    bool has(const std::string& event) const {
        return std::find(events.begin(), events.end(), event) != events.end();
    }
};

/// A process protocol that writes down what happens to it.
class ProcessRecorder final : public ProcessProtocol {
 public:
    explicit ProcessRecorder(ProcessRecord* record) : record_(record) {}
    void connectionMade() override {
        record_->note("made");
        if (record_->onMade) record_->onMade(transport());
    }
    void childDataReceived(int childFD, BytesView data) override {
        record_->note("data " + std::to_string(childFD));
        record_->received[childFD] += asText(data);
        if (record_->onData) record_->onData(transport(), childFD, asText(data));
    }
    void childConnectionLost(int childFD) override {
        record_->note("lost " + std::to_string(childFD));
    }
    void processExited(const Failure& reason) override {
        record_->note("exited");
        record_->exited = reason.className() + ": " + reason.getErrorMessage();
    }
    void processEnded(const Failure& reason) override {
        record_->note("ended");
        record_->ended = reason.className() + ": " + reason.getErrorMessage();
        record_->status = exitStatusOf(reason);
    }

 private:
    ProcessRecord* record_;
};

/// A process with a record of it.
struct RecordedProcess {
    RecordedProcess(Reactor& reactor, ProcessRecord* record, const std::string& executable,
                    const Strings& args = {}, const ProcessOptions& options = {})
        : protocol(makeRef<ProcessRecorder>(record)),
          transport(spawnProcess(reactor, protocol, executable, args, options)) {}
    Ref<IProcessProtocol> protocol;
    Ref<IProcessTransport> transport;
};

/// One that runs a script.
inline RecordedProcess runScript(Reactor& reactor, ProcessRecord* record, const std::string& script,
                                 const ProcessOptions& options = {}) {
    return RecordedProcess(reactor, record, "sh", {"sh", "-c", script}, options);
}

}  // namespace wring::testing
