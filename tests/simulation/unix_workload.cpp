#include <wring/tests/simulation/unix_workload.hpp>

#include <wring/deferred/scope.hpp>
#include <wring/net/errors.hpp>
#include <wring/tests/simulation/serving.hpp>

#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>

namespace wring::testing {

using namespace std::chrono_literals;

namespace {

constexpr const char* nobody = "2147483647";  // more than any process has
constexpr unsigned modes[] = {0666, 0600, 0660, 0777};

/// FNV-1a, byte by byte.
class Hash {
 public:
    void add(BytesView bytes) noexcept {
        for (std::byte each : bytes) {
            value_ = (value_ ^ static_cast<std::uint8_t>(each)) * 0x100000001b3;
        }
    }
    std::string text() const { return {reinterpret_cast<const char*>(&value_), sizeof value_}; }

 private:
    std::uint64_t value_ = 0xcbf29ce484222325;
};

/// What a client gets: its pattern, and behind it the hash.
class Answer {
 public:
    Answer(std::uint32_t identity, std::uint64_t total) : pattern_(identity), total_(total) {}
    void take(Trial& trial, BytesView bytes) {
        last_ += asText(bytes);
        if (last_.size() <= sizeof(std::uint64_t)) return;
        std::size_t count = last_.size() - sizeof(std::uint64_t);
        BytesView echoed = asBytes(std::string_view(last_)).first(count);
        trial.expect(pattern_.follows(echoed), "a UNIX socket gave other bytes than were sent");
        hash_.add(echoed);
        last_.erase(0, count);
    }
    /// All of it came, and the hash of it.
    bool isWhole() const { return pattern_.read() == total_ && last_ == hash_.text(); }

