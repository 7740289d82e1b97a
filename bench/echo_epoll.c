// Question: what does an echo cost a plain C server on edge-triggered epoll, written as well as one
// can?
//
// One shared 64 KiB buffer for all connections; a connection owns memory only while its peer does
// not read. A read that does not fill the buffer has emptied the socket, so no second read asks for
// EAGAIN.
//
// Usage: echo_epoll PORT
#define _GNU_SOURCE
#include "echo_listen.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_BYTES = 64 * 1024, EVENTS_MAX = 256 };

// What a peer has not taken yet. While there is any, nothing more is read from that peer.
struct tail {
    size_t from, to;
    char bytes[];
};

static int poller;
static struct tail** tails;  // by descriptor
static char buffer[BUFFER_BYTES];

static void watch(int operation, int fd, uint32_t events) {
    struct epoll_event event = {.events = events | EPOLLET, .data.fd = fd};
    if (epoll_ctl(poller, operation, fd, &event) < 0) echo_die("epoll_ctl", errno);
}

static void drop(int fd) {
    free(tails[fd]);
    tails[fd] = NULL;
    close(fd);
}

// Gives the bytes taken by the socket, 0 if it is full, -1 if the connection is lost.
static ssize_t send_some(int fd, const char* bytes, size_t size) {
    size_t sent = 0;
    while (sent < size) {
        ssize_t now = send(fd, bytes + sent, size - sent, MSG_NOSIGNAL);
        if (now < 0 && errno == EAGAIN) break;
        if (now < 0 && errno != EINTR) return -1;
        sent += now < 0 ? 0 : (size_t)now;
    }
    return (ssize_t)sent;
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

// After the peer's end (`finishing`) no new edge will come: then a short read does not end the
// reading.
static void echo(int fd, bool finishing) {
    while (tails[fd] == NULL) {
        ssize_t got = recv(fd, buffer, sizeof buffer, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return;
        ssize_t sent = got > 0 ? send_some(fd, buffer, (size_t)got) : -1;
        if (sent < 0) {
            drop(fd);
            return;
        }
        if (sent < got) keep_tail(fd, buffer + sent, (size_t)(got - sent));
        if (got < BUFFER_BYTES && !finishing) return;
    }
}

static void accept_all(int listener) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            watch(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLRDHUP);
        else if (errno == EAGAIN)
            return;
        else if (errno != EINTR && errno != ECONNABORTED)
            echo_die("accept4", errno);
    }
}

static void handle(const struct epoll_event* event) {
    int fd = event->data.fd;
    if (tails[fd] != NULL && !flush_tail(fd)) return;
    if (event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        echo(fd, (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
}

int main(int argc, char** argv) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0) echo_die("getrlimit", errno);
    tails = calloc(files.rlim_cur, sizeof *tails);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (tails == NULL || poller < 0) echo_die("epoll_create1", errno);
    int listener = echo_listen(argc, argv, SOCK_NONBLOCK);
    watch(EPOLL_CTL_ADD, listener, EPOLLIN);
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        int ready = epoll_wait(poller, events, EVENTS_MAX, -1);
        if (ready < 0 && errno != EINTR) echo_die("epoll_wait", errno);
        for (int i = 0; i < ready; ++i) {
            if (events[i].data.fd == listener)
                accept_all(listener);
            else
                handle(&events[i]);
        }
    }
}
