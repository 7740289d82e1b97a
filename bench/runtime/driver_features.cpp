// Question: which driver does a reactor get on this machine, and what did it find in the kernel?
//
// Usage: driver_features
// Prints a line a driver, `NAME: FEATURE FEATURE …`, or what kept it from being made.

#include <wring/runtime/driver.hpp>
#include <wring/runtime/error.hpp>

#include <cstdio>

using namespace wring;

namespace {

struct Named {
    const char* name;
    bool DriverFeatures::*found;
};

constexpr Named features[] = {
    {"multishot_accept", &DriverFeatures::multishotAccept},
    {"multishot_recv", &DriverFeatures::multishotRecv},
    {"bufring", &DriverFeatures::bufferRing},
    {"defer_taskrun", &DriverFeatures::deferTaskrun},
    {"coop_taskrun", &DriverFeatures::coopTaskrun},
    {"registered_ring", &DriverFeatures::registeredRing},
    {"inline_send", &DriverFeatures::inlineSend},
    {"joined_buffers", &DriverFeatures::joinedBuffers},
};

void tell(const char* kind) try {
    DriverOptions options;
    options.kind = driverKindFromString(kind);
    DriverFeatures found = Driver::create(options)->features();
    std::printf("%s:", kind);
    for (const Named& each : features)
        if (found.*each.found) std::printf(" %s", each.name);
    std::puts("");
} catch (const Error& error) {
    std::printf("%s: unavailable: %s\n", kind, error.what());
}

}  // namespace

int main() {
    for (const char* kind : {"uring", "epoll"}) tell(kind);
}
