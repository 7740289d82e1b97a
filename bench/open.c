// Question: how long does a request take that comes when it is due, whatever the server is doing?
//
// Open loop: when each request is to be sent is decided before the slice begins, at random with a
// given mean (Poisson), alike for all servers. Latency is counted from that moment, not from when
// the request was sent: who waits for a slow answer before sending the next one leaves out exactly
// the requests that would have waited ("coordinated omission"). The generator spins on a core of
// its own; a slice in which it was late by itself is thrown away.
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "process.h"
#include "slices.h"

enum { EVENTS_MAX = 64, RECEIVE_BYTES = 64 * 1024, OURS_PERCENT = 95, LATE_PERCENT = 1 };
static const uint64_t LATE_NS = 200000, BEFORE_NS = 1000000, DRAIN_NS = 1000000000;

struct way {                   // of one connection, in bytes
    uint64_t due, sent, back;  // all of a request once its time has come
};

// What goes on in a slice. Request i is the next one of connection i % connections.
struct run {
    const struct options* options;
    struct server* server;
    struct sample* sample;
    struct way* ways;
    uint64_t* due_ns;
    uint64_t count, next, answered;
    int poller;
};

// The same numbers for the same seed, above 0 and up to 1.
static double next_random(uint64_t* state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return ((double)(*state >> 11) + 1.0) / 9007199254740992.0;
}

// The first request is due a little after all of this has been decided.
static void schedule(struct run* run, int turn) {
    uint64_t state = (uint64_t)turn + 1;
    double mean_ns = 1e9 / (double)run->options->rate, at = 0;
    for (int i = 0; i < 4; ++i) next_random(&state);  // neighbouring seeds start alike
    for (uint64_t i = 0; i < run->count; ++i) {
        at -= log(next_random(&state)) * mean_ns;
        run->due_ns[i] = (uint64_t)at;
    }
    uint64_t begin_ns = clock_ns(CLOCK_MONOTONIC) + BEFORE_NS;
    for (uint64_t i = 0; i < run->count; ++i) run->due_ns[i] += begin_ns;
}

static uint64_t request_at(const struct run* run, int connection, uint64_t bytes) {
    uint64_t connections = (uint64_t)run->options->connections;
    return bytes / run->options->size * connections + (uint64_t)connection;
}

// The message that byte of a connection belongs to.
static const char* message_at(const struct run* run, int connection, uint64_t bytes) {
    return load_message((uint32_t)request_at(run, connection, bytes), connection,
                        run->options->size);
}

// As much of what is due as the socket takes; the rest goes when it has room.
static bool send_due(struct run* run, int connection) {
    struct way* way = &run->ways[connection];
    size_t size = run->options->size;
    while (way->sent < way->due) {
        size_t from = way->sent % size;
        ssize_t now = send(run->server->channels[connection].fd,
                           message_at(run, connection, way->sent) + from, size - from,
                           MSG_NOSIGNAL | MSG_DONTWAIT);
        if (now < 0 && errno == EAGAIN) return true;
        if (now < 0) return load_fail(run->server, "a message could not be sent");
        way->sent += (uint64_t)now;
    }
    return true;
}

static bool send_all_due(struct run* run) {
    uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    while (run->next < run->count && run->due_ns[run->next] <= now_ns) {
        int connection = (int)(run->next % (uint64_t)run->options->connections);
        if (now_ns - run->due_ns[run->next] > LATE_NS) ++run->sample->late;
        run->ways[connection].due += run->options->size;
        ++run->next;
        if (!send_due(run, connection)) return false;
        now_ns = clock_ns(CLOCK_MONOTONIC);
    }
    return true;
}

static bool check(struct run* run, int connection, const char* bytes, size_t count) {
    struct way* way = &run->ways[connection];
    uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    size_t size = run->options->size;
    while (count > 0) {
        size_t from = way->back % size;
        size_t part = size - from < count ? size - from : count;
        if (way->back + part > way->sent ||
            memcmp(message_at(run, connection, way->back) + from, bytes, part) != 0)
            return load_fail(run->server, "other bytes came back");
        if (from + part == size) {
            uint64_t due_ns = run->due_ns[request_at(run, connection, way->back)];
            histogram_add(&run->sample->latencies, now_ns - due_ns);
            ++run->answered;
        }
        way->back += part;
        bytes += part;
        count -= part;
    }
    return true;
}

