// Question: what do the plain C echo servers have in common? Their command line and their end.
#define _GNU_SOURCE
#include "echo_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char* program = "echo";

void echo_die(const char* call, int error) {
    fprintf(stderr, "%s: %s: %s\n", program, call, strerror(error));
    exit(1);
}

// Nothing is kept that an orderly end would have to save, so the kernel may do the cleaning up.
static void on_terminate(int signal_number) {
    (void)signal_number;
    _exit(0);
}

static void end_on_terminate(void) {
    struct sigaction action = {.sa_handler = on_terminate};
    if (sigaction(SIGTERM, &action, NULL) < 0) echo_die("sigaction", errno);
}

static in_port_t port_of(int argc, char** argv) {
    char* end = NULL;
    long port = argc == 2 ? strtol(argv[1], &end, 10) : -1;
    if (end == NULL || end == argv[1] || *end != '\0' || port < 0 || port > 65535) {
        fprintf(stderr, "usage: %s PORT\n", program);
        exit(1);
    }
    return (in_port_t)port;
}

// Tests and scripts wait for this line: it must come after listen(2) and must not stay in a buffer.
static void announce(int listener) {
    struct sockaddr_in bound;
    socklen_t size = sizeof bound;
    if (getsockname(listener, (struct sockaddr*)&bound, &size) < 0) echo_die("getsockname", errno);
    printf("listening on 127.0.0.1:%d\n", ntohs(bound.sin_port));
    fflush(stdout);
}

enum echo_mode echo_mode(const char* word) {
    if (word == NULL) return ECHO_PLAIN;
    if (strcmp(word, "timed") == 0) return ECHO_TIMED;
    if (strcmp(word, "lines") != 0) echo_die("what a server does, timed or lines", EINVAL);
    return ECHO_LINES;
}

int echo_listen(int argc, char** argv, int socket_flags) {
    program = argv[0];
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port_of(argc, argv)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | socket_flags, 0);
    if (listener < 0) echo_die("socket", errno);
    int on = 1;
    if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
        echo_die("setsockopt", errno);
    if (bind(listener, (struct sockaddr*)&address, sizeof address) < 0) echo_die("bind", errno);
    if (listen(listener, 4096) < 0) echo_die("listen", errno);
    end_on_terminate();
    announce(listener);
    return listener;
}
