#include <wring/tests/simulation/datagram_workload.hpp>

#include <wring/deferred/timeout.hpp>

#include <charconv>

namespace wring::testing {

using namespace std::chrono_literals;

namespace {

std::string bodyOf(std::uint32_t client, std::uint32_t number, std::size_t size) {
    std::string body(size, '\0');
    std::uint32_t state = client * 2654435761u + number;
    for (char& each : body) {
        state = state * 1664525 + 1013904223;
        each = static_cast<char>(state >> 24);
    }
    return body;
}

std::uint32_t takeNumber(std::string_view& text) {
    std::uint32_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    auto length = static_cast<std::size_t>(end - text.data());
    text.remove_prefix(std::min(length + 1, text.size()));
    return value;
}

}  // namespace

std::string DatagramWorkload::compose(char kind, const Key& key, std::size_t size) {
    auto [client, number, attempt] = key;
    std::string text(1, kind);
    for (std::uint32_t each : {client, number, attempt, static_cast<std::uint32_t>(size)}) {
        text += std::to_string(each) + " ";
    }
    return text + bodyOf(client, number, size);
}

std::optional<DatagramWorkload::Key> DatagramWorkload::read(char kind, std::string_view text) {
    if (text.empty() || text.front() != kind) return std::nullopt;
    std::string_view left = text.substr(1);
    Key key{takeNumber(left), takeNumber(left), takeNumber(left)};
    std::size_t size = takeNumber(left);
    if (text != compose(kind, key, size)) return std::nullopt;
    return key;
}

bool DatagramWorkload::isFrontOfOne(std::string_view text) {
    std::string_view left = text.substr(1);
    Key key{takeNumber(left), takeNumber(left), takeNumber(left)};
    return compose('q', key, takeNumber(left)).substr(0, bytesMax) == text;
}

/// The server: answers each request as often as it comes.
class DatagramWorkload::Answerer final : public DatagramProtocol {
 public:
    Answerer(Trial& trial, DatagramWorkload& workload) : trial_(trial), workload_(workload) {}
    void datagramReceived(BytesView data, const Address& from) override {
        auto key = read('q', asText(data));
        trial_.expect(key.has_value(), "a datagram came that was not sent so");
        if (!key) return;
        trial_.expect(workload_.sent_.contains(*key), "a datagram came that nobody sent");
        int count = ++workload_.came_[*key];
        trial_.expect(count <= 2, "a datagram came more than twice");
        if (count == 2) trial_.reached("doubledRequest");
        try {
            transport().write(compose('a', *key, asText(data).size() % 700), from);
        } catch (...) {
            trial_.failed(Failure::current());
        }
    }
    void datagramTruncated(BytesView data, const Address&) override {
        trial_.reached("truncatedDatagram");
        bool isRight = data.size() == bytesMax && isFrontOfOne(asText(data));
        trial_.expect(isRight, "of a long datagram came something else than its beginning");
    }

 private:
    Trial& trial_;
    DatagramWorkload& workload_;
};

/// One client with its socket.
class DatagramWorkload::Client {
 public:
    Client(Trial* trial, DatagramWorkload* workload, Reactor& reactor, const Address& server)
        : trial_(trial), workload_(workload), socket_(reactor, 0), server_(server) {
        isConnected_ = trial_->happens(2);
        if (isConnected_) socket_.connect(server_);
    }
    /// Asks until everything has been answered.
    Task<> ask();

 private:
    Task<> sendAll(std::uint32_t attempt);
    Task<> sendTexts(const std::vector<std::string>* texts);
    Task<> collect();

