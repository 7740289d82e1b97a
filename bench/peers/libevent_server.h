// Question: what do the servers on libevent have in common?
#pragma once

#include <event2/event.h>
#include <stddef.h>
#include <sys/types.h>

#include "../echo_listen.h"

extern struct event_base* base;

/// The new event, added; ends the process where there is no memory.
struct event* libevent_add(int fd, short what, event_callback_fn callback, void* argument,
                           const struct timeval* limit);

/// Gives how much the socket has taken; -1 if the connection is lost.
ssize_t libevent_send(int fd, const char* bytes, size_t size);

/// Listens as `PROGRAM PORT` says and hands over each connection; gives the process's status.
int libevent_serve(char** argv, void (*on_connection)(int fd));
