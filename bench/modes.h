// Question: what can the generator measure, and what does it need to know for that?
#pragma once

#include "work.h"

struct options {
    const struct work* work;
    int core;            // of the server
    int generator_core;  // of the generator, where it does not take turns with the server
    int connections;
    size_t size;
    uint64_t measure_ms;  // for each server, all its slices together
    uint64_t slice_ms;
    uint64_t rate;  // requests a second in open loop, over all connections
};

/// Server CPU per request, server and generator taking turns on one core. Prints a line a server.
void measure_turn(const struct options* options, struct server* servers, int count);

/// Server CPU per request and latency, with requests coming at a fixed rate from another core,
/// answered or not. Prints a line a server.
void measure_open(const struct options* options, struct server* servers, int count);

/// Growth of the server's resident memory for each idle connection. Prints a line a server.
void measure_idle(const struct options* options, struct server* servers, int count);
