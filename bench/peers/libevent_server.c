// Question: what do the servers on libevent have in common?
#define _GNU_SOURCE
#include "libevent_server.h"

#include <errno.h>
#include <event2/listener.h>
#include <sys/socket.h>

struct event_base* base;

static void (*take)(int fd);

struct event* libevent_add(int fd, short what, event_callback_fn callback, void* argument,
                           const struct timeval* limit) {
    struct event* made = event_new(base, fd, what, callback, argument);
    if (made == NULL || event_add(made, limit) < 0) echo_die("event_new", ENOMEM);
    return made;
}

ssize_t libevent_send(int fd, const char* bytes, size_t size) {
    ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
    if (sent >= 0) return sent;
    return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

static void on_accepted(struct evconnlistener* listener, evutil_socket_t fd,
                        struct sockaddr* address, int length, void* unused) {
    (void)listener, (void)address, (void)length, (void)unused;
    take(fd);
}

int libevent_serve(char** argv, void (*on_connection)(int fd)) {
    take = on_connection;
    int fd = echo_listen(2, argv, SOCK_NONBLOCK);
    if (evconnlistener_new(base, on_accepted, NULL, LEV_OPT_CLOSE_ON_EXEC, -1, fd) == NULL)
        echo_die("evconnlistener_new", errno);
    return event_base_dispatch(base);
}
