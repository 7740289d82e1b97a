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
#include "echo_poll.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>

enum { RECORD_BYTES = 16 * 1024 };

static SSL_CTX* context;
static SSL** sessions;  // by descriptor

static void forget(int fd) {
    ERR_clear_error();
    SSL_free(sessions[fd]);
    sessions[fd] = NULL;
}

// Whether the library has to wait for the socket.
static bool must_wait(int fd, int result) {
    int error = SSL_get_error(sessions[fd], result);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

static ssize_t send_some(int fd, const char* bytes, size_t size) {
    size_t sent = 0;
    while (sent < size) {
        int now = SSL_write(sessions[fd], bytes + sent, (int)(size - sent));
        if (now <= 0) return must_wait(fd, now) ? (ssize_t)sent : -1;
        sent += (size_t)now;
    }
    return (ssize_t)sent;
}

// The handshake is part of the first read. After the peer's end only the socket itself can say that
// it is empty.
static void echo(int fd, bool finishing) {
    SSL* tls = sessions[fd];
    while (tails[fd] == NULL) {
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

static void begin(int fd) {
    int on = 1;  // a record is sent by itself
    SSL* tls = SSL_new(context);
    if (tls == NULL || SSL_set_fd(tls, fd) != 1 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
        echo_die("SSL_new", ENOMEM);
    SSL_set_accept_state(tls);
    sessions[fd] = tls;
}

static bool reads_ahead(void) { return true; }
static int wait_limit(void) { return -1; }

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
    if (argc != 3) echo_die("arguments, which are PORT PEM", EINVAL);
    signal(SIGPIPE, SIG_IGN);  // the library writes without MSG_NOSIGNAL
    prepare(argv[2]);
    sessions = calloc(descriptors_max(), sizeof *sessions);
    if (sessions == NULL) echo_die("calloc", ENOMEM);
    serve(argc - 1, argv);
}
