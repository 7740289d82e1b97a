// Question: how do bytes get to a server and back, in clear and over TLS?
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct ssl_st;

/// A connected blocking socket with a time limit on each call; `tls` is NULL in clear.
struct channel {
    int fd;
    struct ssl_st* tls;
};

/// Has channel_begin() make secured channels from now on.
void channel_use_tls(void);

/// Takes the socket, and shakes hands with the server if it is to. The server is not verified: it
/// is one of our own. Gives false if the handshake failed; the socket is closed then.
bool channel_begin(struct channel* channel, int fd);

/// As send(2) and recv(2) with MSG_WAITALL; errno says why not. May give less.
ssize_t channel_send(const struct channel* channel, const char* bytes, size_t size);
ssize_t channel_receive(const struct channel* channel, char* into, size_t size);

/// Whether there is nothing to be received.
bool channel_is_empty(const struct channel* channel);

void channel_close(struct channel* channel);
