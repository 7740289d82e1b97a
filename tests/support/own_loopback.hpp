#pragma once

#include <unistd.h>
#include <string>

namespace wring::testing {

/// An address of the loopback that no other process of these tests uses: a port that is free there
/// stays so.
inline std::string ownLoopback() {
    auto pid = static_cast<unsigned>(::getpid());
    return "127." + std::to_string(64 + (pid >> 16) % 64) + "." + std::to_string((pid >> 8) % 256) +
           "." + std::to_string(pid % 256);
}

}  // namespace wring::testing
