// Question: what do lines cost on Asio, by callbacks?
//
// Reads up to the end of a line; that and all other whole lines that came with it are answered by
// one write. Built twice: on its epoll reactor, and on its io_uring.
//
// Usage: lines_asio PORT BUFFER_BYTES
#include "asio_listener.hpp"

#include <string>

namespace {

constexpr std::string_view lineEnd = "\r\n";

class Session : public std::enable_shared_from_this<Session> {
 public:
    Session(tcp::socket socket, const Settings& settings)
        : socket_(std::move(socket)), came_(settings.bufferBytes) {
        came_.prepare(settings.bufferBytes);  // it reads as much at once as it has room for
    }

    void start() {
        asio::async_read_until(
            socket_, came_, lineEnd,
            [self = shared_from_this()](std::error_code error, std::size_t size) {
                if (!error) self->answer(size);
            });
    }

 private:
    void answer(std::size_t first) {
        std::string_view text(static_cast<const char*>(came_.data().data()), came_.size());
        answers_.clear();
        std::size_t from = 0, end = first - lineEnd.size();
        do {
            answers_.append(text.substr(from, end - from)).append(lineEnd);
            from = end + lineEnd.size();
            end = text.find(lineEnd, from);
        } while (end != text.npos);
        came_.consume(from);
        asio::async_write(socket_, asio::buffer(answers_),
                          [self = shared_from_this()](std::error_code error, std::size_t) {
                              if (!error) self->start();
                          });
    }

    tcp::socket socket_;
    asio::streambuf came_;
    std::string answers_;
};

}  // namespace

int main(int argc, char** argv) { serve<Session>(argc, argv); }
