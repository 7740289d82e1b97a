// Question: what does an echo cost on libuv, written as its guide shows, and written for speed?
//
// The guide's way allocates a buffer for each read and a request for each write. The fast way reads
// into one buffer for all connections and writes at once what the socket takes.
//
// Usage: echo_libuv PORT BUFFER_BYTES guide|fast
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <uv.h>

#include "../echo_listen.h"

static size_t buffer_bytes;
static char* shared;  // NULL: the guide's way

static void check(const char* call, int result) {
    if (result < 0) echo_die(call, -result);
}

static void on_closed(uv_handle_t* handle) { free(handle); }

static void allocate(uv_handle_t* handle, size_t suggested, uv_buf_t* into) {
    (void)handle, (void)suggested;
    *into = uv_buf_init(shared != NULL ? shared : malloc(buffer_bytes), (unsigned)buffer_bytes);
}

// The bytes lie behind the request if they are a copy, else in a block of their own.
struct write {
    uv_write_t request;
    char* block;
};

static void on_written(uv_write_t* request, int status) {
    struct write* write = (struct write*)request;
    if (status < 0 && !uv_is_closing((uv_handle_t*)request->handle))
        uv_close((uv_handle_t*)request->handle, on_closed);
    free(write->block);
    free(write);
}

static void write_later(uv_stream_t* stream, char* block, const char* bytes, size_t size) {
    struct write* write = malloc(sizeof *write);
    if (write == NULL) echo_die("malloc", ENOMEM);
    write->block = block;
    uv_buf_t rest = uv_buf_init((char*)bytes, (unsigned)size);
    check("uv_write", uv_write(&write->request, stream, &rest, 1, on_written));
}

static void write_now(uv_stream_t* stream, char* bytes, size_t size) {
    uv_buf_t all = uv_buf_init(bytes, (unsigned)size);
    int taken = uv_try_write(stream, &all, 1);
    if (taken < 0) taken = 0;
    if ((size_t)taken == size) return;
    char* rest = malloc(size - (size_t)taken);
    if (rest == NULL) echo_die("malloc", ENOMEM);
    memcpy(rest, bytes + taken, size - (size_t)taken);
    write_later(stream, rest, rest, size - (size_t)taken);
}

static void on_read(uv_stream_t* stream, ssize_t got, const uv_buf_t* buffer) {
    if (got > 0 && shared != NULL) {
        write_now(stream, buffer->base, (size_t)got);
    } else if (got > 0) {
        write_later(stream, buffer->base, buffer->base, (size_t)got);
    } else {
        if (shared == NULL) free(buffer->base);
        if (got < 0 && !uv_is_closing((uv_handle_t*)stream))
            uv_close((uv_handle_t*)stream, on_closed);
    }
}

static void on_connection(uv_stream_t* listener, int status) {
    check("accept", status);
    uv_tcp_t* peer = malloc(sizeof *peer);
    if (peer == NULL) echo_die("malloc", ENOMEM);
    check("uv_tcp_init", uv_tcp_init(listener->loop, peer));
    if (uv_accept(listener, (uv_stream_t*)peer) < 0 ||
        uv_read_start((uv_stream_t*)peer, allocate, on_read) < 0)
        uv_close((uv_handle_t*)peer, on_closed);
}

int main(int argc, char** argv) {
    buffer_bytes = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
    if (buffer_bytes == 0) echo_die("usage: PORT BUFFER_BYTES guide|fast", EINVAL);
    if (strcmp(argv[3], "fast") == 0) shared = malloc(buffer_bytes);
    int fd = echo_listen(2, argv, SOCK_NONBLOCK);
    uv_tcp_t listener;
    check("uv_tcp_init", uv_tcp_init(uv_default_loop(), &listener));
    check("uv_tcp_open", uv_tcp_open(&listener, fd));
    check("uv_listen", uv_listen((uv_stream_t*)&listener, 4096, on_connection));
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
