// Question: what does an echo cost on libevent, by its bufferevents and by events alone?
//
// A bufferevent moves what came from its input to its output without a copy. By events alone there
// is one buffer for all connections, and a copy of what a peer does not take at once. Time-outs are
// part of an event and begin anew with each; all have one length, which libevent keeps in a queue
// of its own.
//
// Usage: echo_libevent PORT BUFFER_BYTES bufferevent|event [timed|lines]
#define _GNU_SOURCE
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lines.h"
#include "libevent_server.h"

static size_t buffer_bytes;
static char* shared;  // NULL: by bufferevents
static char* answers;
static enum echo_mode mode;
static const struct timeval* limit;  // NULL: none

static void move_on(struct bufferevent* peer, void* unused) {
    (void)unused;
    bufferevent_write_buffer(peer, bufferevent_get_input(peer));
}

static void answer_lines(struct bufferevent* peer, void* unused) {
    (void)unused;
    struct evbuffer* output = bufferevent_get_output(peer);
    size_t size;
    char* line;
    while ((line = evbuffer_readln(bufferevent_get_input(peer), &size, EVBUFFER_EOL_CRLF_STRICT))) {
        evbuffer_add(output, line, size);
        evbuffer_add(output, "\r\n", 2);
        free(line);
    }
    if (evbuffer_get_length(bufferevent_get_input(peer)) > LINE_BYTES_MAX) bufferevent_free(peer);
}

static void ended(struct bufferevent* peer, short what, void* unused) {
    (void)unused;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT)) bufferevent_free(peer);
}

static void accept_buffered(int fd) {
    struct bufferevent* peer = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (peer == NULL) echo_die("bufferevent_socket_new", ENOMEM);
    bufferevent_setcb(peer, mode == ECHO_LINES ? answer_lines : move_on, NULL, ended, NULL);
    bufferevent_set_max_single_read(peer, buffer_bytes);
    if (limit != NULL) bufferevent_set_timeouts(peer, limit, NULL);
    bufferevent_enable(peer, EV_READ | EV_WRITE);
}

struct peer {
    struct event* readable;
    struct event* writable;
    char* rest;
    size_t from, to;
    struct line_start start[];  // one, if it has lines
};

static void drop(struct peer* peer, int fd) {
    if (mode == ECHO_LINES) lines_forget(peer->start);
    event_free(peer->readable);
    if (peer->writable != NULL) event_free(peer->writable);
    free(peer->rest);
    free(peer);
    close(fd);
}

static void on_writable(evutil_socket_t fd, short what, void* argument) {
    struct peer* peer = argument;
    (void)what;
    ssize_t sent = libevent_send(fd, peer->rest + peer->from, peer->to - peer->from);
    if (sent < 0) {
        drop(peer, fd);
        return;
    }
    peer->from += (size_t)sent;
    if (peer->from < peer->to) return;
    free(peer->rest);
    peer->rest = NULL;
    event_del(peer->writable);
    event_add(peer->readable, limit);
}

static void keep(struct peer* peer, int fd, const char* bytes, size_t size) {
    peer->rest = malloc(size);
    if (peer->rest == NULL) echo_die("malloc", ENOMEM);
    memcpy(peer->rest, bytes, size);
    peer->from = 0;
    peer->to = size;
    event_del(peer->readable);
    if (peer->writable == NULL)
        peer->writable = libevent_add(fd, EV_WRITE | EV_PERSIST, on_writable, peer, NULL);
    else
        event_add(peer->writable, NULL);
}

// Gives false if the connection is to end.
static bool answer(struct peer* peer, int fd, size_t got) {
    const char* bytes = shared;
    ssize_t size = (ssize_t)got;
    if (mode == ECHO_LINES) {
        size = lines_answer(peer->start, shared, got, answers);
        bytes = answers;
    }
    ssize_t sent = size > 0 ? libevent_send(fd, bytes, (size_t)size) : size;
    if (sent >= 0 && sent < size) keep(peer, fd, bytes + sent, (size_t)(size - sent));
    return sent >= 0;
}

static void on_readable(evutil_socket_t fd, short what, void* argument) {
    struct peer* peer = argument;
    ssize_t got = what & EV_TIMEOUT ? 0 : recv(fd, shared, buffer_bytes, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0 || !answer(peer, fd, (size_t)got)) drop(peer, fd);
}

static void accept_raw(int fd) {
    struct peer* peer = calloc(1, sizeof *peer + (mode == ECHO_LINES ? sizeof *peer->start : 0));
    if (peer == NULL) echo_die("calloc", ENOMEM);
    peer->readable = libevent_add(fd, EV_READ | EV_PERSIST, on_readable, peer, limit);
}

int main(int argc, char** argv) {
    buffer_bytes = argc == 4 || argc == 5 ? strtoul(argv[2], NULL, 10) : 0;
    if (buffer_bytes == 0)
        echo_die("usage: PORT BUFFER_BYTES bufferevent|event [timed|lines]", EINVAL);
    mode = echo_mode(argv[4]);
    if (strcmp(argv[3], "event") == 0) shared = malloc(buffer_bytes);
    answers = malloc(buffer_bytes + LINE_BYTES_MAX);
    base = event_base_new();
    if (base == NULL || answers == NULL) echo_die("event_base_new", ENOMEM);
    struct timeval period = {.tv_sec = 30};
    if (mode == ECHO_TIMED) limit = event_base_init_common_timeout(base, &period);
    return libevent_serve(argv, shared != NULL ? accept_raw : accept_buffered);
}
