#include <wring/net/detail/pipe_writer.hpp>

#include <wring/runtime/driver.hpp>

#include <cerrno>
#include <csignal>

namespace wring::detail {

void ignoreBrokenPipes() noexcept {
    struct sigaction current {};
    if (::sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL) {
        std::signal(SIGPIPE, SIG_IGN);
    }
}

void PipeWriter::start(Driver& driver) noexcept {
    if (request_.inFlight() || isOver_) return;
    BytesView piece = queue_.next();
    if (piece.empty()) return;
    request_.prepareWrite(fd_, piece);
    driver.submit(request_);
}

void PipeWriter::cancel(Driver& driver) noexcept { driver.cancel(request_); }

void PipeWriter::drop() noexcept {
    queue_.clear();
    queue_.stopProducer();
}

void PipeWriter::onWritten(Operation& operation, Completion& completion) noexcept {
    PipeWriter& self = static_cast<Request&>(operation).writer;
    int result = completion.result;
    if (result > 0) {
        self.queue_.sent(static_cast<std::size_t>(result));
    } else if (!mayTryAgain(result)) {
        self.isOver_ = true;
        self.error_ = result == 0 ? EIO : -result;
        self.queue_.clear();
    }
    self.owner_.pipeWritten(self);
}

}  // namespace wring::detail
