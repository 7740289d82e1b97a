// Question: which work is a server given, round by round?
//
// echo     a message there and back on every connection
// connect  a connection, one message there and back, and its orderly end: as many at a time as
//          there would be connections
// in       a message on every connection, which the server throws away; in the end it must have
//          counted every byte
// out      a message's worth of what the server sends without being asked, every byte compared
#define _GNU_SOURCE
#include "work.h"

#include <endian.h>
#include <string.h>
#include <sys/socket.h>

#include "stream_pattern.h"

static bool echo_round(struct server* server, int count, size_t size) {
    (void)count;
    return load_round(server, size);
}

static bool echo_end(struct server* server, size_t size) {
    (void)size;
    return load_nothing_left(server);
}

static bool connect_begin(struct server* server, int count, size_t size) {
    (void)size;
    return load_room(server, count);
}

// Our end first, then the server's: it must close by itself, and nothing may come before that.
static bool leave_one(struct server* server, int at) {
    char byte;
    if (channel_receive(&server->channels[at], &byte, 1) != 0)
        return load_fail(server, "the server did not end a connection");
    return true;
}

// However it ends, no connection stays open that load_close() does not know.
static bool connect_round(struct server* server, int count, size_t size) {
    load_next_round();
    bool good = true;
    for (server->opened = 0; good && server->opened < count;) {
        good = load_connect(server, server->opened);
        if (good) ++server->opened;
    }
    for (int i = 0; good && i < count; ++i) good = load_send(server, i, size);
    for (int i = 0; good && i < count; ++i) {
        good = load_receive(server, i, size);
        shutdown(server->channels[i].fd, SHUT_WR);
    }
    for (int i = 0; good && i < count; ++i) good = leave_one(server, i);
    for (int i = 0; i < server->opened; ++i) channel_close(&server->channels[i]);
    server->opened = 0;
    return good;
}

static bool nothing_to_check(struct server* server, size_t size) {
    (void)server, (void)size;
    return true;
}

static bool stream_begin(struct server* server, int count, size_t size) {
    (void)size;
    if (!load_room(server, count)) return false;
    while (server->opened < count) {
        if (!load_connect(server, server->opened)) return false;
        ++server->opened;
    }
    return true;
}

static bool in_round(struct server* server, int count, size_t size) {
    for (int i = 0; i < count; ++i)
        if (!load_send(server, i, size)) return false;
    server->echoes += 1;
    return true;
}

// A sink answers our end with the number of bytes it took, eight of them, the highest first.
static bool in_end(struct server* server, size_t size) {
    for (int i = 0; i < server->opened; ++i) {
        uint64_t counted = 0;
        shutdown(server->channels[i].fd, SHUT_WR);
        ssize_t got = channel_receive(&server->channels[i], (char*)&counted, sizeof counted);
        if (got != sizeof counted) return load_fail(server, "a sink did not say what it took");
        if (be64toh(counted) != server->echoes * size)
            return load_fail(server, "a sink took another number of bytes");
    }
    return true;
}

// Every message has the size of what a source repeats, so all are the same.
static bool out_round(struct server* server, int count, size_t size) {
    static char received[LOAD_MESSAGE_MAX], expected[LOAD_MESSAGE_MAX];
    if (expected[1] == 0) stream_fill(expected, sizeof expected);
    for (int i = 0; i < count; ++i) {
        size_t done = 0;
        while (done < size) {
            ssize_t now = channel_receive(&server->channels[i], received + done, size - done);
            if (now <= 0) return load_fail(server, "a source stopped");
            done += (size_t)now;
        }
        if (memcmp(received, expected, size) != 0)
            return load_fail(server, "a source sent other bytes");
    }
    return true;
}

const struct work* work_named(const char* name) {
    static const struct work works[] = {
        {"echo", load_open, echo_round, echo_end},
        {"connect", connect_begin, connect_round, nothing_to_check},
        {"in", stream_begin, in_round, in_end},
        {"out", stream_begin, out_round, nothing_to_check},
    };
    for (size_t i = 0; i < sizeof works / sizeof works[0]; ++i)
        if (strcmp(works[i].name, name) == 0) return &works[i];
    return NULL;
}
