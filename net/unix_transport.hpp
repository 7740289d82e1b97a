#pragma once

#include <wring/runtime/file_descriptor.hpp>

namespace wring {

class ITransport;

/// What the transport of a UNIX connection can do besides.
///
/// Lifetime  as long as the transport.
/// Source    Twisted: IUNIXTransport.
class WRING_API IUNIXTransport {
 public:
    virtual ~IUNIXTransport() = default;
    /// Sends a copy of `fd`, which may be closed when this returns, with the next byte that has
    /// not been sent: each takes one, and all go out before the bytes that are left. Ignored where
    /// write() is.
    ///
    /// Errors    Error if this process may have no more descriptors; UsageError on a secured
    ///           connection. With fewer bytes than descriptors queued when a turn ends the
    ///           connection is lost with FileDescriptorOverrun.
    virtual void sendFileDescriptor(int fd) = 0;

    /// That of a transport, a policy's included; null if it is no UNIX connection.
    static IUNIXTransport* of(ITransport& transport);
};

/// A protocol that takes descriptors. Over a UNIX connection one that does not never sees any: the
/// kernel closes them, and the bytes that they came with are delivered.
///
/// Source    Twisted: IFileDescriptorReceiver; there those that are not taken cause a warning. Here
///           nobody knows: the kernel tells only who asks in each receive, and all would pay.
class WRING_API IFileDescriptorReceiver {
 public:
    virtual ~IFileDescriptorReceiver() = default;
    /// A descriptor came; the protocol owns it. Called for each, before the dataReceived() for the
    /// bytes that they came with, which is not held up by a pauseProducing() in here.
    virtual void fileDescriptorReceived(FileDescriptor descriptor) = 0;
};

}  // namespace wring
