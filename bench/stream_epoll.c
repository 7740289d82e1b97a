// Question: what does one-way streaming cost on epoll, 64 KiB a call?
//
// A sink counts what comes and answers its peer's end with the number, eight bytes, the highest
// first. A source sends as long as somebody takes it.
//
// Usage: stream_epoll PORT sink|source
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "echo_listen.h"
#include "stream_pattern.h"

enum { CALL_BYTES = 64 * 1024, EVENTS_MAX = 256 };

static int poller;
static uint64_t* moved;  // by descriptor
static char buffer[STREAM_PERIOD + CALL_BYTES];

static void watch(int fd, uint32_t events) {
    struct epoll_event event = {.events = events | EPOLLET, .data.fd = fd};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0) echo_die("epoll_ctl", errno);
}

// After the peer's end no new edge will come: then a short read does not end the reading.
static void take(int fd, bool finishing) {
    for (;;) {
        ssize_t got = recv(fd, buffer, CALL_BYTES, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return;
        if (got == 0) {
            uint64_t counted = htobe64(moved[fd]);
            send(fd, &counted, sizeof counted, MSG_NOSIGNAL);
        }
        if (got <= 0) {
            close(fd);
            return;
        }
        moved[fd] += (uint64_t)got;
        if (got < CALL_BYTES && !finishing) return;
    }
}

static void give(int fd) {
    for (;;) {
        ssize_t sent = send(fd, buffer + moved[fd] % STREAM_PERIOD, CALL_BYTES, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && errno == EAGAIN) return;
        if (sent < 0) {
            close(fd);
            return;
        }
        moved[fd] += (uint64_t)sent;
    }
}

static void accept_all(int listener, bool source) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && errno == EAGAIN) return;
        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
        if (fd < 0) echo_die("accept4", errno);
        moved[fd] = 0;
        watch(fd, source ? EPOLLOUT : EPOLLIN | EPOLLRDHUP);
    }
}

int main(int argc, char** argv) {
    if (argc != 3) echo_die("usage: PORT sink|source", EINVAL);
    bool source = strcmp(argv[2], "source") == 0;
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0) echo_die("getrlimit", errno);
    moved = calloc(files.rlim_cur, sizeof *moved);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (moved == NULL || poller < 0) echo_die("epoll_create1", errno);
    stream_fill(buffer, sizeof buffer);
    int listener = echo_listen(2, argv, SOCK_NONBLOCK);
    watch(listener, EPOLLIN);
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        int ready = epoll_wait(poller, events, EVENTS_MAX, -1);
        if (ready < 0 && errno != EINTR) echo_die("epoll_wait", errno);
        for (int i = 0; i < ready; ++i) {
            int fd = events[i].data.fd;
            if (fd == listener)
                accept_all(listener, source);
            else if (source)
                give(fd);
            else
                take(fd, (events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
        }
    }
}
