// Question: what does an echo over TLS cost a plain C server on OpenSSL and edge-triggered epoll?
//
// The library reads and writes the sockets itself. It reads ahead, so that a record costs one read
// instead of two, and gives its buffers back when they are empty, so that an idle connection holds
// none. One shared 64 KiB buffer of bytes in clear for all connections; a connection owns memory
// only while its peer does not read. A first read that the library's buffer could have held more of
// has emptied the socket, so no second one asks for EAGAIN.
//
// Usage: echo_tls_epoll PORT PEM
#define _GNU_SOURCE
#include "echo_listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_BYTES = 64 * 1024, RECORD_BYTES = 16 * 1024, EVENTS_MAX = 256 };

// What a peer has not taken yet. While there is any, nothing more is read from that peer.
struct tail {
    size_t from, to;
    char bytes[];
};

struct connection {
    SSL* tls;
    struct tail* tail;
};

static int poller;
static SSL_CTX* context;
static struct connection* connections;  // by descriptor
static char buffer[BUFFER_BYTES];

static void watch(int operation, int fd, uint32_t events) {
    struct epoll_event event = {.events = events | EPOLLET, .data.fd = fd};
    if (epoll_ctl(poller, operation, fd, &event) < 0) echo_die("epoll_ctl", errno);
}

static void drop(int fd) {
    ERR_clear_error();
    SSL_free(connections[fd].tls);
    free(connections[fd].tail);
    connections[fd] = (struct connection){0};
    close(fd);
}

// Whether the library has to wait for the socket.
static bool must_wait(int fd, int result) {
    int error = SSL_get_error(connections[fd].tls, result);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

// Gives the bytes taken by the socket, 0 if it is full, -1 if the connection is lost.
static ssize_t send_some(int fd, const char* bytes, size_t size) {
    size_t sent = 0;
    while (sent < size) {
        int now = SSL_write(connections[fd].tls, bytes + sent, (int)(size - sent));
        if (now <= 0) return must_wait(fd, now) ? (ssize_t)sent : -1;
        sent += (size_t)now;
    }
    return (ssize_t)sent;
}

static void keep_tail(int fd, const char* bytes, size_t size) {
    struct tail* tail = malloc(sizeof *tail + size);
    if (tail == NULL) echo_die("malloc", ENOMEM);
    tail->from = 0;
    tail->to = size;
    memcpy(tail->bytes, bytes, size);
    connections[fd].tail = tail;
    watch(EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLRDHUP | EPOLLOUT);
}

// Gives false if the connection is gone. Changing the watch reports input that had come meanwhile
// anew.
static bool flush_tail(int fd) {
    struct tail* tail = connections[fd].tail;
    ssize_t sent = send_some(fd, tail->bytes + tail->from, tail->to - tail->from);
    if (sent < 0) {
        drop(fd);
        return false;
    }
    tail->from += (size_t)sent;
    if (tail->from == tail->to) {
        free(tail);
        connections[fd].tail = NULL;
        watch(EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLRDHUP);
    }
    return true;
}

// The handshake is part of the first read. After the peer's end (`finishing`) no new edge will
// come: then only the socket itself can say that it is empty.
static void echo(int fd, bool finishing) {
    SSL* tls = connections[fd].tls;
    while (connections[fd].tail == NULL) {
        bool fresh = !SSL_has_pending(tls);  // asks for as much as its buffer holds
        uint64_t before = BIO_number_read(SSL_get_rbio(tls));
        int got = SSL_read(tls, buffer, sizeof buffer);
        if (got <= 0 && must_wait(fd, got)) return;
        ssize_t sent = got > 0 ? send_some(fd, buffer, (size_t)got) : -1;
        if (sent < 0) {
            drop(fd);
            return;
        }
        if (sent < got) keep_tail(fd, buffer + sent, (size_t)(got - sent));
        uint64_t came = BIO_number_read(SSL_get_rbio(tls)) - before;
        if (fresh && came < RECORD_BYTES && !SSL_has_pending(tls) && !finishing) return;
    }
}

static void accept_one(int fd) {
    int on = 1;  // a record is sent by itself
    SSL* tls = SSL_new(context);
    if (tls == NULL || SSL_set_fd(tls, fd) != 1 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
        echo_die("SSL_new", ENOMEM);
    SSL_set_accept_state(tls);
    connections[fd].tls = tls;
    watch(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLRDHUP);
}

static void accept_all(int listener) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            accept_one(fd);
        else if (errno == EAGAIN)
            return;
        else if (errno != EINTR && errno != ECONNABORTED)
            echo_die("accept4", errno);
    }
}

static void handle(const struct epoll_event* event) {
    int fd = event->data.fd;
    bool flushed = connections[fd].tail != NULL;
    if (flushed && !flush_tail(fd)) return;
    // What the library has read ahead meanwhile is reported by nobody.
    if (flushed || event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        echo(fd, (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
}

static void prepare(const char* pem) {
    context = SSL_CTX_new(TLS_server_method());
    if (context == NULL) echo_die("SSL_CTX_new", ENOMEM);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_use_certificate_file(context, pem, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, pem, SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        echo_die(pem, EINVAL);
    }
}

int main(int argc, char** argv) {
    struct rlimit files;
    if (argc != 3) echo_die("arguments, which are PORT PEM", EINVAL);
    if (getrlimit(RLIMIT_NOFILE, &files) < 0) echo_die("getrlimit", errno);
    signal(SIGPIPE, SIG_IGN);  // the library writes without MSG_NOSIGNAL
    prepare(argv[2]);
    connections = calloc(files.rlim_cur, sizeof *connections);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (connections == NULL || poller < 0) echo_die("epoll_create1", errno);
    int listener = echo_listen(argc - 1, argv, SOCK_NONBLOCK);
    watch(EPOLL_CTL_ADD, listener, EPOLLIN);
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        int ready = epoll_wait(poller, events, EVENTS_MAX, -1);
        if (ready < 0 && errno != EINTR) echo_die("epoll_wait", errno);
        for (int i = 0; i < ready; ++i) {
            if (events[i].data.fd == listener)
                accept_all(listener);
            else
                handle(&events[i]);
        }
    }
}
