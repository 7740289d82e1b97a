// Question: what does a plain C server need to end connections on which nothing happens?
#define _GNU_SOURCE
#include "timeouts.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "echo_listen.h"

static const uint64_t PERIOD_NS = 30ull * 1000000000;

static struct timeout** heap;  // the first one's place is 1
static size_t used, room;
static uint64_t now_ns;  // 0: not asked for since the last wait

static uint64_t now(void) {
    if (now_ns == 0) {
        struct timespec time;
        clock_gettime(CLOCK_MONOTONIC, &time);
        now_ns = (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
    }
    return now_ns;
}

static void put(struct timeout* timeout, size_t place) {
    heap[place] = timeout;
    timeout->place = place;
}

static void rise(struct timeout* timeout, size_t place) {
    for (; place > 1 && heap[place / 2]->due_ns > timeout->due_ns; place /= 2)
        put(heap[place / 2], place);
    put(timeout, place);
}

static void sink(struct timeout* timeout, size_t place) {
    for (size_t child = 2 * place; child <= used; child = 2 * place) {
        if (child < used && heap[child + 1]->due_ns < heap[child]->due_ns) ++child;
        if (heap[child]->due_ns >= timeout->due_ns) break;
        put(heap[child], place);
        place = child;
    }
    put(timeout, place);
}

static size_t new_place(void) {
    if (used + 2 > room) {
        room = room == 0 ? 64 : 2 * room;
        heap = realloc(heap, room * sizeof *heap);
        if (heap == NULL) echo_die("realloc", ENOMEM);
    }
    return ++used;
}

// One that runs becomes due later, so it can only sink.
void timeouts_restart(struct timeout* timeout) {
    timeout->due_ns = now() + PERIOD_NS;
    if (timeout->place != 0)
        sink(timeout, timeout->place);
    else
        rise(timeout, new_place());
}

void timeouts_cancel(struct timeout* timeout) {
    size_t place = timeout->place;
    if (place == 0) return;
    timeout->place = 0;
    struct timeout* last = heap[used--];
    if (last == timeout) return;
    if (place > 1 && heap[place / 2]->due_ns > last->due_ns)
        rise(last, place);
    else
        sink(last, place);
}

struct timeout* timeouts_over(int64_t* left_ns) {
    struct timeout* first = used > 0 ? heap[1] : NULL;
    *left_ns = first != NULL ? (int64_t)(first->due_ns - now()) : -1;
    if (first != NULL && *left_ns <= 0) {
        timeouts_cancel(first);
        return first;
    }
    now_ns = 0;
    return NULL;
}
