// Question: what does an echo cost a plain C server on io_uring, written as well as one can?
//
// Deferred task work, one enter a loop, accept and receive armed once (multishot), buffers lent to
// the kernel through a ring. A connection has one send in flight; what arrives meanwhile waits in
// its queue. Not bounded, as this is a neighbour to measure by: a peer that never reads may keep
// every buffer. Time-outs and lines cost those who have none a branch that is always foreseen.
//
// Usage: echo_uring PORT [timed|lines]
#define _GNU_SOURCE
#include "echo_listen.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lines.h"
#include "ring.h"
#include "timeouts.h"

enum {
    SUBMISSIONS = 512,
    BUFFER_BYTES = 8 * 1024,
    BUFFERS_FIRST =
        64,  // more are lent when the kernel first runs out: a small ring stays in the cache
    BUFFERS_MAX = 1024,
    JOINED = 16,  // so many are one where the kernel can fill it piece by piece
    CHUNKS = 65536,
    NONE = -1
};

// The kind of operation travels in the low bits of its user data, beside the connection's address.
enum operation { ACCEPT = 0, RECEIVE, SEND, OPERATION_BITS = 3 };

// What a connection has if it has a time-out or lines.
struct extra {
    struct timeout timeout;
    struct line_start start;
};

struct connection {
    int fd;
    int first, last;  // the queue of received buffers, or NONE
    bool receiving;   // the multishot receive is armed
    bool sending;     // buffers from the first one on are being sent
    bool finished;    // the peer sent its last byte, or is lost
    struct connection *next_starved, *next_ready;
    struct extra extra[];
};

struct chunk {  // what a connection holds of a buffer
    uint32_t from, to;
    int next, buffer;
};

struct buffer {
    uint32_t filled;
    int held;  // chunks of it
};

static struct io_uring ring;
static struct io_uring_buf_ring* lent;
static char* buffers;
static struct chunk chunks[CHUNKS];
static struct buffer states[BUFFERS_MAX];
static int chunks_made, chunks_free = NONE;
static int buffers_made, buffers_full, buffers_returned;  // returned: since the last advance
static struct connection* starved;  // receives that ended for want of a buffer
static struct connection* ready;    // have something to send, and nothing being sent

// What the sends of one loop refer to; the kernel has copied it once they are submitted.
static struct iovec pieces[CHUNKS];
static struct msghdr messages[CHUNKS];
static size_t pieces_used, messages_used;

static bool ran_dry, is_joined;
static int dry_loops;  // in which somebody waited for a buffer and none came back

static enum echo_mode mode;
static uint32_t buffer_bytes = BUFFER_BYTES;
static size_t slot_bytes = BUFFER_BYTES;  // from one buffer to the next
static int buffers_first = BUFFERS_FIRST, buffers_max = BUFFERS_MAX;

static void tag(struct io_uring_sqe* sqe, enum operation kind, struct connection* connection) {
    io_uring_sqe_set_data64(sqe, (uintptr_t)connection | kind);
}

static char* buffer_at(int id) { return buffers + (size_t)id * slot_bytes; }

static void lend(int id) {
    states[id] = (struct buffer){0};
    io_uring_buf_ring_add(lent, buffer_at(id), buffer_bytes, (unsigned short)id,
                          io_uring_buf_ring_mask((uint32_t)buffers_max), buffers_returned++);
}

static void lend_new(int count) {
    for (; count > 0 && buffers_made < buffers_max; --count) lend(buffers_made++);
}

