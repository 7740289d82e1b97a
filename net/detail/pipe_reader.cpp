#include <wring/net/detail/pipe_reader.hpp>

#include <wring/runtime/driver.hpp>

#include <cerrno>
#include <utility>

namespace wring::detail {

bool mayTryAgain(int result) noexcept {
    return result == -ECANCELED || result == -EINTR || result == -EAGAIN;
}

void PipeReader::start(Driver& driver) noexcept {
    if (isOver_ || held_ > 0 || request_.inFlight()) return;
    request_.prepareRead(fd_, room_);
    driver.submit(request_);
}

void PipeReader::cancel(Driver& driver) noexcept { driver.cancel(request_); }

BytesView PipeReader::take() noexcept { return {room_.data(), std::exchange(held_, 0)}; }

void PipeReader::onRead(Operation& operation, Completion& completion) noexcept {
    PipeReader& self = static_cast<Request&>(operation).reader;
    int result = completion.result;
    if (result > 0) {
        self.held_ = static_cast<std::size_t>(result);
    } else if (!mayTryAgain(result)) {
        self.isOver_ = true;
        // A terminal that has hung up says EIO: its end, like any other.
        self.error_ = result == -EIO ? 0 : -result;
    }
    self.owner_.pipeRead(self);
}

}  // namespace wring::detail
