#pragma once

#include <wring/net/descriptor_passing.hpp>

#include <sys/socket.h>

#include <array>

namespace wring::detail {

/// A message of one run of bytes and some descriptors, in the kernel's form: to be sent, or to be
/// received into.
class RightsMessage {
 public:
    RightsMessage() noexcept = default;
    RightsMessage(const void* bytes, std::size_t size) noexcept { setBytes(bytes, size); }
    RightsMessage(const RightsMessage&) = delete;
    RightsMessage& operator=(const RightsMessage&) = delete;

    ::msghdr& raw() noexcept { return raw_; }
    void setBytes(const void* bytes, std::size_t size) noexcept;
    /// Has room for as many descriptors as may come with one message.
    void makeRoom() noexcept;
    /// Names what is to go with the bytes, `descriptorsMax` at most.
    void put(std::span<const int> descriptors) noexcept;
    /// The descriptors that came, once. Without memory for them they are closed, and it throws.
    std::vector<FileDescriptor> take();
    /// Whether the kernel had to drop some, this process having too many already.
    bool hasLostSome() const noexcept { return (raw_.msg_flags & MSG_CTRUNC) != 0; }

 private:
    ::iovec part_{};
    ::msghdr raw_{};
    alignas(::cmsghdr) std::array<char, CMSG_SPACE(descriptorsMax * sizeof(int))> control_{};
};

}  // namespace wring::detail
