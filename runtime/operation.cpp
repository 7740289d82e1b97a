#include <wring/runtime/operation.hpp>

#include <wring/runtime/assert.hpp>

namespace wring {

const char* verbName(Verb verb) noexcept {
    switch (verb) {
        case Verb::nop: return "nop";
        case Verb::accept:
        case Verb::acceptMulti: return "accept";
        case Verb::connect: return "connect";
        case Verb::recv:
        case Verb::recvMulti: return "recv";
        case Verb::send: return "send";
        case Verb::sendmsg: return "sendmsg";
        case Verb::recvmsg:
        case Verb::recvmsgMulti: return "recvmsg";
        case Verb::shutdown: return "shutdown";
        case Verb::close: return "close";
        case Verb::poll: return "poll";
        case Verb::read: return "read";
        case Verb::write: return "write";
    }
    return "unknown";
}

void Operation::prepareConnect(int fd, const void* address, std::size_t bytes) noexcept {
    prepare(Verb::connect, fd, address, bytes);
}

void Operation::prepareRecv(int fd, std::span<std::byte> into, int flags) noexcept {
    prepare(Verb::recv, fd, into.data(), into.size(), flags);
}

void Operation::prepareSendmsg(int fd, const ::msghdr& message, int flags) noexcept {
    prepare(Verb::sendmsg, fd, &message, 0, flags);
}

void Operation::prepareRecvmsg(int fd, ::msghdr& message, int flags) noexcept {
    prepare(Verb::recvmsg, fd, &message, 0, flags);
}

void Operation::prepareRecvmsgMulti(int fd, const ::msghdr& rooms) noexcept {
    prepare(Verb::recvmsgMulti, fd, &rooms);
}

void Operation::prepareShutdown(int fd, int how) noexcept {
    prepare(Verb::shutdown, fd, nullptr, 0, how);
}

void Operation::preparePoll(int fd, unsigned mask) noexcept {
    prepare(Verb::poll, fd, nullptr, 0, mask);
}

void Operation::prepareRead(int fd, std::span<std::byte> into, std::int64_t offset) noexcept {
    prepare(Verb::read, fd, into.data(), into.size(), offset);
}

void Operation::prepareWrite(int fd, BytesView from, std::int64_t offset) noexcept {
    prepare(Verb::write, fd, from.data(), from.size(), offset);
}

}  // namespace wring
