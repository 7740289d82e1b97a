// Question: what does the kernel say about a server that runs as another process?
#define _GNU_SOURCE
#include "process.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool pin_thread(pid_t thread, int core) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    if (core >= 0) CPU_SET(core, &cores);
    struct sched_param none = {0};
    return (core < 0 || sched_setaffinity(thread, sizeof cores, &cores) == 0) &&
           sched_setscheduler(thread, SCHED_BATCH, &none) == 0;
}

// Gives the next thread of the process, 0 after the last.
static pid_t next_thread(DIR* threads) {
    struct dirent* entry = readdir(threads);
    while (entry != NULL && atoi(entry->d_name) <= 0) entry = readdir(threads);
    return entry != NULL ? atoi(entry->d_name) : 0;
}

static DIR* threads_of(pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    return opendir(path);
}

bool process_pin(pid_t pid, int core) {
    if (pid == 0) return pin_thread(0, core);
    DIR* threads = threads_of(pid);
    if (threads == NULL) return false;
    bool pinned = true;
    for (pid_t thread; (thread = next_thread(threads)) > 0;)
        pinned = pin_thread(thread, core) && pinned;
    closedir(threads);
    return pinned;
}

static uint64_t thread_cpu(pid_t pid, pid_t thread) {
    char path[64];
    unsigned long long ns = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", (int)pid, (int)thread);
    FILE* stat = fopen(path, "re");
    if (stat == NULL) return 0;
    if (fscanf(stat, "%llu", &ns) != 1) ns = 0;
    fclose(stat);
    return ns;
}

uint64_t process_busiest(pid_t pid) {
    uint64_t most = 0;
    DIR* threads = threads_of(pid);
    if (threads == NULL) return 0;
    for (pid_t thread; (thread = next_thread(threads)) > 0;) {
        uint64_t ns = thread_cpu(pid, thread);
        if (ns > most) most = ns;
    }
    closedir(threads);
    return most;
}

bool process_clock(pid_t pid, clockid_t* clock) { return clock_getcpuclockid(pid, clock) == 0; }

uint64_t clock_ns(clockid_t clock) {
    struct timespec now;
    if (clock_gettime(clock, &now) < 0) return 0;
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t status_number(pid_t pid, const char* name) {
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE* status = fopen(path, "re");
    if (status == NULL) return 0;
    uint64_t number = 0;
    while (fgets(line, sizeof line, status) != NULL) {
        size_t length = strlen(name);
        if (strncmp(line, name, length) == 0 && line[length] == ':')
            number = strtoull(line + length + 1, NULL, 10);
    }
    fclose(status);
    return number;
}

uint64_t process_resident(pid_t pid) { return status_number(pid, "VmRSS") * 1024; }

uint64_t process_sleeps(pid_t pid) { return status_number(pid, "voluntary_ctxt_switches"); }

// Fields 14 and 15 of /proc/PID/stat; the command name before them may hold spaces and parentheses.
struct process_times process_times(pid_t pid) {
    struct process_times times = {0, 0};
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE* stat = fopen(path, "re");
    if (stat == NULL) return times;
    char* name_end = fgets(line, sizeof line, stat) != NULL ? strrchr(line, ')') : NULL;
    if (name_end != NULL) {
        unsigned long long user = 0, kernel = 0;
        if (sscanf(name_end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
                   &kernel) == 2)
            times = (struct process_times){user, kernel};
    }
    fclose(stat);
    return times;
}
