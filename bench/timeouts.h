// Question: what does a plain C server need to end connections on which nothing happens?
//
// A binary heap in user space, and one limit for the server's wait: no system call and no clock for
// each message.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// One time-out of 30 seconds, part of what it is for; zeroed it does not run.
struct timeout {
    uint64_t due_ns;
    size_t place;  // in the heap, counted from 1
};

/// Begins the time anew, or for the first time. It counts from when the server's last wait ended.
void timeouts_restart(struct timeout* timeout);

/// Ends it, if it runs.
void timeouts_cancel(struct timeout* timeout);

/// To be called before each wait, until it gives NULL: one whose time is over and that does not run
/// any more. With NULL, `left_ns` is how long may be waited, -1 for ever.
struct timeout* timeouts_over(int64_t* left_ns);
