// Question: does every byte sent to an echo server come back, in order and on its own connection?
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "channel.h"

enum { LOAD_MESSAGE_MAX = 1 << 20 };

struct server {
    const char* name;
    pid_t pid;
    int port;
    int core;         // on which it is measured
    clockid_t clock;  // its CPU time
    struct channel* channels;
    int opened;
    uint64_t echoes;      // messages that came back
    const char* failure;  // the first thing that went wrong, or NULL; nothing is measured after it
};

/// Opens `count` connections and has one message of `size` bytes echoed on each, one after the
/// other, so that the server has accepted each before the next one comes and no backlog fills.
bool load_open(struct server* server, int count, size_t size);

/// Opens a connection as channel `at`, for which there is room, and has nothing moved on it.
bool load_connect(struct server* server, int at);

/// Has room for `count` channels.
bool load_room(struct server* server, int count);

/// The message of that round and connection, until the next one is asked for: a fixed pattern with
/// both written over its start.
const char* load_message(uint32_t round, int connection, size_t size);

/// One message, whole; no message equals another one of its round or of the next.
bool load_send(struct server* server, int connection, size_t size);
bool load_receive(struct server* server, int connection, size_t size);

/// Bytes of the caller's, all of them.
bool load_send_bytes(struct server* server, int connection, const char* bytes, size_t size);

/// The messages from here on differ from those before.
void load_next_round(void);

/// Notes what went wrong, if it is the first thing; gives false.
bool load_fail(struct server* server, const char* what);

/// One full batch: a message on every connection, then every echo. No message equals another one.
bool load_round(struct server* server, size_t size);

/// Checks that no connection holds a byte more than was sent.
bool load_nothing_left(struct server* server);

void load_close(struct server* server);
