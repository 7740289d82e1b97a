// Question: what does the kernel say about a server that runs as another process?
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct process_times {
    uint64_t user_ticks, system_ticks;
};

/// Puts every thread of the process on one core under SCHED_BATCH, where a wake-up interrupts
/// nobody: the woken thread runs once the running one sleeps. Threads started later inherit both.
/// pid 0 is the caller's thread; core -1 leaves the threads where they put themselves. Gives false
/// if the process is gone or the kernel refuses.
bool process_pin(pid_t pid, int core);

/// The clock that counts the CPU time of all threads of the process, in ns.
bool process_clock(pid_t pid, clockid_t* clock);

/// ns since an arbitrary start; 0 once the process is gone.
uint64_t clock_ns(clockid_t clock);

/// CPU time in ns of the thread that has used most of it.
uint64_t process_busiest(pid_t pid);

/// Resident memory in bytes, 0 if unknown.
uint64_t process_resident(pid_t pid);

/// How often the main thread went to sleep, 0 if unknown.
uint64_t process_sleeps(pid_t pid);

/// CPU time in user and in system mode, in clock ticks: a split for long runs, too coarse to
/// measure by.
struct process_times process_times(pid_t pid);
