#include <wring/net/unix_errors.hpp>

namespace wring {

WRING_DEFINE_ERROR(BadFileError, ConnectError, "File used for UNIX socket is no good", true);
WRING_DEFINE_ERROR(FileDescriptorOverrun, ConnectionLost,
                   "A mis-use of IUNIXTransport.sendFileDescriptor caused the connection to be "
                   "closed",
                   false);

}  // namespace wring