 private:
    Pattern pattern_;
    std::uint64_t total_;
    Hash hash_;
    std::string last_;  // the hash, as soon as all of it has come
};

}  // namespace

void UnixWorkload::begin(Trial& trial) {
    std::string name = "wring-trial-" + std::to_string(trial.newPort());
    path_ = trial.happens(2) ? folder_.emplace() / name : std::string(1, '\0') + name;
    SimulatedHost& host = trial.server();
    trial.start(host, servers_, listenOn, this);
    for (std::uint32_t i = 0, count = 1 + trial.choose(4); i < count; ++i) {
        trial.start(host, clients_, runClient, this);
    }
}

bool UnixWorkload::exists(const char* suffix) const {
    struct stat status {};
    return ::lstat((path_ + suffix).c_str(), &status) == 0;
}

UnixWorkload::Remains UnixWorkload::leaveRemains(Trial& trial) {
    if (isAbstract() || !trial.happens(2)) return Remains::none;
    auto remains = static_cast<Remains>(1 + trial.choose(4));
    bool hasSocket = remains == Remains::socket || remains == Remains::both;
    if (hasSocket) ::mknod(path_.c_str(), S_IFSOCK | 0600, 0);
    if (remains != Remains::socket) {
        std::string owner =
            remains == Remains::livingLock ? std::to_string(::getpid()) : std::string(nobody);
        trial.expect(::symlink(owner.c_str(), (path_ + ".lock").c_str()) == 0,
                     "a lock is there before anybody took it");
    }
    return remains;
}

void UnixWorkload::clearRemains() {
    if (isAbstract()) return;
    ::unlink(path_.c_str());
    ::unlink((path_ + ".lock").c_str());
}

bool UnixWorkload::isFreeFor(Remains remains, bool wantsLock) noexcept {
    switch (remains) {
        case Remains::none:
        case Remains::lock:
            return true;
        case Remains::socket:
            return false;
        case Remains::both:
            return wantsLock;
        default:
            return !wantsLock;
    }
}

void UnixWorkload::checkListening(Trial& trial, const UNIXListenOptions& options) {
    if (isAbstract()) return;
    struct stat status {};
    bool isThere = ::lstat(path_.c_str(), &status) == 0;
    trial.expect(isThere && S_ISSOCK(status.st_mode) && (status.st_mode & 07777) == options.mode,
                 "a UNIX port listens, and its file is not what was asked for");
    trial.expect(!options.wantPID || exists(".lock"), "a UNIX port listens without its lock");
}

// A shortage may be the cause of any.
void UnixWorkload::checkFailure(Trial& trial, const Failure& failure, bool isExpected) const {
    trial.failed(failure);
    if (failure.number() == EMFILE) return;
    trial.expect(failure.check<CannotListenError>() && isExpected,
                 "a UNIX port does not listen, and nothing is in its way");
    trial.reached(failure.number() == EADDRINUSE ? "unixPathTaken" : "unixPathLocked");
}

Task<> UnixWorkload::listenOn(Trial* trial, SimulatedHost* host, UnixWorkload* self) {
    while (!trial->isFinishing()) {
        co_await listenOnce(trial, host, self);
        self->clearRemains();
        co_await sleepFor(1ms + trial->pause());
    }
}

Task<> UnixWorkload::listenOnce(Trial* trial, SimulatedHost* host, UnixWorkload* self) {
    Remains remains = self->leaveRemains(*trial);
    UNIXListenOptions options(self->path_);
    options.mode = modes[trial->choose(std::size(modes))];
    options.wantPID = !self->isAbstract() && trial->happens(2);
    auto endpoint = makeRef<UNIXServerEndpoint>(host->reactor(), options);
    auto port = co_await outcome(endpoint->listen(serve(echo, trial, self)));
    bool isFree = isFreeFor(remains, options.wantPID);
    if (!port) {
        self->checkFailure(*trial, port.error(), !isFree);
        co_return;
    }
    trial->expect(isFree, "a UNIX port listens where something is in its way");
    if (remains == Remains::both) trial->reached("unixRecovered");
    self->checkListening(*trial, options);
    auto second = co_await outcome(endpoint->listen(serve(echo, trial, self)));
    trial->expect(!second, "two ports listen on one path");
    if (!second) self->checkFailure(*trial, second.error(), true);
    co_await usePort(trial, *port, self);
    bool isLeft = !self->isAbstract() && self->exists("");
    trial->expect(!isLeft, "the file of a UNIX port is there after its end");
    trial->expect(!options.wantPID || !self->exists(".lock"), "a lock is held by nobody");
}

Task<> UnixWorkload::usePort(Trial* trial, Ref<IListeningPort> port, UnixWorkload* self) {
    co_await sleepFor(trial->pause() + 1s);
    if (trial->happens(3)) {
        co_await port->stopListening();
        self->clearRemains();
        try {
            port->startListening();
            trial->reached("unixListenedAgain");
        } catch (const Error&) {
            self->checkFailure(*trial, Failure::current(), false);
        }
        co_await sleepFor(trial->pause() + 1s);
    }
    co_await port->drain(trial->isFinishing() ? 60s : trial->pause());
}

// The client says first who it is.
Task<> UnixWorkload::echo(Stream peer, Trial* trial, UnixWorkload* self) {
    std::uint32_t identity = 0;
    co_await peer.readExactly(std::as_writable_bytes(std::span(&identity, 1)));
    Hash hash;
    while (Bytes chunk = co_await peer.read()) {
        hash.add(chunk.view());
        if (trial->happens(16)) co_await sleepFor(trial->pause());
        co_await peer.write(std::move(chunk));
    }
    // Waited for, unlike what is given away: a loss of that would be told to nobody.
    std::string trailer = hash.text();
    co_await peer.write(std::string_view(trailer));
    self->servedWhole_.insert(identity);
    co_await peer.close();
}

Task<> UnixWorkload::runClient(Trial* trial, SimulatedHost* host, UnixWorkload* self) {
    while (!trial->isFinishing()) {
        auto ended = co_await outcome(converse(trial, &host->reactor(), self));
        if (!ended) trial->failed(ended.error());
        co_await sleepFor(1ms + trial->pause());
    }
}

Task<> UnixWorkload::converse(Trial* trial, Reactor* reactor, UnixWorkload* self) {
    UNIXConnectOptions options(self->path_);
    options.timeout = 20s;
    auto endpoint = makeRef<UNIXClientEndpoint>(*reactor, std::move(options));
    Stream stream = co_await endpoint->connectStream();
    std::uint32_t identity = trial->newIdentity();
    std::uint64_t total = trial->choose(trial->happens(4) ? 300'000 : 4000);
    Answer answer(identity, total);
    auto both = [](Scope& scope, Stream* peer, Trial* run, Answer* heard, std::uint32_t name,
                   std::uint64_t all) -> Task<> {
        scope.spawn(writeAll, peer, run, name, all);
        while (Bytes chunk = co_await peer->read()) heard->take(*run, chunk.view());
    };
    auto ended = co_await outcome(withScope(both, &stream, trial, &answer, identity, total));
    bool isServed = self->servedWhole_.contains(identity);
    trial->expect(!ended || !isServed || answer.isWhole(),
                  "a UNIX socket ended in order, and bytes are missing");
    ended.value();
    if (answer.isWhole()) trial->reached("wholeUnixEcho");
}

Task<> UnixWorkload::writeAll(Stream* stream, Trial* trial, std::uint32_t identity,
                              std::uint64_t total) {
    Pattern pattern(identity);
    co_await stream->write(std::as_bytes(std::span(&identity, 1)));
    co_await sendPattern(stream, trial, &pattern, total);
}

void UnixWorkload::check(Trial& trial) {
    trial.expect(!folder_ || folder_->size() == 0, "a file of a UNIX port is left");
}

}  // namespace wring::testing
