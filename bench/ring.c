// Question: how do the plain C servers on io_uring set their ring up and walk round it?
#define _GNU_SOURCE
#include "ring.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "echo_listen.h"

enum { INCREMENTAL = 1 << 1 };  // IOU_PBUF_RING_INC of Linux 6.12; its place was padding

void* ring_pages(size_t bytes) {
    void* at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) echo_die("mmap", errno);
    return at;
}

void ring_open(struct io_uring* ring, unsigned submissions) {
    struct io_uring_params params = {.flags = IORING_SETUP_SINGLE_ISSUER |
                                              IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL |
                                              IORING_SETUP_CQSIZE,
                                     .cq_entries = 8 * submissions};
    int failed = io_uring_queue_init_params(submissions, ring, &params);
    if (failed < 0) echo_die("io_uring_setup", -failed);
    io_uring_register_ring_fd(ring);  // saves a file look-up an enter; not having it is no error
}

struct io_uring_buf_ring* ring_of_buffers(struct io_uring* ring, unsigned count, bool incremental) {
    size_t bytes = count * sizeof(struct io_uring_buf);
    struct io_uring_buf_ring* lent = ring_pages(bytes);
    struct io_uring_buf_reg registration = {.ring_addr = (uintptr_t)lent,
                                            .ring_entries = count,
                                            .pad = incremental ? INCREMENTAL : 0};
    int failed = io_uring_register_buf_ring(ring, &registration, 0);
    if (failed < 0 && incremental) {
        munmap(lent, bytes);
        return NULL;
    }
    if (failed < 0) echo_die("io_uring_register_buf_ring", -failed);
    io_uring_buf_ring_init(lent);
    return lent;
}

void ring_accept(struct io_uring* ring, int listener) {
    struct io_uring_sqe* sqe = ring_submission(ring);
    io_uring_prep_multishot_accept(sqe, listener, NULL, NULL, SOCK_CLOEXEC);
    io_uring_sqe_set_data(sqe, NULL);
}

static int64_t wait_ns = -1;

void ring_limit_wait(int64_t left_ns) { wait_ns = left_ns; }

static int enter(struct io_uring* ring) {
    if (wait_ns < 0) return io_uring_submit_and_wait(ring, 1);
    struct __kernel_timespec limit = {.tv_sec = wait_ns / 1000000000,
                                      .tv_nsec = wait_ns % 1000000000};
    struct io_uring_cqe* first;
    return io_uring_submit_and_wait_timeout(ring, &first, 1, &limit, NULL);
}

void ring_enter(struct io_uring* ring) {
    int failed = enter(ring);
    if (failed < 0 && failed != -EINTR && failed != -EBUSY && failed != -ETIME)
        echo_die("io_uring_enter", -failed);
}
