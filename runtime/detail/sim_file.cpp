#include <wring/runtime/detail/sim_file.hpp>

#include <poll.h>

namespace wring::detail {

SimPipe::SimPipe(SimKernel& kernel, Ref<SimPipeBuffer> buffer, bool isWriter) noexcept
    : SimObject(kernel), buffer_(std::move(buffer)), isWriter_(isWriter) {
    (isWriter_ ? buffer_->writer : buffer_->reader) = this;
}

unsigned SimPipe::readiness() const noexcept {
    if (isWriter_) {
        if (!buffer_->reader) return POLLOUT | POLLERR;
        return buffer_->bytes.size() < SimPipeBuffer::room ? POLLOUT : 0;
    }
    unsigned ready = buffer_->bytes.empty() ? 0 : POLLIN;
    return buffer_->writer ? ready : ready | POLLHUP;
}

void SimPipe::closed() noexcept {
    (isWriter_ ? buffer_->writer : buffer_->reader) = nullptr;
    SimPipe* other = isWriter_ ? buffer_->reader : buffer_->writer;
    if (other) other->changed();
}

int SimPipe::read(std::span<std::byte> into, std::int64_t offset) noexcept {
    if (isWriter_) return -EBADF;
    if (offset > 0) return -ESPIPE;
    if (buffer_->bytes.empty()) return buffer_->writer ? -EAGAIN : 0;
    auto count = static_cast<int>(buffer_->bytes.take(into));
    if (buffer_->writer) buffer_->writer->changed();
    return count;
}

int SimPipe::write(BytesView from, std::int64_t offset) noexcept {
    if (!isWriter_) return -EBADF;
    if (offset > 0) return -ESPIPE;
    if (!buffer_->reader) return -EPIPE;
    std::size_t count = std::min(from.size(), SimPipeBuffer::room - buffer_->bytes.size());
    if (count == 0) return -EAGAIN;
    buffer_->bytes.append(asText(from.first(count)));
    buffer_->reader->changed();
    return static_cast<int>(count);
}

unsigned SimFile::readiness() const noexcept { return POLLIN | POLLOUT; }

int SimFile::read(std::span<std::byte> into, std::int64_t offset) noexcept {
    std::size_t from = offset < 0 ? position_ : static_cast<std::size_t>(offset);
    if (from >= content_.size()) return 0;
    std::size_t count = std::min(into.size(), content_.size() - from);
    std::memcpy(into.data(), content_.data() + from, count);
    if (offset < 0) position_ += count;
    return static_cast<int>(count);
}

int SimFile::write(BytesView from, std::int64_t offset) noexcept {
    if (!isWritable_) return -EBADF;
    std::size_t at = offset < 0 ? position_ : static_cast<std::size_t>(offset);
    if (content_.size() < at + from.size()) content_.resize(at + from.size());
    content_.replace(at, from.size(), asText(from));
    if (offset < 0) position_ += from.size();
    return static_cast<int>(from.size());
}

}  // namespace wring::detail
