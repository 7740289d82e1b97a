// Question: how do the plain C servers on io_uring set their ring up and walk round it?
#pragma once

#include <liburing.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Deferred task work, one enter a loop, room for eight completions a submission. Ends the process
/// where the kernel refuses.
void ring_open(struct io_uring* ring, unsigned submissions);

/// A ring of `count` buffers, as yet empty, that the kernel takes those of group 0 from. With
/// `incremental` it fills each of them piece by piece; NULL where it is too old for that.
struct io_uring_buf_ring* ring_of_buffers(struct io_uring* ring, unsigned count, bool incremental);

/// Arms the accepting of all that come (multishot); its completions have no user data.
void ring_accept(struct io_uring* ring, int listener);

/// Hands over what is submitted and waits until something has completed, or the limit is over.
void ring_enter(struct io_uring* ring);

/// The limit of the next wait in nanoseconds; -1, as it is at first, for none.
void ring_limit_wait(int64_t left_ns);

/// Memory of its own, touched by nobody yet.
void* ring_pages(size_t bytes);

/// Room for one more submission, for which the others are handed over if need be. In here, as is
/// what follows, to become part of each server's loop as if it stood there.
static inline struct io_uring_sqe* ring_submission(struct io_uring* ring) {
    struct io_uring_sqe* sqe = io_uring_get_sqe(ring);
    while (sqe == NULL) {  // the queue is full: hand over what is there
        io_uring_submit(ring);
        sqe = io_uring_get_sqe(ring);
    }
    return sqe;
}

/// One loop: hands over, waits, and tells each completion to `handle`.
static inline void ring_turn(struct io_uring* ring, int listener,
                             void (*handle)(int listener, const struct io_uring_cqe* cqe)) {
    ring_enter(ring);
    struct io_uring_cqe* cqe;
    unsigned head, seen = 0;
    io_uring_for_each_cqe(ring, head, cqe) {
        handle(listener, cqe);
        ++seen;
    }
    io_uring_cq_advance(ring, seen);
}
