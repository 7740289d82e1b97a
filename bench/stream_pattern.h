// Question: what do servers that only take or only send bytes have in common?
#pragma once

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STREAM_PERIOD = 65536, STREAM_PART = 251 };

/// Byte `at` of what a source sends: the same 65536 again and again.
static inline char stream_byte(size_t at) { return (char)(at % STREAM_PERIOD % STREAM_PART); }

static inline void stream_fill(char* into, size_t size) {
    for (size_t i = 0; i < size; ++i) into[i] = stream_byte(i);
}
