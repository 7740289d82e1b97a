#include <wring/runtime/file_descriptor.hpp>

#include <unistd.h>

namespace wring {

FileDescriptor::~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
}

}  // namespace wring
