// Question: what does one-way streaming cost on io_uring, written as well as one can?
//
// A sink receives with a multishot receive of bundles, several buffers a completion; a source has
// one send of 256 KiB in flight. What they say to their peers is as in stream_epoll.c.
//
// Usage: stream_uring PORT sink|source
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "echo_listen.h"
#include "ring.h"
#include "stream_pattern.h"

enum { SUBMISSIONS = 256, BUFFER_BYTES = 8 * 1024, BUFFERS = 64, SEND_BYTES = 256 * 1024 };
enum { RECEIVE_BUNDLE = 1 << 4 };  // IORING_RECVSEND_BUNDLE of Linux 6.10

struct connection {
    int fd;
    uint64_t moved;
};

static struct io_uring ring;
static struct io_uring_buf_ring* lent;
static char* buffers;
static char pattern[STREAM_PERIOD + SEND_BYTES];
static bool source, bundles = true;

static void arm(struct connection* connection) {
    struct io_uring_sqe* sqe = ring_submission(&ring);
    if (source) {
        io_uring_prep_send(sqe, connection->fd, pattern + connection->moved % STREAM_PERIOD,
                           SEND_BYTES, MSG_WAITALL | MSG_NOSIGNAL);
    } else {
        io_uring_prep_recv_multishot(sqe, connection->fd, NULL, 0, 0);
        sqe->flags |= IOSQE_BUFFER_SELECT;
        sqe->buf_group = 0;
        if (bundles) sqe->ioprio |= RECEIVE_BUNDLE;
    }
    io_uring_sqe_set_data(sqe, connection);
}

static void drop(struct connection* connection) {
    close(connection->fd);
    free(connection);
}

// Buffers are taken in the order in which they were lent, and lent again in that order.
static void lend_again(unsigned first, int count) {
    for (int i = 0; i < count; ++i) {
        unsigned short id = (unsigned short)((first + (unsigned)i) % BUFFERS);
        io_uring_buf_ring_add(lent, buffers + (size_t)id * BUFFER_BYTES, BUFFER_BYTES, id,
                              io_uring_buf_ring_mask(BUFFERS), i);
    }
    io_uring_buf_ring_advance(lent, count);
}

static void on_accept(int listener, const struct io_uring_cqe* cqe) {
    if (!(cqe->flags & IORING_CQE_F_MORE)) ring_accept(&ring, listener);
    if (cqe->res < 0) return;
    struct connection* connection = malloc(sizeof *connection);
    if (connection == NULL) echo_die("malloc", ENOMEM);
    *connection = (struct connection){.fd = cqe->res};
    arm(connection);
}

static void on_received(struct connection* connection, const struct io_uring_cqe* cqe) {
    if (cqe->res > 0) {
        connection->moved += (uint64_t)cqe->res;
        lend_again(cqe->flags >> IORING_CQE_BUFFER_SHIFT,
                   (cqe->res + BUFFER_BYTES - 1) / BUFFER_BYTES);
    }
    if (cqe->flags & IORING_CQE_F_MORE) return;
    if (cqe->res == -EINVAL && bundles) {
        bundles = false;  // an older kernel
        arm(connection);
    } else if (cqe->res > 0 || cqe->res == -ENOBUFS) {
        arm(connection);
    } else {
        uint64_t counted = htobe64(connection->moved);
        send(connection->fd, &counted, sizeof counted, MSG_NOSIGNAL);
        drop(connection);
    }
}

static void on_sent(struct connection* connection, const struct io_uring_cqe* cqe) {
    if (cqe->res <= 0) {
        drop(connection);
        return;
    }
    connection->moved += (uint64_t)cqe->res;
    arm(connection);
}

static void handle(int listener, const struct io_uring_cqe* cqe) {
    struct connection* connection = io_uring_cqe_get_data(cqe);
    if (connection == NULL)
        on_accept(listener, cqe);
    else if (source)
        on_sent(connection, cqe);
    else
        on_received(connection, cqe);
}

static void set_up(void) {
    ring_open(&ring, SUBMISSIONS);
    lent = ring_of_buffers(&ring, BUFFERS, false);
    buffers = ring_pages((size_t)BUFFERS * BUFFER_BYTES);
    lend_again(0, BUFFERS);
}

int main(int argc, char** argv) {
    if (argc != 3) echo_die("usage: PORT sink|source", EINVAL);
    source = strcmp(argv[2], "source") == 0;
    stream_fill(pattern, sizeof pattern);
    set_up();
    int listener = echo_listen(2, argv, 0);
    ring_accept(&ring, listener);
    for (;;) ring_turn(&ring, listener, handle);
}
