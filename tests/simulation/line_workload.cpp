#include <wring/tests/simulation/line_workload.hpp>

#include <wring/deferred/scope.hpp>
#include <wring/endpoints/registry.hpp>
#include <wring/net/framing.hpp>
#include <wring/net/line_receiver.hpp>
#include <wring/tests/simulation/serving.hpp>

namespace wring::testing {

using namespace std::chrono_literals;

namespace {

std::string answerTo(std::string_view line) {
    return std::to_string(std::hash<std::string_view>{}(line)) + "=" + std::string(line);
}

/// Answers lines; holds back now and then, which must not change the order.
class Answerer final : public LineReceiver {
 public:
    explicit Answerer(Trial* trial) : trial_(*trial) {}
    void lineReceived(std::string_view line) override {
        if (line == "bye") return transport().loseConnection();
        sendLine(answerTo(line));
        if (!trial_.happens(20)) return;
        pauseProducing();
        transport().reactor().callLater(trial_.pause(), [self = Ref<Answerer>(this)] {
            if (self->connected()) self->resumeProducing();
        });
    }

 private:
    Trial& trial_;
};

Task<> writeLines(Stream* stream, Trial* trial, const std::vector<std::string>* lines) {
    std::string block;
    for (const std::string& line : *lines) {
        block += line + "\r\n";
        if (trial->happens(3)) co_await stream->write(std::exchange(block, {}));
    }
    co_await stream->write(block + "bye\r\n");
}

Task<> converse(Scope& scope, Stream* stream, Trial* trial, const std::vector<std::string>* lines) {
    scope.spawn(writeLines, stream, trial, lines);
    std::size_t count = 0;
    while (std::optional<Bytes> line = co_await readLine(*stream, 1000)) {
        bool isNext = count < lines->size() && line->text() == answerTo((*lines)[count]);
        trial->expect(isNext, "an answer is not to the line that came next");
        ++count;
    }
    if (count == lines->size()) trial->reached("wholeConversation");
}

}  // namespace

void LineWorkload::begin(Trial& trial) {
    port_ = trial.newPort();
    server_ = trial.server().address();
    trial.start(trial.server(), servers_, listenOn, this);
    for (std::uint32_t i = 0, count = 1 + trial.choose(4); i < count; ++i) {
        trial.start(trial.client(), clients_, runClient, this);
    }
}

Task<> LineWorkload::listenOn(Trial* trial, SimulatedHost* host, LineWorkload* self) {
    auto endpoint = serverAt(*host, self->port_, false);
    co_await keepListening(trial, std::move(endpoint), factory<Answerer>(trial));
}

Task<> LineWorkload::runClient(Trial* trial, SimulatedHost* host, LineWorkload* self) {
    std::string where = "tcp:" + self->server_ + ":" + std::to_string(self->port_) + ":timeout=20";
    while (!trial->isFinishing()) {
        auto asked = co_await outcome(ask(trial, &host->reactor(), where));
        if (!asked) trial->failed(asked.error());
        co_await sleepFor(trial->pause());
    }
}

Task<> LineWorkload::ask(Trial* trial, Reactor* reactor, std::string where) {
    auto endpoint = clientFromString(*reactor, where);
    Stream stream = co_await endpoint->connectStream();
    std::vector<std::string> lines(trial->choose(40));
    for (std::string& line : lines) {
        line = std::string(trial->choose(100), 'x') + std::to_string(trial->choose(1000));
    }
    co_await withScope(converse, &stream, trial, &lines);
    co_await stream.close();
}

}  // namespace wring::testing
