// Question: how does a server in plain C take lines apart that come in pieces?
#define _GNU_SOURCE
#include "lines.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "echo_listen.h"

// What stands for work on a line: an answer that is put together from it.
static char* answer(char* into, const char* line, size_t size) {
    memcpy(into, line, size);
    memcpy(into + size, "\r\n", 2);
    return into + size + 2;
}

// Where the line ends that begins at `from`, behind its CR LF; NULL if it does not end here.
static const char* line_end(const char* from, const char* end) {
    const char* at = from;
    while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        ++at;
        if (at - from >= 2 && at[-2] == '\r') return at;
    }
    return NULL;
}

static bool keep(struct line_start* start, const char* bytes, size_t size) {
    if (start->size + size > LINE_BYTES_MAX) return false;
    if (start->bytes == NULL) start->bytes = malloc(LINE_BYTES_MAX);
    if (start->bytes == NULL) echo_die("malloc", ENOMEM);
    memcpy(start->bytes + start->size, bytes, size);
    start->size += size;
    return true;
}

// Completes the line that was begun with the bytes up to the first LF; it may end between CR and
// LF.
static const char* complete(struct line_start* start, const char* from, const char* end,
                            char** into) {
    const char* at = memchr(from, '\n', (size_t)(end - from));
    at = at != NULL ? at + 1 : end;
    if (!keep(start, from, (size_t)(at - from))) return NULL;
    size_t size = start->size;
    if (size >= 2 && memcmp(start->bytes + size - 2, "\r\n", 2) == 0) {
        *into = answer(*into, start->bytes, size - 2);
        lines_forget(start);
    }
    return at;
}

ssize_t lines_answer(struct line_start* start, const char* bytes, size_t size, char* into) {
    const char *from = bytes, *end = bytes + size, *next;
    char* to = into;
    while (start->size > 0 && from < end) {
        from = complete(start, from, end, &to);
        if (from == NULL) return -1;
    }
    for (; (next = line_end(from, end)) != NULL; from = next)
        to = answer(to, from, (size_t)(next - from) - 2);
    return from == end || keep(start, from, (size_t)(end - from)) ? to - into : -1;
}

void lines_forget(struct line_start* start) {
    free(start->bytes);
    *start = (struct line_start){0};
}
