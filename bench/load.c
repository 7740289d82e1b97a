// Question: does every byte sent to an echo server come back, in order and on its own connection?
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { CONNECTIONS_A_SOURCE = 8000, SOURCES = 60000, LIMIT_SECONDS = 5 };

// Each thread of the generator has its own rounds.
static _Thread_local char sent[LOAD_MESSAGE_MAX], received[LOAD_MESSAGE_MAX];
static _Thread_local uint32_t round_number, source_number;

bool load_fail(struct server* server, const char* what) {
    if (server->failure == NULL) server->failure = what;
    return false;
}

const char* load_message(uint32_t round, int connection, size_t size) {
    static _Thread_local bool filled;
    for (size_t i = 0; !filled && i < LOAD_MESSAGE_MAX; ++i)
        sent[i] = (char)(i * 31 + (i >> 8) + 7);
    filled = true;
    uint32_t stamp[2] = {round, (uint32_t)connection};
    memcpy(sent, stamp, size < sizeof stamp ? size : sizeof stamp);
    return sent;
}

bool load_send(struct server* server, int connection, size_t size) {
    load_message(round_number, connection, size);
    return load_send_bytes(server, connection, sent, size);
}

bool load_send_bytes(struct server* server, int connection, const char* bytes, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t now = channel_send(&server->channels[connection], bytes + done, size - done);
        if (now < 0 && errno == EINTR) continue;
        if (now <= 0) return load_fail(server, "a message could not be sent");
        done += (size_t)now;
    }
    return true;
}

// Blocking on one socket after the other: only the first one wakes us, so that waking the generator
// costs every server the same, however it orders its answers.
bool load_receive(struct server* server, int connection, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t now = channel_receive(&server->channels[connection], received + done, size - done);
        if (now < 0 && errno == EINTR) continue;
        if (now < 0 && errno == EAGAIN) return load_fail(server, "bytes did not come back in time");
        if (now <= 0) return load_fail(server, "the connection ended early");
        done += (size_t)now;
    }
    load_message(round_number, connection, size);
    if (memcmp(sent, received, size) != 0) return load_fail(server, "other bytes came back");
    ++server->echoes;
    return true;
}

void load_next_round(void) { ++round_number; }

bool load_round(struct server* server, size_t size) {
    load_next_round();
    for (int i = 0; i < server->opened; ++i)
        if (!load_send(server, i, size)) return false;
    for (int i = 0; i < server->opened; ++i)
        if (!load_receive(server, i, size)) return false;
    return true;
}

// Sources differ every few thousand connections: one address has only so many ports, and each is
// taken for a minute after its connection was closed.
static struct sockaddr_in loopback(int host, int port) {
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((in_port_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK + (in_addr_t)host)};
}

// Does not wait for the connection, or the server might get to run before the batch is complete;
// the first call on the socket waits.
static int open_socket(const struct server* server, unsigned connection) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    struct sockaddr_in from = loopback(1 + (int)(connection / CONNECTIONS_A_SOURCE % SOURCES), 0);
    struct sockaddr_in to = loopback(0, server->port);
    struct timeval limit = {.tv_sec = LIMIT_SECONDS, .tv_usec = 0};
    int on = 1;
    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0 ||
        bind(fd, (struct sockaddr*)&from, sizeof from) < 0 ||
        (connect(fd, (struct sockaddr*)&to, sizeof to) < 0 && errno != EINPROGRESS) ||
        fcntl(fd, F_SETFL, 0) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

bool load_room(struct server* server, int count) {
    struct channel* grown = realloc(server->channels, (size_t)count * sizeof *grown);
    if (grown == NULL) return load_fail(server, "no memory for the connections");
    server->channels = grown;
    return true;
}

bool load_connect(struct server* server, int at) {
    int fd = open_socket(server, source_number++);
    if (fd < 0)
        return load_fail(server, errno == EMFILE ? "too few descriptors" : "cannot connect");
    if (!channel_begin(&server->channels[at], fd)) return load_fail(server, "the handshake failed");
    return true;
}

bool load_open(struct server* server, int count, size_t size) {
    if (!load_room(server, server->opened + count)) return false;
    load_next_round();
    for (int i = 0; i < count; ++i) {
        if (!load_connect(server, server->opened)) return false;
        ++server->opened;
        if (!load_send(server, server->opened - 1, size)) return false;
        if (!load_receive(server, server->opened - 1, size)) return false;
    }
    return true;
}

bool load_nothing_left(struct server* server) {
    for (int i = 0; i < server->opened; ++i)
        if (!channel_is_empty(&server->channels[i]))
            return load_fail(server, "more came back than was sent");
    return true;
}

void load_close(struct server* server) {
    for (int i = 0; i < server->opened; ++i) channel_close(&server->channels[i]);
    server->opened = 0;
    free(server->channels);
    server->channels = NULL;
}
