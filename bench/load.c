// Question: does every byte sent to an echo server come back, in order and on its own connection?
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { MESSAGE_MAX = 1 << 20, CONNECTIONS_A_SOURCE = 8000, LIMIT_SECONDS = 5 };

static char sent[MESSAGE_MAX], received[MESSAGE_MAX];
static uint32_t round_number;

static bool fail(struct server* server, const char* what) {
    if (server->failure == NULL) server->failure = what;
    return false;
}

// A fixed pattern with the connection and the round written over its start.
static void compose(int connection, size_t size) {
    static bool filled;
    for (size_t i = 0; !filled && i < MESSAGE_MAX; ++i) sent[i] = (char)(i * 31 + (i >> 8) + 7);
    filled = true;
    uint32_t stamp[2] = {round_number, (uint32_t)connection};
    memcpy(sent, stamp, size < sizeof stamp ? size : sizeof stamp);
}

static bool send_message(struct server* server, int connection, size_t size) {
    compose(connection, size);
    for (size_t done = 0; done < size;) {
        ssize_t now = channel_send(&server->channels[connection], sent + done, size - done);
        if (now < 0 && errno == EINTR) continue;
        if (now <= 0) return fail(server, "a message could not be sent");
        done += (size_t)now;
    }
    return true;
}

// Blocking on one socket after the other: only the first one wakes us, so that waking the generator
// costs every server the same, however it orders its answers.
static bool receive_message(struct server* server, int connection, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t now = channel_receive(&server->channels[connection], received + done, size - done);
        if (now < 0 && errno == EINTR) continue;
        if (now < 0 && errno == EAGAIN) return fail(server, "bytes did not come back in time");
        if (now <= 0) return fail(server, "the connection ended early");
        done += (size_t)now;
    }
    compose(connection, size);
    if (memcmp(sent, received, size) != 0) return fail(server, "other bytes came back");
    return true;
}

bool load_round(struct server* server, size_t size) {
    ++round_number;
    for (int i = 0; i < server->opened; ++i)
        if (!send_message(server, i, size)) return false;
    for (int i = 0; i < server->opened; ++i)
        if (!receive_message(server, i, size)) return false;
    return true;
}

// Sources differ every few thousand connections: one address has only so many ports.
static struct sockaddr_in loopback(int host, int port) {
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((in_port_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK + (in_addr_t)host)};
}

static int open_socket(const struct server* server, int connection) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    struct sockaddr_in from = loopback(1 + connection / CONNECTIONS_A_SOURCE, 0);
    struct sockaddr_in to = loopback(0, server->port);
    struct timeval limit = {.tv_sec = LIMIT_SECONDS, .tv_usec = 0};
    int on = 1;
    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0 ||
        bind(fd, (struct sockaddr*)&from, sizeof from) < 0 ||
        connect(fd, (struct sockaddr*)&to, sizeof to) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

bool load_open(struct server* server, int count, size_t size) {
    if (size == 0 || size > MESSAGE_MAX) return fail(server, "a message has 1 to 1048576 bytes");
    struct channel* grown =
        realloc(server->channels, (size_t)(server->opened + count) * sizeof *grown);
    if (grown == NULL) return fail(server, "no memory for the connections");
    server->channels = grown;
    ++round_number;
    for (int i = 0; i < count; ++i) {
        int fd = open_socket(server, server->opened);
        if (fd < 0) return fail(server, errno == EMFILE ? "too few descriptors" : "cannot connect");
        if (!channel_begin(&server->channels[server->opened], fd))
            return fail(server, "the handshake failed");
        ++server->opened;
        if (!send_message(server, server->opened - 1, size)) return false;
        if (!receive_message(server, server->opened - 1, size)) return false;
    }
    return true;
}

bool load_nothing_left(struct server* server) {
    for (int i = 0; i < server->opened; ++i)
        if (!channel_is_empty(&server->channels[i]))
            return fail(server, "more came back than was sent");
    return true;
}

void load_close(struct server* server) {
    for (int i = 0; i < server->opened; ++i) channel_close(&server->channels[i]);
    server->opened = 0;
    free(server->channels);
    server->channels = NULL;
}
