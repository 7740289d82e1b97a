// Question: what does an echo cost on Asio, by coroutines?
//
// Built twice: on its epoll reactor, and on its io_uring.
//
// Usage: echo_asio_coroutines PORT BUFFER_BYTES
#include "asio_listener.hpp"

#include <vector>

namespace {

asio::awaitable<void> echo(tcp::socket socket, std::size_t bufferBytes) {
    std::vector<char> buffer(bufferBytes);
    try {
        for (;;) {
            std::size_t size =
                co_await socket.async_read_some(asio::buffer(buffer), asio::use_awaitable);
            co_await asio::async_write(socket, asio::buffer(buffer, size), asio::use_awaitable);
        }
    } catch (const std::system_error&) {
        // the end of the connection
    }
}

asio::awaitable<void> serve(Settings settings) {
    for (;;) {
        tcp::socket socket = co_await settings.acceptor.async_accept(asio::use_awaitable);
        asio::co_spawn(settings.acceptor.get_executor(),
                       echo(std::move(socket), settings.bufferBytes), asio::detached);
    }
}

}  // namespace

int main(int argc, char** argv) {
    asio::io_context context(1);
    asio::co_spawn(context, serve(settingsFrom(argc, argv, context)), asio::detached);
    context.run();
}
