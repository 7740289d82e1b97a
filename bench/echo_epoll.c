// Question: what does an echo cost a plain C server on edge-triggered epoll, written as well as one
// can?
//
// One shared 64 KiB buffer for all connections; a connection owns memory only while its peer does
// not read. A read that does not fill the buffer has emptied the socket, so no second read asks for
// EAGAIN.
//
// Usage: echo_epoll PORT
#define _GNU_SOURCE
#include "echo_poll.h"

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

// After the peer's end a short read does not end the reading.
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

static void begin(int fd) { (void)fd; }
static void forget(int fd) { (void)fd; }
static bool reads_ahead(void) { return false; }

int main(int argc, char** argv) { serve(argc, argv); }
