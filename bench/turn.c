// Question: how much CPU does a server spend on a request when it always finds a full batch?
//
// Server and generator share a core under SCHED_BATCH: the generator sends a message on every
// connection, goes to sleep, the server answers them all, and the generator checks the answers.
// Servers of one name do that at the same time, each on a core of its own with a generator of its
// own, which is how several reactors are measured with no core waiting for another.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>

#include "process.h"
#include "slices.h"

enum { WARM_ROUNDS = 2, OURS_PERCENT = 95, BUSIEST_MORE_PERCENT = 15 };

// What the lanes of a slice have in common.
struct slice {
    const struct options* options;
    pthread_barrier_t ready, started;
    uint64_t end_ns;
};

struct lane {
    struct slice* slice;
    struct server* server;
    uint64_t requests;
};

static bool rounds_until(const struct options* options, struct server* server, uint64_t end_ns,
                         uint64_t* requests) {
    do {
        if (!options->work->round(server, options->connections, options->size)) return false;
        *requests += (uint64_t)options->connections;
    } while (clock_ns(CLOCK_MONOTONIC) < end_ns);
    return true;
}

static bool warm_up(const struct options* options, struct server* server) {
    for (int i = 0; i < WARM_ROUNDS; ++i)
        if (!options->work->round(server, options->connections, options->size)) return false;
    return true;
}

static void* run_lane(void* given) {
    struct lane* lane = given;
    const struct options* options = lane->slice->options;
    process_pin(0, lane->server->core);
    bool warm = warm_up(options, lane->server);
    pthread_barrier_wait(&lane->slice->ready);  // the clocks are read between these two
    pthread_barrier_wait(&lane->slice->started);
    if (warm) rounds_until(options, lane->server, lane->slice->end_ns, &lane->requests);
    return NULL;
}

static bool slice_of_lanes(const struct options* options, struct group group,
                           struct sample* sample) {
    struct slice slice = {.options = options};
    struct lane lanes[LANES_MAX];
    pthread_t threads[LANES_MAX];
    pthread_barrier_init(&slice.ready, NULL, (unsigned)group.lanes + 1);
    pthread_barrier_init(&slice.started, NULL, (unsigned)group.lanes + 1);
    for (int i = 0; i < group.lanes; ++i) {
        lanes[i] = (struct lane){&slice, &group.servers[i], 0};
        if (pthread_create(&threads[i], NULL, run_lane, &lanes[i]) != 0) abort();
    }
    pthread_barrier_wait(&slice.ready);
    struct spent before = spent_now(group);
    slice.end_ns = before.wall_ns + options->slice_ms * 1000000;
    pthread_barrier_wait(&slice.started);
    for (int i = 0; i < group.lanes; ++i) {
        pthread_join(threads[i], NULL);
        sample->lane_requests[i] = lanes[i].requests;
        sample->requests += lanes[i].requests;
    }
    sample->spent = spent_since(&before, group);
    pthread_barrier_destroy(&slice.ready);
    pthread_barrier_destroy(&slice.started);
    return !group_failed(group);
}

static bool slice_of_one(const struct options* options, struct group group, struct sample* sample) {
    if (!warm_up(options, group.servers)) return false;
    struct spent before = spent_now(group);
    uint64_t end_ns = before.wall_ns + options->slice_ms * 1000000;
    if (!rounds_until(options, group.servers, end_ns, &sample->requests)) return false;
    sample->spent = spent_since(&before, group);
    return true;
}

static bool take_slice(const struct options* options, struct group group, int turn,
                       struct sample* sample) {
    (void)turn;
    if (group.lanes > 1 ? !slice_of_lanes(options, group, sample)
                        : !slice_of_one(options, group, sample))
        return false;
    const struct spent* spent = &sample->spent;
    sample->disturbed = (spent->cpu_ns + spent->generator_ns) * 100 <
                        spent->wall_ns * (uint64_t)group.lanes * OURS_PERCENT;
    return true;
}

// From the lane's core, by which a server of several reactors chooses the one that serves it.
static bool begin(const struct options* options, struct group group) {
    for (int i = 0; i < group.lanes; ++i) {
        struct server* server = &group.servers[i];
        if (server->core < 0 || !process_pin(0, server->core))
            load_fail(server, "there are too few cores");
        options->work->begin(server, options->connections, options->size);
    }
    process_pin(0, options->core);
    return !group_failed(group);
}

// Of the reactors of one process each must have had its own connections: the busiest thread has the
// share of the CPU that the busiest lane has of the requests.
static bool shared_the_work(struct group group, const struct sample* sum) {
    uint64_t most = 0;
    if (group.lanes == 1 || group.servers[0].pid != group.servers[1].pid) return true;
    for (int i = 0; i < group.lanes; ++i)
        if (sum->lane_requests[i] > most) most = sum->lane_requests[i];
    uint64_t allowed = most * 100 / (sum->requests + 1) + BUSIEST_MORE_PERCENT;
    return sum->spent.busiest_ns * 100 <= sum->spent.cpu_ns * allowed ||
           load_fail(group.servers, "one reactor did the work of another");
}

static bool end(const struct options* options, struct group group, const struct sample* sum) {
    for (int i = 0; i < group.lanes; ++i)
        if (!options->work->end(&group.servers[i], options->size)) return false;
    return shared_the_work(group, sum);
}

void measure_turn(const struct options* options, struct server* servers, int count) {
    static const struct measurement turn = {"turn", begin, take_slice, end};
    measure_slices(&turn, options, servers, count);
}
