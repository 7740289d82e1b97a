#pragma once

#include <wring/endpoints/interfaces.hpp>

namespace wring {

/// A descriptor was to be adopted a second time. Twisted: error.AlreadyListened.
WRING_DECLARE_ERROR(AlreadyListened, Error);
/// A descriptor is of a family that cannot be adopted. Twisted: error.UnsupportedAddressFamily.
WRING_DECLARE_ERROR(UnsupportedAddressFamily, Error);

/// Listens on a descriptor that somebody else has opened, bound, and made listen.
///
/// The first listen() duplicates it and, if that works, closes the original; any further one fails
/// with AlreadyListened. Other processes may share the socket: stopListening() closes the duplicate
/// and leaves the socket itself as it is, and startListening() cannot follow.
///
/// Errors    of listen(): UnsupportedAddressFamily for what is neither IPv4, IPv6 nor UNIX;
///           CannotListenError naming the descriptor, for one that does not listen, is not a
///           stream's, or of another family than the one that is expected; AlreadyListened.
/// Lifetime  takes the descriptor over with a listen() that succeeds; else it stays the caller's.
/// Source    Twisted: AdoptedStreamServerEndpoint.
class WRING_API AdoptedStreamServerEndpoint final : public IStreamServerEndpoint {
 public:
    /// `family` none accepts each of the others.
    AdoptedStreamServerEndpoint(Reactor& reactor, int fd,
                                AddressFamily family = AddressFamily::none);
    Deferred<Ref<IListeningPort>> listen(Ref<IFactory> factory) override;

 private:
    Reactor& reactor_;
    int fd_;
    AddressFamily family_;
    bool isUsed_ = false;
};

}  // namespace wring
