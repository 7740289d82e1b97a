// Question: does every byte sent to an echo server come back, in order and on its own connection?
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "channel.h"

struct server {
    const char* name;
    pid_t pid;
    int port;
    clockid_t clock;  // its CPU time
    struct channel* channels;
    int opened;
    const char* failure;  // the first thing that went wrong, or NULL; nothing is measured after it
};

/// Opens `count` connections and has one message of `size` bytes echoed on each, one after the
/// other, so that the server has accepted each before the next one comes and no backlog fills.
bool load_open(struct server* server, int count, size_t size);

/// One full batch: a message on every connection, then every echo. No message equals another one.
bool load_round(struct server* server, size_t size);

/// Checks that no connection holds a byte more than was sent.
bool load_nothing_left(struct server* server);

void load_close(struct server* server);
