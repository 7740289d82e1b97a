#pragma once

#include <wring/tests/support/streams.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <algorithm>
#include <array>
#include <cstdlib>

namespace wring::testing {

/// The two ends of a UNIX connection.
inline std::array<int, 2> unixPair() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    return fds;
}

/// A pipe, whose ends are something to pass around.
struct Pipe {
    Pipe() {
        int fds[2];
        EXPECT_EQ(::pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
        out = Peer(fds[0]);
        in = Peer(fds[1]);
    }
    /// Whether nobody has the writing end any more.
    bool isDeserted() {
        in.close();
        char byte = 0;
        return ::read(out.fd(), &byte, 1) == 0;
    }
    Peer out, in;
};

inline bool isSameFile(int a, int b) {
    struct stat first {
    }, second{};
    return ::fstat(a, &first) == 0 && ::fstat(b, &second) == 0 && first.st_ino == second.st_ino;
}

/// While it lives this process may have `more` further descriptors only.
class DescriptorLimit {
 public:
    explicit DescriptorLimit(int more) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        int most = highest();
        for (int fd = 0; fd <= most;) {  // fill the holes, so that the limit is exact
            fillers_.emplace_back(fd = ::fcntl(0, F_DUPFD_CLOEXEC, 0));
        }
        fillers_.pop_back();
        rlimit lower = before_;
        lower.rlim_cur = static_cast<rlim_t>(most + 1 + more);
        EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &lower), 0);
    }
    DescriptorLimit(const DescriptorLimit&) = delete;
    DescriptorLimit& operator=(const DescriptorLimit&) = delete;
    ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
    int highest() const {
        int most = 0;
        DIR* directory = ::opendir("/proc/self/fd");
        while (dirent* each = ::readdir(directory)) {
            int fd = std::atoi(each->d_name);
            if (fd != ::dirfd(directory)) most = std::max(most, fd);
        }
        ::closedir(directory);
        return most;
    }
    rlimit before_{};
    std::vector<Peer> fillers_;
};

}  // namespace wring::testing
