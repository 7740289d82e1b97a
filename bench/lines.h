// Question: how does a server in plain C take lines apart that come in pieces?
#pragma once

#include <stddef.h>
#include <sys/types.h>

enum { LINE_BYTES_MAX = 1024 };

/// The start of a line whose end has not come; zeroed it is empty.
struct line_start {
    char* bytes;
    size_t size;
};

/// Answers each line, which ends in CR LF, with itself, and keeps what is behind the last one.
/// There is room `into` for as many bytes as come and LINE_BYTES_MAX more. Gives the answers'
/// bytes, -1 when a line is too long.
ssize_t lines_answer(struct line_start* start, const char* bytes, size_t size, char* into);

/// Forgets what is kept.
void lines_forget(struct line_start* start);
