// Question: how much user-space memory does a server hold for a connection on which nothing
// happens?
//
// Each connection has had one echo, so whatever a server keeps for a connection exists by then.
// What it keeps once, such as shared buffers, is touched before the first reading by many echoes on
// a few.
#include <inttypes.h>
#include <stdio.h>

#include "modes.h"
#include "process.h"

enum { FIRST_CONNECTIONS = 16, FIRST_ROUNDS = 1024 };

static bool warm_up(const struct options* options, struct server* server) {
    if (!load_open(server, FIRST_CONNECTIONS, options->size)) return false;
    for (int i = 0; i < FIRST_ROUNDS; ++i)
        if (!load_round(server, options->size)) return false;
    return true;
}

static void measure(const struct options* options, struct server* server) {
    uint64_t before = 0, after = 0;
    if (warm_up(options, server)) {
        before = process_resident(server->pid);
        load_open(server, options->connections, options->size);
        after = process_resident(server->pid);
    }
    if (server->failure == NULL && load_nothing_left(server) && before > 0 && after > 0)
        printf("idle server=%s conns=%d before_bytes=%" PRIu64 " after_bytes=%" PRIu64
               " bytes_per_conn=%.0f errors=0\n",
               server->name, options->connections, before, after,
               ((double)after - (double)before) / options->connections);
    else
        printf("idle server=%s conns=%d errors=1\n", server->name, options->connections);
    load_close(server);
}

void measure_idle(const struct options* options, struct server* servers, int count) {
    for (int i = 0; i < count; ++i) measure(options, &servers[i]);
}
