// Question: what do the plain C echo servers on edge-triggered epoll have in common?
//
// Included by one source each, which has to define what is declared and not defined here: so the
// compiler sees through all of it, as if it were written there.
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "echo_listen.h"

enum { BUFFER_BYTES = 64 * 1024, EVENTS_MAX = 256 };

// What a peer has not taken yet. While there is any, nothing more is read from that peer.
struct tail {
    size_t from, to;
    char bytes[];
};

static int poller;
static struct tail** tails;  // by descriptor
static char buffer[BUFFER_BYTES];

/// Gives the bytes taken by the socket, 0 if it is full, -1 if the connection is lost.
static ssize_t send_some(int fd, const char* bytes, size_t size);
/// Sends back what has come, as long as there is no tail. After the peer's end (`finishing`) no new
/// edge will come.
static void echo(int fd, bool finishing);
/// A connection was accepted, and is lost.
static void begin(int fd);
static void forget(int fd);
/// For how many milliseconds to wait for events, -1 for ever.
static int wait_limit(void);
/// Whether bytes may have been read that no edge tells of.
static bool reads_ahead(void);

static void watch(int operation, int fd, uint32_t events) {
    struct epoll_event event = {.events = events | EPOLLET, .data.fd = fd};
    if (epoll_ctl(poller, operation, fd, &event) < 0) echo_die("epoll_ctl", errno);
}

static void drop(int fd) {
    forget(fd);
    free(tails[fd]);
    tails[fd] = NULL;
    close(fd);
}

static void keep_tail(int fd, const char* bytes, size_t size) {
    struct tail* tail = malloc(sizeof *tail + size);
    if (tail == NULL) echo_die("malloc", ENOMEM);
    tail->from = 0;
    tail->to = size;
    memcpy(tail->bytes, bytes, size);
    tails[fd] = tail;
    watch(EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLRDHUP | EPOLLOUT);
}

// Gives false if the connection is gone. Changing the watch reports input that had come meanwhile
// anew.
static bool flush_tail(int fd) {
    struct tail* tail = tails[fd];
    ssize_t sent = send_some(fd, tail->bytes + tail->from, tail->to - tail->from);
    if (sent < 0) {
        drop(fd);
        return false;
    }
    tail->from += (size_t)sent;
    if (tail->from == tail->to) {
        free(tail);
        tails[fd] = NULL;
        watch(EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLRDHUP);
    }
    return true;
}

static void accept_all(int listener) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            begin(fd);
            watch(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLRDHUP);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            echo_die("accept4", errno);
        }
    }
}

static void handle(const struct epoll_event* event) {
    int fd = event->data.fd;
    bool flushed = tails[fd] != NULL;
    if (flushed && !flush_tail(fd)) return;
    if ((flushed && reads_ahead()) ||
        (event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
        echo(fd, (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
}

/// How many descriptors there may be.
static size_t descriptors_max(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0) echo_die("getrlimit", errno);
    return files.rlim_cur;
}

static _Noreturn void serve(int argc, char** argv) {
    tails = calloc(descriptors_max(), sizeof *tails);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (tails == NULL || poller < 0) echo_die("epoll_create1", errno);
    int listener = echo_listen(argc, argv, SOCK_NONBLOCK);
    watch(EPOLL_CTL_ADD, listener, EPOLLIN);
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        int ready = epoll_wait(poller, events, EVENTS_MAX, wait_limit());
        if (ready < 0 && errno != EINTR) echo_die("epoll_wait", errno);
        for (int i = 0; i < ready; ++i) {
            if (events[i].data.fd == listener)
                accept_all(listener);
            else
                handle(&events[i]);
        }
    }
}
