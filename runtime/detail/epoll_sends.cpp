#include <wring/runtime/detail/epoll_driver.hpp>

#include <sys/socket.h>
#include <cerrno>
#include <utility>

// Sends that are tried at once. Short ones wait for the end of the turn, so that the kernel
// receives for all connections before it sends for all: each of the two leaves the first cache to
// the other.

namespace wring::detail {

namespace {

constexpr std::size_t keptBytesMax = 4096;

int trySend(int fd, BytesView bytes) noexcept {
    ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 ? -errno : static_cast<int>(sent);
}

}  // namespace

int EpollDriver::sendNow(Operation& send, Bytes& owner) noexcept {
    BytesView bytes = send.bytes();
    bool isKept = hasWaited_ && bytes.size() <= keptBytesMax && sends_.add(send, owner);
    int taken = static_cast<int>(bytes.size());
    if (!isKept) {
        ++stats_.enters;
        taken = trySend(send.fd_, bytes);
        if (taken < 0 || static_cast<std::size_t>(taken) < bytes.size()) return taken;
    }
    ++stats_.submitted;
    if (!isKept) return taken;
    ++inFlight_;
    send.state_ = Operation::State::unconfirmed;
    send.cancelRequested_ = false;
    wakeIfParked();
    return taken;
}

bool EpollDriver::sendMore(Operation& send, BytesView bytes) noexcept {
    bool isUnconfirmed = send.state_ == Operation::State::unconfirmed && !send.cancelRequested_;
    return isUnconfirmed && sends_.join(send, bytes);
}

// Tells nobody. Gives whether there were any.
bool EpollDriver::carrySendsOut() noexcept {
    if (!sends_.handOver()) return false;
    sends_.forEachHandedOver([this](InlineSends::Entry& entry) {
        Operation& send = *entry.operation;
        ++stats_.enters;
        send.result_ = trySend(send.fd_, entry.bytes());
        bool isAll = send.result_ == static_cast<int>(entry.size);
        if (!isAll || send.cancelRequested_) return;
        send.state_ = Operation::State::idle;
        --inFlight_;
        entry.operation = nullptr;
    });
    return true;
}

bool EpollDriver::hasSendsToTell() noexcept {
    bool has = false;
    if (sends_.isWaiting()) sends_.forEachHandedOver([&](InlineSends::Entry&) { has = true; });
    return has;
}

// Those of which not all went out, and those that are waited for.
void EpollDriver::tellSends() noexcept {
    while (InlineSends::Entry* entry = sends_.next()) {
        Operation* send = std::exchange(entry->operation, nullptr);
        if (!send) continue;
        Completion completion;
        completion.result = send->result_;
        try {
            completion.bytes = sends_.take(*entry);
        } catch (...) {
            completion.result = -ENOMEM;
        }
        complete(*send, completion);
    }
}

}  // namespace wring::detail
