// Question: what does one-way streaming cost on Asio, by callbacks?
//
// A sink reads 64 KiB a call, a source sends four buffers of 64 KiB in one. What they say to their
// peers is as in stream_epoll.c. Built twice: on its epoll reactor, and on its io_uring.
//
// Usage: stream_asio PORT BUFFER_BYTES sink|source
#include "../stream_pattern.h"
#include "asio_listener.hpp"

#include <array>
#include <vector>

namespace {

constexpr std::size_t partsInAll = 4 * std::size_t{STREAM_PERIOD};

const std::vector<char>& pattern() {
    static const std::vector<char> filled = [] {
        std::vector<char> bytes(STREAM_PERIOD);
        stream_fill(bytes.data(), bytes.size());
        return bytes;
    }();
    return filled;
}

class Session : public std::enable_shared_from_this<Session> {
 public:
    Session(tcp::socket socket, const Settings& settings)
        : socket_(std::move(socket)), source_(settings.does == "source") {
        if (!source_) buffer_.resize(settings.bufferBytes);
    }

    void start() {
        if (source_)
            give();
        else
            take();
    }

 private:
    void take() {
        socket_.async_read_some(
            asio::buffer(buffer_),
            [self = shared_from_this()](std::error_code error, std::size_t size) {
                self->taken_ += size;
                if (!error)
                    self->take();
                else if (error == asio::error::eof)
                    self->tell();
            });
    }

    void tell() {
        taken_ = htobe64(taken_);
        asio::async_write(socket_, asio::buffer(&taken_, sizeof taken_),
                          [self = shared_from_this()](std::error_code, std::size_t) {});
    }

    void give() {
        std::array<asio::const_buffer, 4> parts;
        parts.fill(asio::buffer(pattern()));
        auto inOneCall = [](std::error_code error, std::size_t done) {
            return error ? 0 : partsInAll - done;
        };
        asio::async_write(socket_, parts, inOneCall,
                          [self = shared_from_this()](std::error_code error, std::size_t) {
                              if (!error) self->give();
                          });
    }

    tcp::socket socket_;
    bool source_;
    std::vector<char> buffer_;
    std::uint64_t taken_ = 0;
};

}  // namespace

int main(int argc, char** argv) { serve<Session>(argc, argv); }
