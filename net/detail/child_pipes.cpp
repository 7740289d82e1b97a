#include <wring/net/detail/child_pipes.hpp>

#include <wring/runtime/reactor.hpp>

#include <poll.h>
#include <utility>

namespace wring::detail {

void ChildWriter::watch(Driver& driver) noexcept {
    if (hangUp_.inFlight() || isOver()) return;
    hangUp_.preparePoll(fd(), 0);
    driver.submit(hangUp_);
}

void ChildWriter::cancelAll(Driver& driver) noexcept {
    cancel(driver);
    driver.cancel(hangUp_);
}

void ChildWriter::onHangUp(Operation& operation, Completion& completion) noexcept {
    ChildWriter& self = static_cast<HangUp&>(operation).writer;
    if (completion.result > 0 && (completion.result & (POLLERR | POLLHUP | POLLNVAL))) self.end();
    self.owner_.pipeWritten(self);
}

ChildPipes::ChildPipes(PipeOwner& owner, std::map<int, FileDescriptor> reads,
                       std::map<int, FileDescriptor> writes) {
    for (auto& [number, fd] : reads) {
        readers_.emplace(number, std::make_unique<ChildReader>(owner, fd.get(), number));
    }
    for (auto& [number, fd] : writes) {
        writers_.emplace(number, std::make_unique<ChildWriter>(owner, fd.get(), number));
    }
    for (auto& each : reads) static_cast<void>(each.second.release());
    for (auto& each : writes) static_cast<void>(each.second.release());
}

ChildPipes::~ChildPipes() = default;

ChildReader* ChildPipes::reader(int childFD) noexcept {
    auto found = readers_.find(childFD);
    return found == readers_.end() ? nullptr : found->second.get();
}

ChildWriter* ChildPipes::writer(int childFD) noexcept {
    auto found = writers_.find(childFD);
    return found == writers_.end() ? nullptr : found->second.get();
}

ChildReader* ChildPipes::readerAfter(int childFD) noexcept {
    auto found = readers_.upper_bound(childFD);
    return found == readers_.end() ? nullptr : found->second.get();
}

std::size_t ChildPipes::queuedBytes() const noexcept {
    std::size_t all = 0;
    for (const auto& each : writers_) all += each.second->queue().size();
    return all;
}

void ChildPipes::drop() noexcept {
    for (auto& each : readers_) each.second->isClosing = true;
    for (auto& each : writers_) each.second->end();
}

void ChildPipes::start(Driver& driver, bool reads) noexcept {
    for (auto& each : readers_) {
        if (reads && !each.second->isPaused && !each.second->isClosing) each.second->start(driver);
    }
    for (auto& each : writers_) {
        each.second->start(driver);
        each.second->watch(driver);
    }
}

std::optional<int> ChildPipes::closeOne(Reactor& reactor, bool isPaused) noexcept {
    for (auto each = writers_.begin(); each != writers_.end(); ++each) {
        ChildWriter& pipe = *each->second;
        if (!pipe.isOver() && !(pipe.isClosing && pipe.isIdle())) continue;
        pipe.end();
        pipe.cancelAll(reactor.driver());
        if (pipe.hasInFlight()) continue;
        auto gone = std::move(writers_.extract(each).mapped());
        reactor.closeDescriptor(gone->fd());
        gone->drop();
        return gone->childFD;
    }
    for (auto each = readers_.begin(); each != readers_.end(); ++each) {
        ChildReader& pipe = *each->second;
        bool isAtEnd = pipe.isOver() && !pipe.has() && !isPaused && !pipe.isPaused;
        if (!isAtEnd && !pipe.isClosing) continue;
        pipe.cancel(reactor.driver());
        if (pipe.inFlight() || pipe.isDelivering) continue;
        auto gone = std::move(readers_.extract(each).mapped());
        reactor.closeDescriptor(gone->fd());
        return gone->childFD;
    }
    return std::nullopt;
}

}  // namespace wring::detail
