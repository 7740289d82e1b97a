#include <wring/net/detail/write_queue.hpp>

#include <wring/runtime/error.hpp>
#include <wring/runtime/failure.hpp>
#include <wring/runtime/log.hpp>

#include <algorithm>
#include <functional>
#include <utility>

namespace wring::detail {

namespace {
constexpr std::size_t highWaterBytes = 65536;
}  // namespace

bool WriteQueue::isWithinSource(BytesView bytes) const noexcept {
    const std::byte* begin = source_->chunk_.data();
    return !std::less<>()(bytes.data(), begin) &&
           !std::less<>()(begin + source_->chunk_.size(), bytes.data() + bytes.size());
}

// True when it goes with what was written of the source before; else that is settled.
bool WriteQueue::isOfSource(BytesView bytes) {
    BytesView& written = source_->written_;
    const std::byte* next = written.empty() ? bytes.data() : written.data() + written.size();
    if (!isWithinSource(bytes) || bytes.data() != next) {
        copySource();
        return false;
    }
    written = {written.empty() ? bytes.data() : written.data(), written.size() + bytes.size()};
    return true;
}

void WriteQueue::append(std::span<const BytesView> parts, std::size_t skipped) {
    settle();
    std::size_t bytes = 0;
    for (BytesView part : parts) bytes += part.size();
    pending_.reserve(bytes - skipped);
    for (BytesView part : parts) {
        std::size_t gone = std::min(skipped, part.size());
        pending_.append(part.subspan(gone));
        skipped -= gone;
    }
}

// Without memory for it the source stays as it is: nothing that was written is forgotten.
void WriteQueue::copySource() {
    pending_.append(source_->written_);
    source_ = nullptr;
}

void WriteQueue::takeFrom(Source& source) noexcept {
    source_ = nullptr;
    if (source.written_.empty()) return;
    auto skipped = static_cast<std::size_t>(source.written_.data() - source.chunk_.data());
    sending_ = std::move(source.chunk_);
    sending_.removePrefix(skipped);
    sending_.truncate(source.written_.size());
}

void WriteQueue::clear() noexcept {
    source_ = nullptr;
    pending_.clear();
    sending_ = Bytes();
}

void WriteQueue::registerProducer(IProducer& producer, bool streaming, bool isOver) {
    if (producer_) {
        throw UsageError(0, "register a producer",
                         "the transport has a producer, which was not unregistered");
    }
    if (isOver) return producer.stopProducing();
    producer_ = &producer;
    isStreaming_ = streaming;
    isProducerPaused_ = false;
    if (!streaming) producer.resumeProducing();
}

void WriteQueue::unregisterProducer() noexcept {
    producer_ = nullptr;
    isProducerPaused_ = false;
}

void WriteQueue::holdBack(std::size_t kept) {
    if (size() + kept > highWaterBytes) pauseProducer();
}

void WriteQueue::pauseProducer() {
    if (!producer_ || !isStreaming_) return;
    isProducerPaused_ = true;
    producer_->pauseProducing();
}

void WriteQueue::resumeProducer() {
    if (!producer_ || (isStreaming_ && !std::exchange(isProducerPaused_, false))) return;
    producer_->resumeProducing();
}

void WriteQueue::stopProducer() noexcept {
    try {
        if (IProducer* producer = std::exchange(producer_, nullptr)) producer->stopProducing();
    } catch (...) {
        log(LogLevel::error, "stopProducing threw: " + Failure::current().getErrorMessage());
    }
}

}  // namespace wring::detail
