// Question: how do bytes get to a server and back, in clear and over TLS?
#define _GNU_SOURCE
#include "channel.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static SSL_CTX* context;

void channel_use_tls(void) {
    context = SSL_CTX_new(TLS_client_method());
    if (context == NULL) abort();
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    signal(SIGPIPE, SIG_IGN);  // the library writes without MSG_NOSIGNAL
}

// Each record is sent by itself, and none of them is to wait for the one before.
static bool secure(struct channel* channel) {
    int on = 1;
    channel->tls = SSL_new(context);
    return channel->tls != NULL && SSL_set_fd(channel->tls, channel->fd) == 1 &&
           setsockopt(channel->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
           SSL_connect(channel->tls) == 1;
}

bool channel_begin(struct channel* channel, int fd) {
    *channel = (struct channel){.fd = fd};
    if (context == NULL || secure(channel)) return true;
    channel_close(channel);
    return false;
}

// As recv(2) and send(2) say it.
static ssize_t told(const struct channel* channel, int result) {
    if (result > 0) return result;
    int error = SSL_get_error(channel->tls, result);
    ERR_clear_error();
    if (error == SSL_ERROR_ZERO_RETURN) return 0;
    if (error == SSL_ERROR_SSL) errno = EPROTO;
    return -1;
}

ssize_t channel_send(const struct channel* channel, const char* bytes, size_t size) {
    if (channel->tls == NULL) return send(channel->fd, bytes, size, MSG_NOSIGNAL);
    return told(channel, SSL_write(channel->tls, bytes, (int)size));
}

ssize_t channel_receive(const struct channel* channel, char* into, size_t size) {
    if (channel->tls == NULL) return recv(channel->fd, into, size, MSG_WAITALL);
    return told(channel, SSL_read(channel->tls, into, (int)size));
}

bool channel_is_empty(const struct channel* channel) {
    char byte;
    if (channel->tls != NULL && SSL_pending(channel->tls) > 0) return false;
    return recv(channel->fd, &byte, 1, MSG_DONTWAIT) < 0;
}

void channel_close(struct channel* channel) {
    SSL_free(channel->tls);
    close(channel->fd);
}
