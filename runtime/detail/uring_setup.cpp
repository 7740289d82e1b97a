#include <wring/runtime/detail/uring_setup.hpp>

#include <sys/utsname.h>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

namespace wring::detail {

namespace {

std::string firstLineOf(const char* path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

bool isUnderSeccomp() {
    std::ifstream file("/proc/self/status");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("Seccomp:")) return line.find_first_of("12") != std::string::npos;
    }
    return false;
}

DriverUnavailable whyDenied(int code, const std::string& error) {
    std::string disabled = firstLineOf("/proc/sys/kernel/io_uring_disabled");
    if (disabled == "1" || disabled == "2") {
        return {code, true, error + ", kernel.io_uring_disabled is " + disabled,
                "set it to 0 with sysctl to use io_uring"};
    }
    if (isUnderSeccomp()) {
        return {code, true, error + ", a seccomp filter is in force",
                "allow io_uring_setup, io_uring_enter and io_uring_register in the container's "
                "seccomp profile to use io_uring"};
    }
    return {code, true, error,
            "allow io_uring_setup in the container's or sandbox's policy to use io_uring"};
}

}  // namespace

bool isDisabled(const DriverOptions& options, std::string_view feature) noexcept {
    return std::find(options.disabled.begin(), options.disabled.end(), feature) !=
           options.disabled.end();
}

bool isKernelAtLeast(int major, int minor) noexcept {
    utsname system{};
    int foundMajor = 0, foundMinor = 0;
    if (::uname(&system) != 0 ||
        std::sscanf(system.release, "%d.%d", &foundMajor, &foundMinor) != 2) {
        return false;
    }
    return foundMajor > major || (foundMajor == major && foundMinor >= minor);
}

DriverUnavailable whyUnavailable(int code) {
    std::string error =
        std::string("io_uring_setup: ") + ::strerrorname_np(code) + ", " + ::strerrordesc_np(code);
    switch (code) {
        case EPERM:
        case EACCES:
            return whyDenied(code, error);
        case ENOSYS:
            if (isUnderSeccomp()) return whyDenied(code, error);
            return {code, true, error, "io_uring needs Linux 5.19 or newer with CONFIG_IO_URING"};
        case EINVAL:
            return {code, true, error, "io_uring needs Linux 5.19 or newer"};
        case ENOMEM:
            return {code, false, error,
                    "free memory, raise the locked-memory limit (ulimit -l) or "
                    "make the ring smaller (DriverOptions::completionEntries)"};
        case EMFILE:
        case ENFILE:
            return {code, false, error, "raise the limit on open files (ulimit -n)"};
        default:
            return {code, false, error, "choose another reactor (WRING_REACTOR=epoll)"};
    }
}

}  // namespace wring::detail
