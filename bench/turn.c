// Question: how much CPU does a server spend on a request when it always finds a full batch?
//
// Server and generator share a core under SCHED_BATCH: the generator sends a message on every
// connection, goes to sleep, the server answers them all, and the generator checks the answers.
// Servers are compared within one run, in slices of a fraction of a second and in rotated order,
// because the machine's speed drifts. A round of slices in which somebody else used the core is
// thrown away.
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "modes.h"
#include "process.h"

enum { WARM_ROUNDS = 2, OURS_PERCENT = 95 };

struct sample {
    uint64_t requests, cpu_ns, wall_ns, generator_ns, sleeps;
};

static void add(struct sample* sum, const struct sample* sample) {
    sum->requests += sample->requests;
    sum->cpu_ns += sample->cpu_ns;
    sum->wall_ns += sample->wall_ns;
    sum->generator_ns += sample->generator_ns;
    sum->sleeps += sample->sleeps;
}

static struct sample reading(const struct server* server) {
    return (struct sample){.cpu_ns = clock_ns(server->clock),
                           .wall_ns = clock_ns(CLOCK_MONOTONIC),
                           .generator_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID),
                           .sleeps = process_sleeps(server->pid)};
}

static bool slice(const struct options* options, struct server* server, struct sample* sample) {
    for (int i = 0; i < WARM_ROUNDS; ++i)
        if (!options->work->round(server, options->connections, options->size)) return false;
    struct sample before = reading(server);
    uint64_t end = before.wall_ns + options->slice_ms * 1000000, requests = 0;
    do {
        if (!options->work->round(server, options->connections, options->size)) return false;
        requests += (uint64_t)options->connections;
    } while (clock_ns(CLOCK_MONOTONIC) < end);
    struct sample after = reading(server);
    *sample = (struct sample){.requests = requests,
                              .cpu_ns = after.cpu_ns - before.cpu_ns,
                              .wall_ns = after.wall_ns - before.wall_ns,
                              .generator_ns = after.generator_ns - before.generator_ns,
                              .sleeps = after.sleeps - before.sleeps};
    return true;
}

static bool disturbed(const struct sample* sample) {
    return (sample->cpu_ns + sample->generator_ns) * 100 < sample->wall_ns * OURS_PERCENT;
}

// Gives false if the round is to be thrown away. A server that fails is left out, not waited for.
static bool slice_each(const struct options* options, struct server* servers, int count, int turn,
                       struct sample* samples) {
    bool quiet = true;
    for (int i = 0; i < count; ++i) {
        int at = (i + turn) % count;
        samples[at] = (struct sample){0};
        if (servers[at].failure == NULL && slice(options, &servers[at], &samples[at]))
            quiet = quiet && !disturbed(&samples[at]);
    }
    return quiet;
}

static void print(const struct options* options, struct server* server, const struct sample* sum,
                  const struct process_times* before, int disturbances) {
    if (server->failure == NULL && options->work->end(server, options->size) && sum->requests > 0) {
        struct process_times now = process_times(server->pid);
        uint64_t user = now.user_ticks - before->user_ticks;
        uint64_t all = user + now.system_ticks - before->system_ticks;
        printf("turn server=%s conns=%d size=%zu requests=%" PRIu64
               " ns_per_request=%.1f user_share=%.3f requests_per_sleep=%.1f busy=%.3f"
               " disturbed=%d echoes=%" PRIu64 " errors=0\n",
               server->name, options->connections, options->size, sum->requests,
               (double)sum->cpu_ns / (double)sum->requests,
               all > 0 ? (double)user / (double)all : 0.0,
               (double)sum->requests / (double)(sum->sleeps > 0 ? sum->sleeps : 1),
               (double)(sum->cpu_ns + sum->generator_ns) / (double)sum->wall_ns, disturbances,
               server->echoes);
    } else {
        if (server->failure == NULL) server->failure = "nothing was measured";
        printf("turn server=%s conns=%d size=%zu errors=1\n", server->name, options->connections,
               options->size);
    }
}

void measure_turn(const struct options* options, struct server* servers, int count) {
    struct sample* sums = calloc((size_t)count, sizeof *sums);
    struct sample* round = calloc((size_t)count, sizeof *round);
    struct process_times* before = calloc((size_t)count, sizeof *before);
    if (sums == NULL || round == NULL || before == NULL) abort();
    for (int i = 0; i < count; ++i) {
        options->work->begin(&servers[i], options->connections, options->size);
        before[i] = process_times(servers[i].pid);
    }
    int wanted = (int)((options->measure_ms + options->slice_ms - 1) / options->slice_ms);
    int good = 0, disturbances = 0;
    for (int turn = 0; good < wanted; ++turn) {
        // On a machine that is never quiet the last rounds count as they are; the line says how
        // many.
        bool quiet = slice_each(options, servers, count, turn, round);
        if (!quiet && ++disturbances <= wanted) continue;
        for (int i = 0; i < count; ++i) add(&sums[i], &round[i]);
        ++good;
    }
    for (int i = 0; i < count; ++i) print(options, &servers[i], &sums[i], &before[i], disturbances);
    free(before);
    free(round);
    free(sums);
}