    Trial* trial_;
    DatagramWorkload* workload_;
    UdpSocket socket_;
    Address server_;
    std::uint32_t identity_ = trial_->newIdentity();
    std::uint32_t numbers_ = 0;
    std::set<std::uint32_t> open_;  // numbers of requests that were not answered
    bool isConnected_ = false;
};

Task<> DatagramWorkload::Client::ask() {
    for (std::uint32_t i = 0, count = 1 + trial_->choose(6); i < count; ++i) {
        open_.insert(++numbers_);
    }
    for (std::uint32_t attempt = 0; !open_.empty(); ++attempt) {
        if (attempt > 0) trial_->reached("retriedRequest");
        auto sent = co_await outcome(sendAll(attempt));
        if (!sent) trial_->failed(sent.error());
        auto collected = co_await outcome(withTimeout(100ms, collect()));
        if (collected) break;
        trial_->failed(collected.error());
        co_await sleepFor(1ms);
    }
    trial_->reached("answeredRequests");
}

Task<> DatagramWorkload::Client::sendAll(std::uint32_t attempt) {
    std::vector<std::string> texts;
    bool areEqual = trial_->happens(2);
    std::size_t size = trial_->choose(1500);
    for (std::uint32_t number : open_) {
        if (!areEqual) size = trial_->choose(1500);
        Key key{identity_, number, attempt};
        workload_->sent_.insert(key);
        texts.push_back(compose('q', key, size));
    }
    if (trial_->happens(8)) texts.push_back(compose('q', {identity_, 0, attempt}, 3000));
    co_await sendTexts(&texts);
}

Task<> DatagramWorkload::Client::sendTexts(const std::vector<std::string>* texts) {
    std::vector<BytesView> views;
    for (const std::string& each : *texts) views.push_back(asBytes(each));
    if (isConnected_) {
        co_await socket_.sendMany(views);
    } else {
        co_await socket_.sendManyTo(views, server_);
    }
}

Task<> DatagramWorkload::Client::collect() {
    while (!open_.empty()) {
        Datagram datagram = co_await socket_.receiveFrom();
        auto key = read('a', datagram.data.text());
        trial_->expect(key && !datagram.isTruncated, "an answer came that was not sent so");
        trial_->expect(datagram.from == server_, "an answer came from somebody else");
        if (!key) continue;
        bool isOurs = std::get<0>(*key) == identity_ && workload_->came_.contains(*key);
        trial_->expect(isOurs, "an answer came to something that was not asked");
        open_.erase(std::get<1>(*key));
    }
}

void DatagramWorkload::begin(Trial& trial) {
    port_ = trial.newPort();
    server_ = trial.server().address();
    trial.start(trial.server(), servers_, listenOn, this);
    for (std::uint32_t i = 0, count = 1 + trial.choose(4); i < count; ++i) {
        trial.start(trial.client(), clients_, runClient, this);
    }
}

bool DatagramWorkload::tryToListen(Trial& trial, Reactor& reactor) {
    UdpOptions options;
    options.maxPacketSize = bytesMax;
    try {
        listenUDP(reactor, port_, makeRef<Answerer>(trial, *this), options);
        return true;
    } catch (...) {
        trial.failed(Failure::current());
        return false;
    }
}

Task<> DatagramWorkload::listenOn(Trial* trial, SimulatedHost* host, DatagramWorkload* self) {
    while (!self->tryToListen(*trial, host->reactor())) co_await sleepFor(10ms);
}

Task<> DatagramWorkload::runClient(Trial* trial, SimulatedHost* host, DatagramWorkload* self) {
    while (!trial->isFinishing()) {
        auto ended = co_await outcome(converse(trial, host, self));
        if (!ended) trial->failed(ended.error());
        co_await sleepFor(trial->pause());
    }
}

Task<> DatagramWorkload::converse(Trial* trial, SimulatedHost* host, DatagramWorkload* self) {
    Address server = *Address::parse(self->server_, self->port_);
    Client client(trial, self, host->reactor(), server);
    for (std::uint32_t i = 0, count = 1 + trial->choose(5); i < count; ++i) {
        co_await client.ask();
        co_await sleepFor(trial->pause());
    }
}

}  // namespace wring::testing
