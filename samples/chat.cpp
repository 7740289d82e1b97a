// A chat for several people: each says a name, then every line goes to all others. For telnet or
// socat.
//
//   chat ENDPOINT
//   chat tcp:7009
//
// Prints "listening on ADDRESS:PORT", and who comes and goes. SIGTERM or Ctrl-C: everybody is told
// "Good night.", status 0.

#include <wring/endpoints/registry.hpp>
#include <wring/endpoints/run.hpp>
#include <wring/net/line_receiver.hpp>
#include <wring/net/timeout_mixin.hpp>

#include <cstdio>
#include <map>
#include <string>

using namespace std::chrono_literals;
using namespace wring;

namespace {

void report(const std::string& text) {
    std::puts(text.c_str());
    std::fflush(stdout);
}

class Chat;

// Who is there, by name.
struct Room {
    std::map<std::string, Chat*, std::less<>> people;
    void say(const std::string& line, const Chat* speaker = nullptr);
};

class Chat final : public LineReceiver, public TimeoutMixin {
 public:
    explicit Chat(Room* room) : room_(room) {}

    void connectionMade() override {
        sendLine("What's your name?");
        setTimeout(60s);  // for the name only
    }
    void lineReceived(std::string_view line) override {
        if (name_.empty()) return enter(line);
        room_->say(name_ + ": " + std::string(line), this);
    }
    void connectionLost(const Failure&) override {
        setTimeout({});
        if (name_.empty()) return;
        room_->people.erase(name_);
        room_->say(name_ + " has left");
        report(name_ + " has left");
    }

 private:
    void enter(std::string_view name) {
        if (name.empty() || room_->people.contains(name)) return sendLine("Another one, please.");
        setTimeout({});
        name_ = name;
        sendLine("Welcome, " + name_ + "!");
        room_->say(name_ + " is here");
        room_->people.emplace(name_, this);
        report(name_ + " is here");
    }

    Room* room_;
    std::string name_;
};

void Room::say(const std::string& line, const Chat* speaker) {
    for (const auto& [name, person] : people) {
        if (person != speaker) person->sendLine(line);
    }
}

Task<> app(Reactor& reactor, std::string endpoint, Room* room) {
    auto port = co_await serverFromString(reactor, endpoint)->listen(factory<Chat>(room));
    report("listening on " + port->getHost().format());
    reactor.addSystemEventTrigger(EventPhase::before, "shutdown", [port, room] {
        for (const auto& [name, person] : room->people) {
            person->sendLine("Good night.");
            person->transport().loseConnection();
        }
        return port->drain(2s);
    });
    co_await port;
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 2) {
        std::fputs("Usage: chat endpoint\n", stderr);
        return 1;
    }
    Room room;
    return run(ReactorOptions(), app, std::string(argv[1]), &room);
} catch (const Error& error) {
    std::fprintf(stderr, "chat: %s\n", error.what());
    return 2;
}
