// Question: what does one-way streaming cost on libevent, by its bufferevents and by events alone?
//
// A sink reads as much as libevent reads at once, 4 KiB with bufferevents and 64 KiB by events. A
// source hands over four buffers of 64 KiB by reference, or has them sent in one call. What they
// say to their peers is as in stream_epoll.c.
//
// Usage: stream_libevent PORT sink|source bufferevent|event
#define _GNU_SOURCE
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../stream_pattern.h"
#include "libevent_server.h"

enum { PARTS = 4, SEND_BYTES = PARTS * STREAM_PERIOD };

struct peer {
    struct event* event;  // NULL: by a bufferevent
    uint64_t moved;
};

static char pattern[STREAM_PERIOD + SEND_BYTES], received[STREAM_PERIOD];
static bool source, buffered;

static void end(int fd, uint64_t taken) {
    uint64_t counted = htobe64(taken);
    libevent_send(fd, (char*)&counted, sizeof counted);
}

static void take_buffered(struct bufferevent* from, void* argument) {
    struct evbuffer* input = bufferevent_get_input(from);
    struct peer* peer = argument;
    peer->moved += evbuffer_get_length(input);
    evbuffer_drain(input, evbuffer_get_length(input));
}

static void give_buffered(struct bufferevent* to, void* argument) {
    (void)argument;
    for (int i = 0; i < PARTS; ++i)
        evbuffer_add_reference(bufferevent_get_output(to), pattern, STREAM_PERIOD, NULL, NULL);
}

static void ended(struct bufferevent* from, short what, void* argument) {
    struct peer* peer = argument;
    if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))) return;
    if (what & BEV_EVENT_EOF && !source) end(bufferevent_getfd(from), peer->moved);
    bufferevent_free(from);
    free(peer);
}

static void accept_buffered(int fd, struct peer* peer) {
    struct bufferevent* made = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (made == NULL) echo_die("bufferevent_socket_new", ENOMEM);
    bufferevent_setcb(made, take_buffered, source ? give_buffered : NULL, ended, peer);
    bufferevent_set_max_single_read(made, STREAM_PERIOD);
    bufferevent_set_max_single_write(made, SEND_BYTES);
    bufferevent_enable(made, EV_READ | EV_WRITE);
    if (source) give_buffered(made, peer);
}

static void drop(struct peer* peer, int fd) {
    event_free(peer->event);
    free(peer);
    close(fd);
}

static void take(evutil_socket_t fd, short what, void* argument) {
    struct peer* peer = argument;
    (void)what;
    ssize_t got = recv(fd, received, sizeof received, 0);
    if (got > 0) peer->moved += (uint64_t)got;
    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) return;
    if (got == 0) end(fd, peer->moved);
    drop(peer, fd);
}

static void give(evutil_socket_t fd, short what, void* argument) {
    struct peer* peer = argument;
    (void)what;
    ssize_t sent = libevent_send(fd, pattern + peer->moved % STREAM_PERIOD, SEND_BYTES);
    if (sent >= 0)
        peer->moved += (uint64_t)sent;
    else
        drop(peer, fd);
}

static void on_connection(int fd) {
    struct peer* peer = calloc(1, sizeof *peer);
    if (peer == NULL) echo_die("calloc", ENOMEM);
    short what = EV_PERSIST | (source ? EV_WRITE : EV_READ);
    if (buffered)
        accept_buffered(fd, peer);
    else
        peer->event = libevent_add(fd, what, source ? give : take, peer, NULL);
}

int main(int argc, char** argv) {
    if (argc != 4) echo_die("usage: PORT sink|source bufferevent|event", EINVAL);
    source = strcmp(argv[2], "source") == 0;
    buffered = strcmp(argv[3], "bufferevent") == 0;
    stream_fill(pattern, sizeof pattern);
    base = event_base_new();
    if (base == NULL) echo_die("event_base_new", ENOMEM);
    return libevent_serve(argv, on_connection);
}
