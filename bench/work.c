// Question: which work is a server given, round by round?
//
// echo     a message there and back on every connection
// connect  a connection, one message there and back, and its orderly end: as many at a time as
//          there would be connections
// in       a message on every connection, which the server throws away; in the end it must have
//          counted every byte
// out      a message's worth of what the server sends without being asked, every byte compared
// lines    a message's worth of lines on every connection, each answered once it is whole; now and
//          then a message ends within a line, which the next one completes
#define _GNU_SOURCE
#include "work.h"

#include <endian.h>
#include <string.h>
#include <sys/socket.h>

#include "stream_pattern.h"

enum { LINE_BYTES = 64, CUT_BYTES = 24, CUT_EVERY = 4 };

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

static bool receive_same(struct server* server, int connection, const char* expected, size_t size) {
    static char received[LOAD_MESSAGE_MAX + LINE_BYTES];
    for (size_t done = 0; done < size;) {
        ssize_t now = channel_receive(&server->channels[connection], received + done, size - done);
        if (now <= 0) return load_fail(server, "bytes that were due did not come");
        done += (size_t)now;
    }
    return memcmp(received, expected, size) == 0 || load_fail(server, "other bytes came");
}

// Every message has the size of what a source repeats, so all are the same.
static bool out_round(struct server* server, int count, size_t size) {
    static char expected[LOAD_MESSAGE_MAX];
    if (expected[1] == 0) stream_fill(expected, sizeof expected);
    for (int i = 0; i < count; ++i) {
        if (!receive_same(server, i, expected, size)) return false;
    }
    return true;
}

// How many bytes of its lines a connection was sent after so many rounds.
static uint64_t lines_sent(uint64_t rounds, int connection, size_t size) {
    bool cut = rounds > 0 && (rounds + (uint64_t)connection) % CUT_EVERY == 0;
    return rounds * size - (cut ? CUT_BYTES : 0);
}

// No line equals the next one or another connection's. Gives their bytes between two places.
static size_t lines_between(uint64_t from, uint64_t to, int connection, char* into) {
    for (uint64_t at = from; at < to; ++at) {
        uint32_t line = (uint32_t)(at / LINE_BYTES), place = (uint32_t)(at % LINE_BYTES);
        uint32_t letter = line * 7 + (uint32_t)connection * 3 + place * (1 + line % 5);
        *into++ = place == LINE_BYTES - 2   ? '\r'
                  : place == LINE_BYTES - 1 ? '\n'
                                            : (char)('!' + letter % 90);
    }
    return to - from;
}

// Every message gets an answer, or the next one would wait for TCP's delayed acknowledgement.
static bool lines_begin(struct server* server, int count, size_t size) {
    if (size < (size_t)2 * LINE_BYTES) return load_fail(server, "no two lines fit into a message");
    return stream_begin(server, count, size);
}

static bool lines_round(struct server* server, int count, size_t size) {
    static char bytes[LOAD_MESSAGE_MAX + LINE_BYTES];
    uint64_t round = server->echoes++;
    for (int i = 0; i < count; ++i) {
        uint64_t from = lines_sent(round, i, size), to = lines_sent(round + 1, i, size);
        if (!load_send_bytes(server, i, bytes, lines_between(from, to, i, bytes))) return false;
    }
    for (int i = 0; i < count; ++i) {
        uint64_t from = lines_sent(round, i, size), to = lines_sent(round + 1, i, size);
        size_t due = lines_between(from - from % LINE_BYTES, to - to % LINE_BYTES, i, bytes);
        if (!receive_same(server, i, bytes, due)) return false;
    }
    return true;
}

const struct work* work_named(const char* name) {
    static const struct work works[] = {
        {"echo", load_open, echo_round, echo_end},
        {"connect", connect_begin, connect_round, nothing_to_check},
        {"in", stream_begin, in_round, in_end},
        {"out", stream_begin, out_round, nothing_to_check},
        {"lines", lines_begin, lines_round, echo_end},
    };
    for (size_t i = 0; i < sizeof works / sizeof works[0]; ++i)
        if (strcmp(works[i].name, name) == 0) return &works[i];
    return NULL;
}
