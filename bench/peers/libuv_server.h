// Question: what do the servers on libuv have in common?
#pragma once

#include <uv.h>

#include "../echo_listen.h"

/// Ends the process, naming the call, if its result says that it failed.
void libuv_check(const char* call, int result);

/// Room for one handle and all that belongs to it, zeroed.
void* libuv_memory(size_t bytes);

/// Begins to read what a listener has accepted into `peer`, a handle yet to be set up.
void libuv_accept(uv_stream_t* listener, uv_tcp_t* peer, uv_alloc_cb allocate, uv_read_cb on_read,
                  uv_close_cb on_closed);

/// Closes it unless that is under way.
void libuv_end(uv_stream_t* peer, uv_close_cb on_closed);

/// Listens as `PROGRAM PORT` says and runs the loop; gives the process's status.
int libuv_serve(char** argv, uv_connection_cb on_connection);
