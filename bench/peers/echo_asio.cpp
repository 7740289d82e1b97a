// Question: what does an echo cost on Asio, by callbacks?
//
// Built twice: on its epoll reactor, and on its io_uring. A time-out begins anew with each wait for
// a message, which cancels the one before.
//
// Usage: echo_asio PORT BUFFER_BYTES [timed]
#include "asio_listener.hpp"

#include <vector>

namespace {

class Session : public std::enable_shared_from_this<Session> {
 public:
    Session(tcp::socket socket, const Settings& settings)
        : socket_(std::move(socket)), buffer_(settings.bufferBytes) {
        if (settings.does == "timed")
            timer_ = std::make_unique<asio::steady_timer>(socket_.get_executor());
    }

    void start() {
        if (timer_) restartTimer();
        socket_.async_read_some(
            asio::buffer(buffer_),
            [self = shared_from_this()](std::error_code error, std::size_t size) {
                if (!error)
                    self->write(size);
                else if (self->timer_)
                    self->timer_->cancel();
            });
    }

 private:
    void restartTimer() {
        timer_->expires_after(std::chrono::seconds(30));
        timer_->async_wait([self = shared_from_this()](std::error_code error) {
            if (!error) self->socket_.close();
        });
    }

    void write(std::size_t size) {
        asio::async_write(socket_, asio::buffer(buffer_, size),
                          [self = shared_from_this()](std::error_code error, std::size_t) {
                              if (!error) self->start();
                          });
    }

    tcp::socket socket_;
    std::vector<char> buffer_;
    std::unique_ptr<asio::steady_timer> timer_;
};

}  // namespace

int main(int argc, char** argv) { serve<Session>(argc, argv); }
