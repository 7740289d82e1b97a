// Question: which measurement is wanted, of which servers, and did every byte come back?
//
// Usage: generator turn|open|idle [--core N] [--conns N] [--size BYTES] [--ms N] [--slice-ms N]
//                  [--over tcp|tls] [--work echo|connect|in|out|lines] [--rate N] [--generator-core N]
//                  NAME:PID:PORT ...
// Prints one line a server, `key=value` after the mode. Servers of one name that follow each other
// are measured at once, on cores from --core downwards. Status 1 if any byte was wrong or missing.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modes.h"
#include "process.h"

static _Noreturn void usage(const char* wrong) {
    fprintf(stderr,
            "generator: cannot use '%s'\n"
            "usage: generator turn|open|idle [--core N] [--conns N] [--size BYTES] [--ms N]"
            " [--slice-ms N] [--over tcp|tls] [--work echo|connect|in|out|lines] [--rate N]"
            " [--generator-core N] NAME:PID:PORT ...\n",
            wrong);
    exit(2);
}

static long number(const char* text) {
    char* end = NULL;
    long value = text != NULL ? strtol(text, &end, 10) : -1;
    if (text == NULL || end == text || *end != '\0' || value < 0 || value > 100000000)
        usage(text != NULL ? text : "nothing");
    return value;
}

static void set_option(struct options* options, const char* name, const char* value) {
    if (strcmp(name, "--core") == 0)
        options->core = (int)number(value);
    else if (strcmp(name, "--conns") == 0 && number(value) > 0)
        options->connections = (int)number(value);
    else if (strcmp(name, "--size") == 0 && number(value) > 0 && number(value) <= LOAD_MESSAGE_MAX)
        options->size = (size_t)number(value);
    else if (strcmp(name, "--ms") == 0 && number(value) > 0)
        options->measure_ms = (uint64_t)number(value);
    else if (strcmp(name, "--slice-ms") == 0 && number(value) > 0)
        options->slice_ms = (uint64_t)number(value);
    else if (strcmp(name, "--rate") == 0 && number(value) > 0)
        options->rate = (uint64_t)number(value);
    else if (strcmp(name, "--generator-core") == 0)
        options->generator_core = (int)number(value);
    else if (strcmp(name, "--work") == 0 && value != NULL && work_named(value) != NULL)
        options->work = work_named(value);
    else if (strcmp(name, "--over") == 0 && value != NULL && strcmp(value, "tls") == 0)
        channel_use_tls();
    else if (strcmp(name, "--over") != 0 || value == NULL || strcmp(value, "tcp") != 0)
        usage(name);
}

// Cuts NAME:PID:PORT in place.
static struct server server_from(char* text) {
    char* pid = strchr(text, ':');
    char* port = pid != NULL ? strchr(pid + 1, ':') : NULL;
    if (port == NULL) usage(text);
    *pid++ = *port++ = '\0';
    struct server server = {.name = text, .pid = (pid_t)number(pid), .port = (int)number(port)};
    if (!process_clock(server.pid, &server.clock)) server.failure = "there is no such process";
    return server;
}

static int failures(const struct server* servers, int count) {
    int failed = 0;
    for (int i = 0; i < count; ++i) {
        if (servers[i].failure == NULL) continue;
        fprintf(stderr, "generator: %s: %s\n", servers[i].name, servers[i].failure);
        failed = 1;
    }
    return failed;
}

// One process that serves several lanes has put its threads on their cores itself.
static void pin(struct server* servers, int count, int at, int core) {
    struct server* server = &servers[at];
    bool follows = at > 0 && strcmp(server->name, server[-1].name) == 0;
    server->core = follows ? server[-1].core - 1 : core;
    bool shares = (at > 0 && server->pid == server[-1].pid) ||
                  (at + 1 < count && server->pid == server[1].pid);
    if (server->failure == NULL && !process_pin(server->pid, shares ? -1 : server->core))
        server->failure = "cannot be put on the core";
}

typedef void (*mode)(const struct options* options, struct server* servers, int count);

static mode mode_named(const char* name) {
    if (strcmp(name, "turn") == 0) return measure_turn;
    if (strcmp(name, "open") == 0) return measure_open;
    return strcmp(name, "idle") == 0 ? measure_idle : NULL;
}

int main(int argc, char** argv) {
    mode measure = argc > 1 ? mode_named(argv[1]) : NULL;
    if (measure == NULL) usage(argc < 2 ? "nothing" : argv[1]);
    struct options options = {.work = work_named("echo"),
                              .core = 0,
                              .connections = 64,
                              .size = 64,
                              .measure_ms = 500,
                              .slice_ms = 50,
                              .rate = 50000};
    int at = 2;
    for (; at < argc && strncmp(argv[at], "--", 2) == 0; at += 2)
        set_option(&options, argv[at], argv[at + 1]);
    int count = argc - at;
    if (count <= 0) usage("no servers");
    struct server* servers = calloc((size_t)count, sizeof *servers);
    if (servers == NULL) abort();
    if (!process_pin(0, options.core)) usage("--core");
    for (int i = 0; i < count; ++i) servers[i] = server_from(argv[at + i]);
    for (int i = 0; i < count; ++i) pin(servers, count, i, options.core);
    measure(&options, servers, count);
    int failed = failures(servers, count);
    for (int i = 0; i < count; ++i) load_close(&servers[i]);
    free(servers);
    return failed;
}
