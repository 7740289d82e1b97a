#pragma once

#include <wring/net/errors.hpp>

namespace wring {

/// The file of a UNIX socket is not what was asked for: nobody who lives has its lock, or the path
/// is not one. Twisted: error.BadFileError.
WRING_DECLARE_ERROR(BadFileError, ConnectError);
/// More descriptors were to be sent than bytes to carry them. Twisted: error.FileDescriptorOverrun.
WRING_DECLARE_ERROR(FileDescriptorOverrun, ConnectionLost);

}  // namespace wring
