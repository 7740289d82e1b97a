// Question: what do the servers on libuv have in common?
#define _GNU_SOURCE
#include "libuv_server.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

void libuv_check(const char* call, int result) {
    if (result < 0) echo_die(call, -result);
}

void* libuv_memory(size_t bytes) {
    void* made = calloc(1, bytes);
    if (made == NULL) echo_die("calloc", ENOMEM);
    return made;
}

void libuv_accept(uv_stream_t* listener, uv_tcp_t* peer, uv_alloc_cb allocate, uv_read_cb on_read,
                  uv_close_cb on_closed) {
    libuv_check("uv_tcp_init", uv_tcp_init(listener->loop, peer));
    if (uv_accept(listener, (uv_stream_t*)peer) < 0 ||
        uv_read_start((uv_stream_t*)peer, allocate, on_read) < 0)
        uv_close((uv_handle_t*)peer, on_closed);
}

void libuv_end(uv_stream_t* peer, uv_close_cb on_closed) {
    if (!uv_is_closing((uv_handle_t*)peer)) uv_close((uv_handle_t*)peer, on_closed);
}

int libuv_serve(char** argv, uv_connection_cb on_connection) {
    int fd = echo_listen(2, argv, SOCK_NONBLOCK);
    uv_tcp_t listener;
    libuv_check("uv_tcp_init", uv_tcp_init(uv_default_loop(), &listener));
    libuv_check("uv_tcp_open", uv_tcp_open(&listener, fd));
    libuv_check("uv_listen", uv_listen((uv_stream_t*)&listener, 4096, on_connection));
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
