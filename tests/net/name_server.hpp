#pragma once

#include <wring/deferred/start.hpp>
#include <wring/runtime/detail/operation_awaiter.hpp>

#include <wring/tests/support/streams.hpp>

#include <poll.h>
#include <array>
#include <cstring>
#include <map>
#include <optional>

namespace wring::testing {

/// A name server on the loopback that says what the test wants, run by the reactor that asks it.
class NameServer {
 public:
    /// What it says of a name: these addresses, an error, or nothing.
    struct Answer {
        std::vector<std::string> hosts;
        int code = 0;  // 2 server failure, 3 no such domain, 5 refused
        bool isSilent = false;
    };

    explicit NameServer(Reactor& reactor)
        : reactor_(reactor),
          socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        Address any = Address::loopback4(0);
        EXPECT_EQ(::bind(socket_.fd(), any.sockaddrData(), any.sockaddrSize()), 0);
        sockaddr_storage storage{};
        socklen_t bytes = sizeof storage;
        ::getsockname(socket_.fd(), reinterpret_cast<sockaddr*>(&storage), &bytes);
        address_ = Address::fromSockaddr(&storage, bytes);
        serving_.emplace(start(serve(this)));
    }
    Task<> stop() {
        serving_->cancel();
        static_cast<void>(co_await outcome(*serving_));
    }

    std::string address() const { return address_.format(); }

    std::map<std::string, Answer> answers;  // of other names: no such domain
    std::vector<std::string> asked;         // "a.test A"

 private:
    static Task<> serve(NameServer* self) {
        for (;;) {
            detail::OperationAwaiter readable(self->reactor_.driver());
            readable.operation().preparePoll(self->socket_.fd(), POLLIN);
            if (co_await readable < 0) co_return;
            self->answerAll();
        }
    }

    void answerAll() {
        std::array<unsigned char, 512> question;
        sockaddr_storage from{};
        socklen_t fromBytes = sizeof from;
        for (;;) {
            ssize_t count = ::recvfrom(socket_.fd(), question.data(), question.size(), 0,
                                       reinterpret_cast<sockaddr*>(&from), &fromBytes);
            if (count < 17) return;
            std::string reply = answer(std::string(question.begin(), question.begin() + count));
            if (reply.empty()) continue;
            ::sendto(socket_.fd(), reply.data(), reply.size(), 0,
                     reinterpret_cast<sockaddr*>(&from), fromBytes);
        }
    }

    std::string answer(const std::string& question) {
        std::string name;
        std::size_t at = 12;
        while (question.at(at) != 0) {
            auto size = static_cast<std::size_t>(question[at]);
            name += (name.empty() ? "" : ".") + question.substr(at + 1, size);
            at += size + 1;
        }
        bool isFour = question.at(at + 2) == 1;
        asked.push_back(name + (isFour ? " A" : " AAAA"));
        auto found = answers.find(name);
        Answer said = found == answers.end() ? Answer{{}, 3, false} : found->second;
        if (said.isSilent) return {};
        std::string records;
        char count = 0;
        for (const std::string& host : said.hosts) {
            Address address = *Address::parse(host, 0);
            if ((address.family() == AddressFamily::ipv4) != isFour) continue;
            const auto* raw = reinterpret_cast<const char*>(address.sockaddrData());
            records += std::string("\xc0\x0c\0", 3) + (isFour ? '\1' : '\x1c') +
                       std::string("\0\1\0\0\0\x3c\0", 7);
            records += isFour ? '\4' : '\x10';
            records += isFour ? std::string(raw + 4, 4) : std::string(raw + 8, 16);
            ++count;
        }
        std::string header = question.substr(0, 2) + '\x81' + static_cast<char>(0x80 | said.code) +
                             std::string("\0\1\0", 3) + count + std::string(4, '\0');
        return header + question.substr(12, at + 5 - 12) + records;
    }

    Reactor& reactor_;
    Peer socket_;
    Address address_;
    std::optional<Deferred<>> serving_;
};

}  // namespace wring::testing
