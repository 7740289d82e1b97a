// Question: how are several servers measured side by side, and which slices count?
#pragma once

#include "histogram.h"
#include "modes.h"

enum { LANES_MAX = 8 };

/// Servers that are measured at once, each on a core of its own: those given under one name. A
/// server of several reactors is given once for each of them.
struct group {
    struct server* servers;
    int lanes;
};

/// What the servers and the generator have used, and the time.
struct spent {
    uint64_t cpu_ns, wall_ns, generator_ns, sleeps;
    uint64_t busiest_ns;  // of the busiest thread of the first server
};

/// What one slice found, or several together.
struct sample {
    struct spent spent;
    uint64_t requests;
    uint64_t lane_requests[LANES_MAX];  // where there are several
    uint64_t late;        // those that the generator itself sent long after they were due
    uint64_t unanswered;  // those that had no answer by the end
    bool disturbed;       // somebody else used a core, or the generator could not keep up
    struct histogram latencies;
};

/// One way to measure. Each function gives false once something failed; the server says what.
struct measurement {
    const char* name;
    bool (*begin)(const struct options* options, struct group group);
    bool (*slice)(const struct options* options, struct group group, int turn,
                  struct sample* sample);
    bool (*end)(const struct options* options, struct group group, const struct sample* sum);
};

/// The clocks now, and what has gone by on them since.
struct spent spent_now(struct group group);
struct spent spent_since(const struct spent* before, struct group group);

/// Whether one of them has failed.
bool group_failed(struct group group);

/// Measures every server in slices, in rotated order, as long as was asked for. Prints a line each.
void measure_slices(const struct measurement* measurement, const struct options* options,
                    struct server* servers, int count);
