// Question: which work is a server given, round by round?
#pragma once

#include "load.h"

/// What one workload does. Each gives false once something failed; the server says what. A round is
/// `count` requests: messages on that many connections, or connections.
struct work {
    const char* name;
    bool (*begin)(struct server* server, int count, size_t size);
    bool (*round)(struct server* server, int count, size_t size);
    bool (*end)(struct server* server, size_t size);  // checks what only the end can show
};

/// echo, connect, in, out or lines; NULL if there is none of that name.
const struct work* work_named(const char* name);
