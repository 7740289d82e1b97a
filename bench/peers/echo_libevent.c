// Question: what does an echo cost on libevent, by its bufferevents and by events alone?
//
// A bufferevent moves what came from its input to its output without a copy. By events alone there
// is one buffer for all connections, and a copy of what a peer does not take at once.
//
// Usage: echo_libevent PORT BUFFER_BYTES bufferevent|event
#define _GNU_SOURCE
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../echo_listen.h"

static struct event_base* base;
static size_t buffer_bytes;
static char* shared;  // NULL: by bufferevents

static void move_on(struct bufferevent* peer, void* unused) {
    (void)unused;
    bufferevent_write_buffer(peer, bufferevent_get_input(peer));
}

static void ended(struct bufferevent* peer, short what, void* unused) {
    (void)unused;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) bufferevent_free(peer);
}

static void accept_buffered(int fd) {
    struct bufferevent* peer = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (peer == NULL) echo_die("bufferevent_socket_new", ENOMEM);
    bufferevent_setcb(peer, move_on, NULL, ended, NULL);
    bufferevent_set_max_single_read(peer, buffer_bytes);
    bufferevent_enable(peer, EV_READ | EV_WRITE);
}

struct peer {
    struct event* readable;
    struct event* writable;
    char* rest;
    size_t from, to;
};

static void drop(struct peer* peer, int fd) {
    event_free(peer->readable);
    if (peer->writable != NULL) event_free(peer->writable);
    free(peer->rest);
    free(peer);
    close(fd);
}

// Gives how much the socket has taken; -1 if the connection is lost.
static ssize_t send_some(int fd, const char* bytes, size_t size) {
    ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
    if (sent >= 0) return sent;
    return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

static void on_writable(evutil_socket_t fd, short what, void* argument) {
    struct peer* peer = argument;
    (void)what;
    ssize_t sent = send_some(fd, peer->rest + peer->from, peer->to - peer->from);
    if (sent < 0) {
        drop(peer, fd);
        return;
    }
    peer->from += (size_t)sent;
    if (peer->from < peer->to) return;
    free(peer->rest);
    peer->rest = NULL;
    event_del(peer->writable);
    event_add(peer->readable, NULL);
}

static void keep(struct peer* peer, int fd, const char* bytes, size_t size) {
    peer->rest = malloc(size);
    if (peer->writable == NULL)
        peer->writable = event_new(base, fd, EV_WRITE | EV_PERSIST, on_writable, peer);
    if (peer->rest == NULL || peer->writable == NULL) echo_die("malloc", ENOMEM);
    memcpy(peer->rest, bytes, size);
    peer->from = 0;
    peer->to = size;
    event_del(peer->readable);
    event_add(peer->writable, NULL);
}

static void on_readable(evutil_socket_t fd, short what, void* argument) {
    struct peer* peer = argument;
    (void)what;
    ssize_t got = recv(fd, shared, buffer_bytes, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    ssize_t sent = got > 0 ? send_some(fd, shared, (size_t)got) : -1;
    if (sent < 0)
        drop(peer, fd);
    else if (sent < got)
        keep(peer, fd, shared + sent, (size_t)(got - sent));
}

static void accept_raw(int fd) {
    struct peer* peer = calloc(1, sizeof *peer);
    if (peer != NULL) peer->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, peer);
    if (peer == NULL || peer->readable == NULL) echo_die("event_new", ENOMEM);
    event_add(peer->readable, NULL);
}

static void on_connection(struct evconnlistener* listener, evutil_socket_t fd,
                          struct sockaddr* address, int length, void* unused) {
    (void)listener, (void)address, (void)length, (void)unused;
    if (shared != NULL)
        accept_raw(fd);
    else
        accept_buffered(fd);
}

int main(int argc, char** argv) {
    buffer_bytes = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
    if (buffer_bytes == 0) echo_die("usage: PORT BUFFER_BYTES bufferevent|event", EINVAL);
    if (strcmp(argv[3], "event") == 0) shared = malloc(buffer_bytes);
    int fd = echo_listen(2, argv, SOCK_NONBLOCK);
    base = event_base_new();
    if (base == NULL) echo_die("event_base_new", ENOMEM);
    if (evconnlistener_new(base, on_connection, NULL, LEV_OPT_CLOSE_ON_EXEC, -1, fd) == NULL)
        echo_die("evconnlistener_new", errno);
    return event_base_dispatch(base);
}
