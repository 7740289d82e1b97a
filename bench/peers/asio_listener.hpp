// Question: what do the servers on Asio have in common?
#pragma once

#include <asio.hpp>

#include <sys/socket.h>
#include <cerrno>
#include <cstdlib>

#include "../echo_listen.h"

using asio::ip::tcp;

struct Settings {
    tcp::acceptor acceptor;
    std::size_t bufferBytes;
};

/// Reads `PROGRAM PORT BUFFER_BYTES` and listens.
inline Settings settingsFrom(int argc, char** argv, asio::io_context& context) {
    std::size_t bufferBytes = argc == 3 ? std::strtoul(argv[2], nullptr, 10) : 0;
    if (bufferBytes == 0) echo_die("usage: PORT BUFFER_BYTES", EINVAL);
    return {tcp::acceptor(context, tcp::v4(), echo_listen(2, argv, SOCK_NONBLOCK)), bufferBytes};
}
