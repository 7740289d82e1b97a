// Question: what does one-way streaming cost on libuv?
//
// A sink reads 64 KiB a call into one buffer for all connections. A source has one request of four
// buffers of 64 KiB under way, which go out in one call. What they say to their peers is as in
// stream_epoll.c.
//
// Usage: stream_libuv PORT sink|source
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../stream_pattern.h"
#include "libuv_server.h"

enum { PARTS = 4 };

struct peer {
    uv_tcp_t tcp;
    uv_write_t request;
    uint64_t taken;
};

static char buffer[STREAM_PERIOD];
static bool source;

static void on_closed(uv_handle_t* handle) { free(handle); }

static void allocate(uv_handle_t* handle, size_t suggested, uv_buf_t* into) {
    (void)handle, (void)suggested;
    *into = uv_buf_init(buffer, sizeof buffer);
}

static void on_read(uv_stream_t* stream, ssize_t got, const uv_buf_t* into) {
    (void)into;
    struct peer* peer = (struct peer*)stream;
    if (got >= 0) {
        peer->taken += (uint64_t)got;
        return;
    }
    uint64_t counted = htobe64(peer->taken);
    uv_buf_t answer = uv_buf_init((char*)&counted, sizeof counted);
    if (got == UV_EOF && !source) uv_try_write(stream, &answer, 1);
    libuv_end(stream, on_closed);
}

static void give(struct peer* peer);

static void on_written(uv_write_t* request, int status) {
    if (status < 0)
        libuv_end(request->handle, on_closed);
    else
        give((struct peer*)request->handle);
}

static void give(struct peer* peer) {
    uv_buf_t parts[PARTS];
    for (int i = 0; i < PARTS; ++i) parts[i] = uv_buf_init(buffer, sizeof buffer);
    if (uv_write(&peer->request, (uv_stream_t*)&peer->tcp, parts, PARTS, on_written) < 0)
        libuv_end((uv_stream_t*)&peer->tcp, on_closed);
}

static void on_connection(uv_stream_t* listener, int status) {
    libuv_check("accept", status);
    struct peer* peer = libuv_memory(sizeof *peer);
    libuv_accept(listener, &peer->tcp, allocate, on_read, on_closed);
    if (source) give(peer);
}

int main(int argc, char** argv) {
    if (argc != 3) echo_die("usage: PORT sink|source", EINVAL);
    source = strcmp(argv[2], "source") == 0;
    stream_fill(buffer, sizeof buffer);
    return libuv_serve(argv, on_connection);
}
