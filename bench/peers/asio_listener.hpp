// Question: what do the servers on Asio have in common?
#pragma once

#include <asio.hpp>

#include <sys/socket.h>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "../echo_listen.h"

using asio::ip::tcp;

struct Settings {
    tcp::acceptor acceptor;
    std::size_t bufferBytes;
    std::string_view does;  // the last argument, if there is one
};

/// Reads `PROGRAM PORT BUFFER_BYTES [WORD]` and listens.
inline Settings settingsFrom(int argc, char** argv, asio::io_context& context) {
    bool counts = argc == 3 || argc == 4;
    std::size_t bufferBytes = counts ? std::strtoul(argv[2], nullptr, 10) : 0;
    if (bufferBytes == 0) echo_die("usage: PORT BUFFER_BYTES [WORD]", EINVAL);
    return {tcp::acceptor(context, tcp::v4(), echo_listen(2, argv, SOCK_NONBLOCK)), bufferBytes,
            argc == 4 ? argv[3] : ""};
}

/// Starts a Session for each connection. It is made of the socket and the settings.
template <class Session>
void accept(Settings& settings) {
    settings.acceptor.async_accept([&settings](std::error_code error, tcp::socket socket) {
        if (!error) std::make_shared<Session>(std::move(socket), settings)->start();
        accept<Session>(settings);
    });
}

template <class Session>
void serve(int argc, char** argv) {
    asio::io_context context(1);
    Settings settings = settingsFrom(argc, argv, context);
    accept<Session>(settings);
    context.run();
}
