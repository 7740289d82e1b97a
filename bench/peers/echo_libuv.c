// Question: what does an echo cost on libuv, written as its guide shows, and written for speed?
//
// The guide's way allocates a buffer for each read and a request for each write. The fast way reads
// into one buffer for all connections and writes at once what the socket takes; that is the way for
// time-outs, which begin anew with each message, and for lines.
//
// Usage: echo_libuv PORT BUFFER_BYTES guide|fast [timed|lines]
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../lines.h"
#include "libuv_server.h"

enum { IDLE_MS = 30000 };

static size_t buffer_bytes;
static char* shared;  // NULL: the guide's way
static char* answers;
static enum echo_mode mode;

// What there is of a peer's: the handle alone, unless it has a time-out or lines.
struct peer {
    uv_tcp_t tcp;
    uv_timer_t timer;
    struct line_start start;
};

static void on_forgotten(uv_handle_t* timer) { free(timer->data); }

static void on_closed(uv_handle_t* handle) {
    struct peer* peer = (struct peer*)handle;
    if (mode == ECHO_LINES) lines_forget(&peer->start);
    if (mode == ECHO_TIMED)
        uv_close((uv_handle_t*)&peer->timer, on_forgotten);
    else
        free(peer);
}

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
    if (status < 0) libuv_end(request->handle, on_closed);
    free(write->block);
    free(write);
}

static void write_later(uv_stream_t* stream, char* block, const char* bytes, size_t size) {
    struct write* write = malloc(sizeof *write);
    if (write == NULL) echo_die("malloc", ENOMEM);
    write->block = block;
    uv_buf_t rest = uv_buf_init((char*)bytes, (unsigned)size);
    libuv_check("uv_write", uv_write(&write->request, stream, &rest, 1, on_written));
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

static void write_lines(uv_stream_t* stream, const char* bytes, size_t size) {
    ssize_t made = lines_answer(&((struct peer*)stream)->start, bytes, size, answers);
    if (made < 0) libuv_end(stream, on_closed);
    if (made > 0) write_now(stream, answers, (size_t)made);
}

static void on_read(uv_stream_t* stream, ssize_t got, const uv_buf_t* buffer) {
    if (got <= 0) {
        if (shared == NULL) free(buffer->base);
        if (got < 0) libuv_end(stream, on_closed);
        return;
    }
    if (mode == ECHO_TIMED) uv_timer_again(&((struct peer*)stream)->timer);
    if (mode == ECHO_LINES)
        write_lines(stream, buffer->base, (size_t)got);
    else if (shared != NULL)
        write_now(stream, buffer->base, (size_t)got);
    else
        write_later(stream, buffer->base, buffer->base, (size_t)got);
}

static void on_idle(uv_timer_t* timer) { libuv_end(timer->data, on_closed); }

static void on_connection(uv_stream_t* listener, int status) {
    libuv_check("accept", status);
    struct peer* peer = libuv_memory(mode == ECHO_PLAIN ? sizeof peer->tcp : sizeof *peer);
    if (mode == ECHO_TIMED) {
        libuv_check("uv_timer_init", uv_timer_init(listener->loop, &peer->timer));
        peer->timer.data = peer;
        uv_timer_start(&peer->timer, on_idle, IDLE_MS, IDLE_MS);
    }
    libuv_accept(listener, &peer->tcp, allocate, on_read, on_closed);
}

int main(int argc, char** argv) {
    buffer_bytes = argc == 4 || argc == 5 ? strtoul(argv[2], NULL, 10) : 0;
    if (buffer_bytes == 0) echo_die("usage: PORT BUFFER_BYTES guide|fast [timed|lines]", EINVAL);
    mode = echo_mode(argv[4]);
    if (strcmp(argv[3], "fast") == 0) shared = malloc(buffer_bytes);
    answers = malloc(buffer_bytes + LINE_BYTES_MAX);
    return libuv_serve(argv, on_connection);
}
