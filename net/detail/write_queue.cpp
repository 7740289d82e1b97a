#include <wring/net/detail/write_queue.hpp>

#include <wring/runtime/error.hpp>
#include <wring/runtime/failure.hpp>
#include <wring/runtime/log.hpp>

#include <utility>

namespace wring::detail {

namespace {
constexpr std::size_t highWaterBytes = 65536;
}  // namespace

void WriteQueue::clear() noexcept {
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
