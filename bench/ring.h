// Question: how do the plain C servers on io_uring set their ring up?
#pragma once

#include <liburing.h>
#include <stddef.h>
#include <stdint.h>

/// Deferred task work, one enter a loop, room for eight completions a submission. Ends the process
/// where the kernel refuses.
void ring_open(struct io_uring* ring, unsigned submissions);

/// A ring of `count` buffers, as yet empty, that the kernel takes those of group 0 from.
struct io_uring_buf_ring* ring_of_buffers(struct io_uring* ring, unsigned count);

/// Hands over what is submitted and waits until something has completed, or the limit is over.
void ring_enter(struct io_uring* ring);

/// The limit of the next wait in nanoseconds; -1, as it is at first, for none.
void ring_limit_wait(int64_t left_ns);

/// Memory of its own, touched by nobody yet.
void* ring_pages(size_t bytes);
