#pragma once

#include <wring/runtime/detail/sim_address.hpp>
#include <wring/runtime/detail/sim_object.hpp>
#include <wring/runtime/detail/sim_world.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace wring::detail {

class SimDatagram;
class SimStream;

/// The kernel of one simulated host: descriptors, ports, paths. Its system calls never wait.
class SimKernel {
 public:
    /// The first number that a descriptor gets: no real one, so that whoever passes it to the real
    /// kernel is told.
    static constexpr int firstDescriptor = 100'000;

    SimKernel(SimWorld& world, std::uint32_t number, std::vector<std::string> addresses);
    SimKernel(const SimKernel&) = delete;
    SimKernel& operator=(const SimKernel&) = delete;
    ~SimKernel();

    SimWorld& world() const noexcept { return world_; }
    std::uint32_t number() const noexcept { return number_; }
    bool hasAddress(const std::string& address) const noexcept;
    /// The address of its own that it uses to talk to `to`.
    std::string addressFor(const SimAddress& to) const;

    /// Told the descriptors whose objects may be readier than before.
    class Watcher {
     public:
        virtual void descriptorChanged(int fd) noexcept = 0;

     protected:
        ~Watcher() = default;
    };
    void watch(Watcher* watcher) noexcept { watcher_ = watcher; }
    bool isWatchedBy(const Watcher* watcher) const noexcept { return watcher_ == watcher; }
    void objectChanged(int fd) noexcept {
        if (watcher_ && fd >= 0) watcher_->descriptorChanged(fd);
    }
    void healed() noexcept;

    /// The object behind a descriptor; null for a number that is not in use.
    SimObject* object(int fd) const noexcept;
    /// A descriptor for it, the lowest free one, or -EMFILE.
    int open(Ref<SimObject> object);
    int close(int fd) noexcept;
    /// For the end of the world: nobody is told any more.
    void closeAll() noexcept;
    /// How many are open, and how many may be.
    int openDescriptors() const noexcept { return openCount_; }
    /// How often a descriptor was closed.
    std::uint64_t closes() const noexcept { return closes_; }
    void setDescriptorLimit(int limit) noexcept { limit_ = limit; }

    int socket(int family, int type, int protocol = 0);
    int socketPair(int (&fds)[2]);
    /// The two ends of an IPv4 connection that is established: fds[0] of this kernel, fds[1] of
    /// `other`, which may be this one. -EMFILE with nothing open.
    int connectedPair(SimKernel& other, int (&fds)[2]);
    int pipe(int (&fds)[2]);
    /// A file of its own with that content.
    int file(std::string content, bool isWritable = true);
    int accept(int fd);
    /// As the members of SimObject, with -EBADF for a number that is not in use.
    int bind(int fd, const void* address, std::size_t bytes);
    int listen(int fd, int backlog);
    int connect(int fd, const void* address, std::size_t bytes);
    int send(int fd, std::string_view text);
    int receive(int fd, std::span<std::byte> into);
    std::string receive(int fd, std::size_t most);
    int shutdown(int fd, int how);

    /// The ports and paths that sockets are bound to. A path has its file, which programs look
    /// after by calls that are not the driver's, in the folders of the machine this runs on.
    int bindPort(SimStream& socket, SimAddress& address);
    int bindPort(SimDatagram& socket, SimAddress& address);
    void unbindPort(SimObject& socket) noexcept;
    SimStream* listenerAt(const SimAddress& address) const noexcept;
    /// The datagram socket that takes what comes from there; a connected one goes before others.
    SimDatagram* datagramAt(const SimAddress& address, const SimAddress& from) const noexcept;
    /// Which host has that address, seen from here; null for none.
    SimKernel* hostOf(const SimAddress& address) noexcept;
    /// Every object may be readier than before.
    void allChanged() noexcept;
    bool isPathTaken(const SimAddress& address) const noexcept;

 private:
    struct Bound {
        SimObject* socket;
        SimAddress address;
        SimStream* stream;      // one of the two is null
        SimDatagram* datagram;  //
        std::uint64_t inode;    // of the file; 0 for none
    };
    int bindPort(Bound bound, SimAddress& address);
    int bindPath(Bound bound);
    bool isPortTaken(const Bound& bound, std::uint16_t port) const noexcept;
    SimWorld& world_;
    std::uint32_t number_;
    std::vector<std::string> addresses_;
    Watcher* watcher_ = nullptr;
    std::vector<Ref<SimObject>> objects_;
    std::size_t lowestFree_ = 0;
    int openCount_ = 0;
    std::uint64_t closes_ = 0;
    int limit_ = 100'000;
    std::vector<Bound> bound_;
    std::uint16_t nextPort_ = 32768;
};

}  // namespace wring::detail
