// Question: what do the plain C echo servers have in common? Their command line and their end.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/// Reads `PROGRAM PORT`, listens on 127.0.0.1:PORT (0 takes a free port) and says so in one line on
/// standard output. From then on SIGTERM ends the process with status 0. Gives the listening
/// descriptor; a failure is told on standard error and ends the process with status 1.
int echo_listen(int argc, char** argv, int socket_flags);

/// What a server does beside the echo: nothing; ends connections on which nothing comes for 30 s;
/// answers lines once they are whole.
enum echo_mode { ECHO_PLAIN, ECHO_TIMED, ECHO_LINES };

/// Reads `[timed|lines]`, the last argument, which may be NULL.
enum echo_mode echo_mode(const char* word);

/// Ends the process with status 1, naming the call that failed and why.
__attribute__((noreturn)) void echo_die(const char* call, int error);

#ifdef __cplusplus
}
#endif
