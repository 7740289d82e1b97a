#include <wring/net/detail/rights_message.hpp>

#include <unistd.h>

#include <cstring>

namespace wring::detail {

namespace {

std::size_t countOf(const ::cmsghdr& header) noexcept {
    bool isRights = header.cmsg_level == SOL_SOCKET && header.cmsg_type == SCM_RIGHTS;
    return isRights ? (header.cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
}

template <class F>
void forEachDescriptor(::msghdr& message, F take) {
    for (::cmsghdr* each = CMSG_FIRSTHDR(&message); each; each = CMSG_NXTHDR(&message, each)) {
        std::size_t count = countOf(*each);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(each) + i * sizeof fd, sizeof fd);
            take(fd);
        }
    }
}

}  // namespace

void RightsMessage::setBytes(const void* bytes, std::size_t size) noexcept {
    part_.iov_base = const_cast<void*>(bytes);
    part_.iov_len = size;
    raw_.msg_iov = &part_;
    raw_.msg_iovlen = 1;
}

void RightsMessage::makeRoom() noexcept {
    raw_.msg_control = control_.data();
    raw_.msg_controllen = control_.size();
    raw_.msg_flags = 0;
}

void RightsMessage::put(std::span<const int> descriptors) noexcept {
    if (descriptors.empty()) return;
    makeRoom();
    raw_.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    ::cmsghdr* header = CMSG_FIRSTHDR(&raw_);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
}

std::vector<FileDescriptor> RightsMessage::take() {
    std::size_t count = 0;
    forEachDescriptor(raw_, [&](int) { ++count; });
    std::vector<FileDescriptor> taken;
    try {
        taken.reserve(count);
    } catch (...) {
        forEachDescriptor(raw_, [](int fd) { ::close(fd); });
        raw_.msg_controllen = 0;
        throw;
    }
    forEachDescriptor(raw_, [&](int fd) { taken.emplace_back(fd); });
    raw_.msg_controllen = 0;
    return taken;
}

}  // namespace wring::detail
