// Question: what does an echo cost a plain C server on edge-triggered epoll, written as well as one
// can?
//
// One shared 64 KiB buffer for all connections; a connection owns memory only while its peer does
// not read. A read that does not fill the buffer has emptied the socket, so no second read asks for
// EAGAIN. Time-outs and lines cost those who have none a branch that is always foreseen.
//
// Usage: echo_epoll PORT [timed|lines]
#define _GNU_SOURCE
#include "echo_poll.h"
#include "lines.h"
#include "timeouts.h"

static enum echo_mode mode;
static struct timeout* timeouts;  // by descriptor
static struct line_start* starts;
static char answers[BUFFER_BYTES + LINE_BYTES_MAX];

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

// Gives false if the connection is to end.
static bool answer(int fd, size_t got) {
    const char* bytes = buffer;
    ssize_t size = (ssize_t)got;
    if (mode == ECHO_TIMED) timeouts_restart(&timeouts[fd]);
    if (mode == ECHO_LINES) {
        size = lines_answer(&starts[fd], buffer, got, answers);
        bytes = answers;
    }
    ssize_t sent = size >= 0 ? send_some(fd, bytes, (size_t)size) : -1;
    if (sent >= 0 && sent < size) keep_tail(fd, bytes + sent, (size_t)(size - sent));
    return sent >= 0;
}

// After the peer's end a short read does not end the reading.
static void echo(int fd, bool finishing) {
    while (tails[fd] == NULL) {
        ssize_t got = recv(fd, buffer, sizeof buffer, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0 || !answer(fd, (size_t)got)) {
            drop(fd);
            return;
        }
        if (got < BUFFER_BYTES && !finishing) return;
    }
}

static void begin(int fd) {
    if (mode == ECHO_TIMED) timeouts_restart(&timeouts[fd]);
}

static void forget(int fd) {
    if (mode == ECHO_TIMED) timeouts_cancel(&timeouts[fd]);
    if (mode == ECHO_LINES) lines_forget(&starts[fd]);
}

static int wait_limit(void) {
    if (mode != ECHO_TIMED) return -1;
    struct timeout* over;
    int64_t left;
    while ((over = timeouts_over(&left)) != NULL) drop((int)(over - timeouts));
    return left < 0 ? -1 : (int)(left / 1000000 + 1);
}

static bool reads_ahead(void) { return false; }

int main(int argc, char** argv) {
    if (argc > 1) mode = echo_mode(argv[2]);
    timeouts = calloc(descriptors_max(), sizeof *timeouts);
    starts = calloc(descriptors_max(), sizeof *starts);
    if (timeouts == NULL || starts == NULL) echo_die("calloc", ENOMEM);
    serve(argc < 2 ? argc : 2, argv);
}