static bool receive(struct run* run, int connection) {
    static char bytes[RECEIVE_BYTES];
    ssize_t got = sizeof bytes;
    while (got == sizeof bytes) {
        got = recv(run->server->channels[connection].fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN) return true;
        if (got <= 0) return load_fail(run->server, "the connection ended early");
        if (!check(run, connection, bytes, (size_t)got)) return false;
    }
    return true;
}

// Edges are enough: what comes is taken until there is no more, and there is room for a message
// again only after there was none.
static bool watch(struct run* run) {
    run->poller = epoll_create1(EPOLL_CLOEXEC);
    if (run->poller < 0) return load_fail(run->server, "no descriptor to wait with");
    for (int i = 0; i < run->options->connections; ++i) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET,
                                    .data.u32 = (uint32_t)i};
        if (epoll_ctl(run->poller, EPOLL_CTL_ADD, run->server->channels[i].fd, &event) < 0)
            return load_fail(run->server, "cannot wait for a connection");
    }
    return true;
}

static bool serve_events(struct run* run) {
    struct epoll_event events[EVENTS_MAX];
    int ready = epoll_wait(run->poller, events, EVENTS_MAX, 0);
    for (int i = 0; i < ready; ++i) {
        int connection = (int)events[i].data.u32;
        if (!receive(run, connection) || !send_due(run, connection)) return false;
    }
    return true;
}

// What has no answer is as old as it has become by now, and it counts.
static bool note_unanswered(struct run* run) {
    uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    uint64_t connections = (uint64_t)run->options->connections;
    for (uint64_t i = 0; i < run->count; ++i) {
        if (i / connections < run->ways[i % connections].back / run->options->size) continue;
        histogram_add(&run->sample->latencies, now_ns - run->due_ns[i]);
        ++run->sample->unanswered;
    }
    if (run->answered == 0) return load_fail(run->server, "bytes did not come back in time");
    return run->sample->unanswered > 0 || load_nothing_left(run->server);
}

static bool walk(struct run* run) {
    uint64_t end_ns = run->due_ns[run->count - 1] + DRAIN_NS;
    while (run->answered < run->count && clock_ns(CLOCK_MONOTONIC) < end_ns)
        if (!send_all_due(run) || !serve_events(run)) return false;
    return note_unanswered(run);
}

static bool measure(struct run* run, struct group group, int turn) {
    if (!load_open(run->server, run->options->connections, run->options->size) || !watch(run))
        return false;
    schedule(run, turn);
    struct sample* sample = run->sample;
    struct spent before = spent_now(group);
    if (!walk(run)) return false;
    sample->spent = spent_since(&before, group);
    sample->requests = run->answered;
    run->server->echoes += run->answered;
    sample->disturbed = sample->late * 100 > run->count * LATE_PERCENT ||
                        sample->spent.generator_ns * 100 < sample->spent.wall_ns * OURS_PERCENT;
    return true;
}

// With connections of its own, so that what a slice left unanswered does not come in the next one.
static bool take_slice(const struct options* options, struct group group, int turn,
                       struct sample* sample) {
    struct run run = {.options = options, .server = group.servers, .sample = sample, .poller = -1};
    run.count = options->rate * options->slice_ms / 1000;
    if (run.count == 0) run.count = 1;
    run.due_ns = malloc(run.count * sizeof *run.due_ns);
    run.ways = calloc((size_t)options->connections, sizeof *run.ways);
    if (run.due_ns == NULL || run.ways == NULL) abort();
    bool good = measure(&run, group, turn);
    if (run.poller >= 0) close(run.poller);
    load_close(run.server);
    free(run.ways);
    free(run.due_ns);
    return good;
}

static bool begin(const struct options* options, struct group group) {
    (void)options;
    return !group_failed(group);
}

static bool end(const struct options* options, struct group group, const struct sample* sum) {
    (void)sum;
    return begin(options, group);
}

void measure_open(const struct options* options, struct server* servers, int count) {
    static const struct measurement open_loop = {"open", begin, take_slice, end};
    for (int i = 0; i < count; ++i)
        if (!process_pin(0, options->generator_core))
            load_fail(&servers[i], "there is no core for the generator");
    measure_slices(&open_loop, options, servers, count);
}
