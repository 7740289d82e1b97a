#pragma once

#include <wring/endpoints/interfaces.hpp>

#include <string>

namespace wring {

/// How a UNIX socket is listened on. Set by name on an object.
class WRING_API UNIXListenOptions {
 public:
    explicit UNIXListenOptions(std::string where) : path(std::move(where)) {}

    std::string path;      ///< of the socket; a NUL and a name for the abstract namespace
    unsigned mode = 0666;  ///< of the file: who may connect; whatever the umask says
    int backlog = 50;      ///< connections the kernel keeps waiting; it has its own maximum
    bool wantPID = false;  ///< take the lock at `path` + ".lock" while listening
};

/// Listens on a UNIX socket.
///
/// Nobody can connect before the file has its mode, and it never has a wider one. With the lock a
/// socket that a dead owner of the lock left behind is removed first, with a warning, unless
/// somebody answers on it. stopListening() removes the file if it still is the one that was made.
/// A path that is relative is so to the folder that is current when it listens.
///
/// Errors    of listen(): CannotListenError: EADDRINUSE for anything at that path, a lock that
///           somebody holds, with his number, and whatever the file system says.
/// Source    Twisted: UNIXServerEndpoint, which sets the mode after binding, removes whatever
///           socket is there, and removes the file of another one, too.
class WRING_API UNIXServerEndpoint final : public IStreamServerEndpoint {
 public:
    UNIXServerEndpoint(Reactor& reactor, UNIXListenOptions options);
    Deferred<Ref<IListeningPort>> listen(Ref<IFactory> factory) override;

 private:
    Reactor& reactor_;
    UNIXListenOptions options_;
};

/// Where and how to connect to a UNIX socket. Set by name on an object.
class WRING_API UNIXConnectOptions {
 public:
    explicit UNIXConnectOptions(std::string where) : path(std::move(where)) {}

    std::string path;                             ///< as UNIXListenOptions::path
    Duration timeout = std::chrono::seconds(30);  ///< for its turn in the backlog
    bool checkPID = false;                        ///< see to it that the lock has a living owner
};

/// Connects to a UNIX socket.
///
/// Errors    of connecting, besides those of every endpoint: BadFileError when `checkPID` finds no
///           living owner, or the path can be none; ConnectError with ENOENT.
/// Source    Twisted: UNIXClientEndpoint.
class WRING_API UNIXClientEndpoint final : public IStreamClientEndpoint {
 public:
    UNIXClientEndpoint(Reactor& reactor, UNIXConnectOptions options);
    Deferred<Ref<IProtocol>> connect(Ref<IFactory> factory) override;
    Deferred<Stream> connectStream() override;

 private:
    Task<Socket> socket() const;
    static Task<Socket> attempt(Reactor& reactor, UNIXConnectOptions options);

    Reactor& reactor_;
    UNIXConnectOptions options_;
};

}  // namespace wring
