// Question: how are several servers measured side by side, and which slices count?
//
// Servers are compared within one run, in slices of a fraction of a second and in rotated order,
// because the machine's speed drifts. A round of slices that was disturbed is thrown away.
#define _GNU_SOURCE
#include "slices.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"

// What is known of a group, from the first round on.
struct record {
    struct group group;
    struct sample sum, round;
    struct process_times before;
};

// Lanes of one process are counted once; of those, the main thread sleeps as often as the others.
struct spent spent_now(struct group group) {
    struct spent now = {.wall_ns = clock_ns(CLOCK_MONOTONIC),
                        .generator_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID)};
    for (int i = 0; i < group.lanes; ++i) {
        const struct server* server = &group.servers[i];
        now.sleeps += process_sleeps(server->pid);
        if (i == 0 || server->pid != server[-1].pid) now.cpu_ns += clock_ns(server->clock);
    }
    if (group.lanes > 1) now.busiest_ns = process_busiest(group.servers[0].pid);
    return now;
}

struct spent spent_since(const struct spent* before, struct group group) {
    struct spent now = spent_now(group);
    return (struct spent){.cpu_ns = now.cpu_ns - before->cpu_ns,
                          .wall_ns = now.wall_ns - before->wall_ns,
                          .generator_ns = now.generator_ns - before->generator_ns,
                          .sleeps = now.sleeps - before->sleeps,
                          .busiest_ns = now.busiest_ns - before->busiest_ns};
}

static void add(struct sample* sum, const struct sample* sample) {
    sum->spent.cpu_ns += sample->spent.cpu_ns;
    sum->spent.wall_ns += sample->spent.wall_ns;
    sum->spent.generator_ns += sample->spent.generator_ns;
    sum->spent.sleeps += sample->spent.sleeps;
    sum->spent.busiest_ns += sample->spent.busiest_ns;
    sum->requests += sample->requests;
    for (int i = 0; i < LANES_MAX; ++i) sum->lane_requests[i] += sample->lane_requests[i];
    sum->late += sample->late;
    sum->unanswered += sample->unanswered;
    histogram_merge(&sum->latencies, &sample->latencies);
}

bool group_failed(struct group group) {
    for (int i = 0; i < group.lanes; ++i)
        if (group.servers[i].failure != NULL) return true;
    return false;
}

// Gives false if the round is to be thrown away. A server that fails is left out, not waited for.
static bool slice_each(const struct measurement* measurement, const struct options* options,
                       struct record* records, int count, int turn) {
    bool quiet = true;
    for (int i = 0; i < count; ++i) {
        struct record* record = &records[(i + turn) % count];
        memset(&record->round, 0, sizeof record->round);
        if (group_failed(record->group)) continue;
        bool good = measurement->slice(options, record->group, turn, &record->round);
        quiet = quiet && !(good && record->round.disturbed);
    }
    return quiet;
}

static void print_latencies(const struct options* options, const struct sample* sum) {
    static const double percentiles[] = {0,  10, 20, 30,   40,   50,   60,    70,    80,   90,
                                         95, 98, 99, 99.5, 99.8, 99.9, 99.95, 99.98, 99.99};
    const struct histogram* all = &sum->latencies;
    if (all->count == 0) return;
    printf(" rate=%" PRIu64
           " p50_us=%.2f p90_us=%.2f p99_us=%.2f p999_us=%.2f max_us=%.2f unanswered=%" PRIu64
           " late_share=%.4f curve=",
           options->rate, (double)histogram_at(all, 0.5) / 1000,
           (double)histogram_at(all, 0.9) / 1000, (double)histogram_at(all, 0.99) / 1000,
           (double)histogram_at(all, 0.999) / 1000, (double)all->highest_ns / 1000, sum->unanswered,
           (double)sum->late / (double)all->count);
    for (size_t i = 0; i < sizeof percentiles / sizeof percentiles[0]; ++i)
        printf("%s%g:%.2f", i > 0 ? "," : "", percentiles[i],
               (double)histogram_at(all, percentiles[i] / 100) / 1000);
}

static void print(const struct measurement* measurement, const struct options* options,
                  const struct record* record, int disturbances) {
    struct server* server = record->group.servers;
    const struct sample* sum = &record->sum;
    printf("%s server=%s conns=%d size=%zu", measurement->name, server->name, options->connections,
           options->size);
    if (group_failed(record->group) || !measurement->end(options, record->group, sum) ||
        sum->requests == 0) {
        if (!group_failed(record->group)) server->failure = "nothing was measured";
        printf(" errors=1\n");
        return;
    }
    struct process_times now = process_times(server->pid);
    uint64_t user = now.user_ticks - record->before.user_ticks;
    uint64_t all = user + now.system_ticks - record->before.system_ticks;
    const struct spent* spent = &sum->spent;
    printf(" requests=%" PRIu64
           " ns_per_request=%.1f user_share=%.3f requests_per_sleep=%.1f busy=%.3f"
           " disturbed=%d echoes=%" PRIu64,
           sum->requests, (double)spent->cpu_ns / (double)sum->requests,
           all > 0 ? (double)user / (double)all : 0.0,
           (double)sum->requests / (double)(spent->sleeps > 0 ? spent->sleeps : 1),
           (double)(spent->cpu_ns + spent->generator_ns) /
               (double)(spent->wall_ns * (uint64_t)record->group.lanes),
           disturbances, server->echoes);
    print_latencies(options, sum);
    printf(" errors=0\n");
}

// Those of one name that follow each other belong together. Gives how many groups there are.
static int group_servers(struct record* records, struct server* servers, int count) {
    int groups = 0;
    for (int i = 0; i < count; ++i) {
        if (i > 0 && strcmp(servers[i].name, servers[i - 1].name) == 0)
            ++records[groups - 1].group.lanes;
        else
            records[groups++].group = (struct group){.servers = &servers[i], .lanes = 1};
        if (records[groups - 1].group.lanes > LANES_MAX) load_fail(&servers[i], "too many at once");
    }
    return groups;
}

void measure_slices(const struct measurement* measurement, const struct options* options,
                    struct server* servers, int count) {
    struct record* records = calloc((size_t)count, sizeof *records);
    if (records == NULL) abort();
    int groups = group_servers(records, servers, count);
    for (int i = 0; i < groups; ++i) {
        if (!group_failed(records[i].group)) measurement->begin(options, records[i].group);
        records[i].before = process_times(records[i].group.servers->pid);
    }
    int wanted = (int)((options->measure_ms + options->slice_ms - 1) / options->slice_ms);
    int good = 0, disturbances = 0;
    for (int turn = 0; good < wanted; ++turn) {
        // On a machine that is never quiet the last rounds count as they are; the line says how
        // many.
        bool quiet = slice_each(measurement, options, records, groups, turn);
        if (!quiet && ++disturbances <= wanted) continue;
        for (int i = 0; i < groups; ++i) add(&records[i].sum, &records[i].round);
        ++good;
    }
    for (int i = 0; i < groups; ++i) print(measurement, options, &records[i], disturbances);
    free(records);
}
