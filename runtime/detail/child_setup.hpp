#pragma once

#include <sys/types.h>
#include <cstddef>

namespace wring::detail {

/// What a child does before it becomes its program, in this order.
enum class ChildStep : int {
    none,
    signals,
    session,
    terminal,
    dup,
    folder,
    groups,
    gid,
    uid,
    execute
};

/// What a step is called in an error: its system call.
const char* childStepName(ChildStep step) noexcept;

/// What a child tells its parent: in memory that both see.
struct ChildReport {
    ChildStep step;  // that failed, or none
    int error;       // and why
};

/// A descriptor of the child's, and where it comes from.
struct ChildDescriptor {
    int target;
    int source;
    int held;  // where the child keeps it until all targets are free
};

/// All that a child needs, made before its birth: it must not allocate, nor call anything that
/// takes a lock, as it runs on its parent's memory while other threads go on.
struct ChildSetup {
    ChildReport* report;
    const char* const* programs;  // where it may be: tried in this order
    std::size_t programCount;
    char* const* arguments;
    char* const* environment;
    ChildDescriptor* descriptors;  // in the order of their targets
    std::size_t descriptorCount;
    int terminal;        // that shall be the child's own, or -1
    const char* folder;  // null: stays
    bool changesIds;
    uid_t uid;
    gid_t gid;
    const gid_t* groups;
    std::size_t groupCount;
};

/// The life of a child, `setup` being a ChildSetup. Returns only when a step has failed: with its
/// exit code.
int runChild(void* setup) noexcept;

}  // namespace wring::detail