static void arm_receive(struct connection* connection) {
    struct io_uring_sqe* sqe = ring_submission(&ring);
    io_uring_prep_recv_multishot(sqe, connection->fd, NULL, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = 0;
    tag(sqe, RECEIVE, connection);
    connection->receiving = true;
}

// All that is queued goes out in one send: of several small ones Nagle would hold back all but the
// first.
static void send_queue(struct connection* connection) {
    struct iovec* first = &pieces[pieces_used];
    struct msghdr* message = &messages[messages_used];
    *message = (struct msghdr){.msg_iov = first};
    for (int id = connection->first; id != NONE; id = chunks[id].next) {
        struct chunk* chunk = &chunks[id];
        first[message->msg_iovlen++] = (struct iovec){.iov_base = buffer_at(chunk->buffer) + chunk->from,
                                                      .iov_len = chunk->to - chunk->from};
    }
    struct io_uring_sqe* sqe = ring_submission(&ring);
    if (message->msg_iovlen == 1) {
        io_uring_prep_send(sqe, connection->fd, first->iov_base, first->iov_len,
                           MSG_WAITALL | MSG_NOSIGNAL);
    } else {
        io_uring_prep_sendmsg(sqe, connection->fd, message, MSG_WAITALL | MSG_NOSIGNAL);
        pieces_used += message->msg_iovlen;
        ++messages_used;
    }
    tag(sqe, SEND, connection);
    connection->sending = true;
}

// At the end of a loop, when everything that arrived in it is queued.
static void send_ready(void) {
    if (io_uring_sq_ready(&ring) == 0) pieces_used = messages_used = 0;
    for (; ready != NULL; ready = ready->next_ready) send_queue(ready);
}

static void make_ready(struct connection* connection) {
    connection->next_ready = ready;
    ready = connection;
}

static bool is_full(int buffer) { return !is_joined || states[buffer].filled == buffer_bytes; }

static int make_chunk(struct chunk value) {
    int id = chunks_free;
    if (id != NONE)
        chunks_free = chunks[id].next;
    else if (chunks_made < CHUNKS)
        id = chunks_made++;
    else
        echo_die("too many chunks", ENOMEM);
    chunks[id] = value;
    return id;
}

static void append(struct connection* connection, int buffer, uint32_t from, uint32_t to) {
    int id = make_chunk((struct chunk){.from = from, .to = to, .next = NONE, .buffer = buffer});
    ++states[buffer].held;
    if (is_full(buffer)) ++buffers_full;
    if (connection->first == NONE) {
        connection->first = connection->last = id;
        make_ready(connection);
    } else {
        chunks[connection->last].next = id;
        connection->last = id;
    }
}

static void remove_first(struct connection* connection) {
    int id = connection->first, buffer = chunks[id].buffer;
    connection->first = chunks[id].next;
    chunks[id].next = chunks_free;
    chunks_free = id;
    if (--states[buffer].held > 0 || !is_full(buffer)) return;
    --buffers_full;
    lend(buffer);
}

static void take_sent(struct connection* connection, uint32_t size) {
    while (size > 0) {
        struct chunk* chunk = &chunks[connection->first];
        uint32_t left = chunk->to - chunk->from, taken = size < left ? size : left;
        chunk->from += taken;
        size -= taken;
        if (taken == left) remove_first(connection);
    }
}

static void close_if_done(struct connection* connection) {
    if (!connection->finished || connection->receiving || connection->first != NONE) return;
    close(connection->fd);
    if (mode == ECHO_TIMED) timeouts_cancel(&connection->extra->timeout);
    if (mode == ECHO_LINES) lines_forget(&connection->extra->start);
    free(connection);
}

static void on_accept(int listener, const struct io_uring_cqe* cqe) {
    if (!(cqe->flags & IORING_CQE_F_MORE)) ring_accept(&ring, listener);
    if (cqe->res < 0) {
        if (cqe->res != -ECONNABORTED && cqe->res != -EINTR) echo_die("accept", -cqe->res);
        return;
    }
    size_t extra = mode == ECHO_PLAIN ? 0 : sizeof *((struct connection*)NULL)->extra;
    struct connection* connection = calloc(1, sizeof *connection + extra);
    if (connection == NULL) echo_die("calloc", ENOMEM);
    connection->fd = cqe->res;
    connection->first = connection->last = NONE;
    if (mode == ECHO_TIMED) timeouts_restart(&connection->extra->timeout);
    arm_receive(connection);
}

// The answers lie in the same slot as what they answer, behind it.
static void answer_lines(struct connection* connection, int id, uint32_t size) {
    char* came = buffer_at(id);
    ssize_t made = lines_answer(&connection->extra->start, came, size, came + BUFFER_BYTES);
    if (made > 0)
        append(connection, id, BUFFER_BYTES, BUFFER_BYTES + (uint32_t)made);
    else
        lend(id);
    if (made < 0) shutdown(connection->fd, SHUT_RDWR);
}

static void take(struct connection* connection, int id, uint32_t size) {
    if (mode == ECHO_TIMED) timeouts_restart(&connection->extra->timeout);
    states[id].filled += size;
    if (mode == ECHO_LINES)
        answer_lines(connection, id, size);
    else
        append(connection, id, states[id].filled - size, states[id].filled);
}

static void on_receive(struct connection* connection, const struct io_uring_cqe* cqe) {
    connection->receiving = (cqe->flags & IORING_CQE_F_MORE) != 0;
    if (cqe->res > 0)
        take(connection, (int)(cqe->flags >> IORING_CQE_BUFFER_SHIFT), (uint32_t)cqe->res);
    else if (cqe->flags & IORING_CQE_F_BUFFER && !is_joined)
        lend((int)(cqe->flags >> IORING_CQE_BUFFER_SHIFT));  // taken, then not used
    if (connection->receiving) return;
    if (cqe->res == -ENOBUFS) {
        ran_dry = true;
        connection->next_starved = starved;
        starved = connection;
    } else if (cqe->res > 0) {
        arm_receive(connection);
    } else {
        connection->finished = true;
        close_if_done(connection);
    }
}

static void on_send(struct connection* connection, const struct io_uring_cqe* cqe) {
    connection->sending = false;
    if (cqe->res > 0) {
        take_sent(connection, (uint32_t)cqe->res);
    } else {  // the receive ends by itself once the socket is shut
        shutdown(connection->fd, SHUT_RDWR);
        while (connection->first != NONE) remove_first(connection);
    }
    if (connection->first != NONE)
        make_ready(connection);
    else
        close_if_done(connection);
}

static void handle(int listener, const struct io_uring_cqe* cqe) {
    struct connection* connection = (void*)(uintptr_t)(cqe->user_data & ~(uint64_t)OPERATION_BITS);
    switch (cqe->user_data & OPERATION_BITS) {
        case ACCEPT:
            on_accept(listener, cqe);
            break;
        case RECEIVE:
            on_receive(connection, cqe);
            break;
        default:
            on_send(connection, cqe);
    }
}

// Lends what came back, doubles the ring if it ran dry, and wakes at most as many as can be served.
// Joined buffers mostly come back with what is being sent: more of them would leave the cache.
static void refill(void) {
    dry_loops = starved != NULL && buffers_returned == 0 ? dry_loops + 1 : 0;
    if (is_joined ? dry_loops > 2 : ran_dry) lend_new(buffers_made);
    ran_dry = false;
    if (buffers_returned > 0) io_uring_buf_ring_advance(lent, buffers_returned);
    buffers_returned = 0;
    int left = buffers_made - buffers_full;
    for (; starved != NULL && left > 0; left -= is_joined ? 0 : 1) {
        struct connection* connection = starved;
        starved = connection->next_starved;
        arm_receive(connection);
    }
}

static void set_up(void) {
    if (mode == ECHO_LINES) slot_bytes = 2 * BUFFER_BYTES + LINE_BYTES_MAX;
    ring_open(&ring, SUBMISSIONS);
    if (mode != ECHO_LINES) lent = ring_of_buffers(&ring, BUFFERS_MAX / JOINED, true);
    is_joined = lent != NULL;
    if (is_joined) {
        slot_bytes = buffer_bytes = JOINED * BUFFER_BYTES;
        buffers_first = BUFFERS_FIRST / JOINED;
        buffers_max = BUFFERS_MAX / JOINED;
    } else {
        lent = ring_of_buffers(&ring, BUFFERS_MAX, false);
    }
    buffers = ring_pages((size_t)buffers_max * slot_bytes);
    lend_new(buffers_first);
    refill();
}

// The receive of a connection whose time is over ends by itself once its socket is shut.
static void end_idle(void) {
    struct timeout* over;
    int64_t left;
    while ((over = timeouts_over(&left)) != NULL) {
        char* connection = (char*)over - offsetof(struct connection, extra);
        shutdown(((struct connection*)(void*)connection)->fd, SHUT_RDWR);
    }
    ring_limit_wait(left);
}

int main(int argc, char** argv) {
    if (argc > 1) mode = echo_mode(argv[2]);
    set_up();
    int listener = echo_listen(argc < 2 ? argc : 2, argv, 0);
    ring_accept(&ring, listener);
    for (;;) {
        if (mode == ECHO_TIMED) end_idle();
        ring_turn(&ring, listener, handle);
        send_ready();
        refill();
    }
}
