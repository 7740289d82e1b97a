#pragma once

#include <wring/tests/support/streams.hpp>

namespace wring::testing {

/// A port of the loopback where nobody listens, and nobody else can begin to while this lives.
class ClosedPort {
 public:
    ClosedPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        Address any = Address::loopback4(0);
        EXPECT_EQ(::bind(socket_.fd(), any.sockaddrData(), any.sockaddrSize()), 0);
        sockaddr_storage storage{};
        socklen_t bytes = sizeof storage;
        ::getsockname(socket_.fd(), reinterpret_cast<sockaddr*>(&storage), &bytes);
        port_ = Address::fromSockaddr(&storage, bytes).port();
    }
    std::uint16_t port() const noexcept { return port_; }

 private:
    Peer socket_;
    std::uint16_t port_ = 0;
};

}  // namespace wring::testing
