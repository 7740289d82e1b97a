// Question: what do NOPs on a ring cost without wring?
#include "plain_nops.h"

#include <liburing.h>
#include <stdlib.h>

struct plain_ring {
    struct io_uring ring;
};

struct plain_ring* plain_ring_open(void) {
    struct io_uring_params params = {.flags = IORING_SETUP_SINGLE_ISSUER |
                                              IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL};
    struct plain_ring* plain = malloc(sizeof *plain);
    if (plain == NULL) return NULL;
    if (io_uring_queue_init_params(256, &plain->ring, &params) < 0) {
        free(plain);
        return NULL;
    }
    io_uring_register_ring_fd(&plain->ring);
    return plain;
}

int plain_ring_nops(struct plain_ring* plain, int count) {
    for (int i = 0; i < count; ++i) {
        struct io_uring_sqe* sqe = io_uring_get_sqe(&plain->ring);
        io_uring_prep_nop(sqe);
        io_uring_sqe_set_data64(sqe, (__u64)i);
    }
    io_uring_submit_and_wait(&plain->ring, 1);
    struct io_uring_cqe* cqe;
    unsigned head, seen = 0;
    io_uring_for_each_cqe(&plain->ring, head, cqe) seen += cqe->res == 0;
    io_uring_cq_advance(&plain->ring, seen);
    return (int)seen;
}

void plain_ring_ask(struct plain_ring* plain, void* who) {
    struct io_uring_sqe* sqe = io_uring_get_sqe(&plain->ring);
    io_uring_prep_nop(sqe);
    io_uring_sqe_set_data(sqe, who);
}

void plain_ring_turn(struct plain_ring* plain, void (*tell)(void* who, int result)) {
    io_uring_submit_and_wait(&plain->ring, 1);
    struct io_uring_cqe* cqe;
    while (io_uring_peek_cqe(&plain->ring, &cqe) == 0) {
        void* who = io_uring_cqe_get_data(cqe);
        int result = cqe->res;
        io_uring_cqe_seen(&plain->ring, cqe);
        tell(who, result);
    }
}

void plain_ring_close(struct plain_ring* plain) {
    io_uring_queue_exit(&plain->ring);
    free(plain);
}
