// Question: what does an echo cost on Asio, by callbacks?
//
// Built twice: on its epoll reactor, and on its io_uring.
//
// Usage: echo_asio PORT BUFFER_BYTES
#include "asio_listener.hpp"

#include <memory>
#include <vector>

namespace {

class Session : public std::enable_shared_from_this<Session> {
 public:
    Session(tcp::socket socket, std::size_t bufferBytes)
        : socket_(std::move(socket)), buffer_(bufferBytes) {}

    void read() {
        socket_.async_read_some(
            asio::buffer(buffer_),
            [self = shared_from_this()](std::error_code error, std::size_t size) {
                if (!error) self->write(size);
            });
    }

 private:
    void write(std::size_t size) {
        asio::async_write(socket_, asio::buffer(buffer_, size),
                          [self = shared_from_this()](std::error_code error, std::size_t) {
                              if (!error) self->read();
                          });
    }

    tcp::socket socket_;
    std::vector<char> buffer_;
};

void accept(Settings& settings) {
    settings.acceptor.async_accept([&settings](std::error_code error, tcp::socket socket) {
        if (!error) std::make_shared<Session>(std::move(socket), settings.bufferBytes)->read();
        accept(settings);
    });
}

}  // namespace

int main(int argc, char** argv) {
    asio::io_context context(1);
    Settings settings = settingsFrom(argc, argv, context);
    accept(settings);
    context.run();
}
