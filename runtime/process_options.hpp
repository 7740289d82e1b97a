#pragma once

#include <wring/runtime/api.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace wring {

/// What a descriptor of a child is: a pipe that the parent reads or writes, or the same thing as a
/// descriptor of the parent's.
class WRING_API ChildFD {
 public:
    /// Which of the three it is.
    enum class Kind : std::uint8_t { parentReads, parentWrites, given };

    /// A new pipe. Twisted: "r" and "w".
    static ChildFD parentReads() noexcept { return ChildFD(Kind::parentReads, -1); }
    static ChildFD parentWrites() noexcept { return ChildFD(Kind::parentWrites, -1); }
    /// That descriptor, which stays open and unchanged in the parent.
    static ChildFD given(int fd) noexcept { return ChildFD(Kind::given, fd); }

    /// Which it is.
    Kind kind() const noexcept { return kind_; }
    /// Of `given`; else -1.
    int fd() const noexcept { return fd_; }

 private:
    ChildFD(Kind kind, int fd) noexcept : kind_(kind), fd_(fd) {}
    Kind kind_;
    int fd_;
};

/// How a child is started; each setter returns the options.
///
/// Source    Twisted: the arguments of IReactorProcess.spawnProcess.
class WRING_API ProcessOptions {
 public:
    using Environment = std::map<std::string, std::string>;
    using ChildFDs = std::map<int, ChildFD>;

    /// An empty environment, this process's folder and ids, and pipes for 0, 1 and 2.
    ProcessOptions();
    ProcessOptions(const ProcessOptions&);
    ProcessOptions& operator=(const ProcessOptions&);
    ~ProcessOptions();

    /// All variables of the child.
    ProcessOptions& env(Environment variables);
    /// One more variable; after inheritEnv(), on top of a copy of what this process has now.
    ProcessOptions& variable(std::string name, std::string value);
    /// The variables of this process, as they are when the child is started.
    ProcessOptions& inheritEnv();
    /// The child's working folder.
    ProcessOptions& path(std::string folder);
    /// The ids of the child, which then is in the groups of that user only.
    ProcessOptions& uid(std::uint32_t id);
    ProcessOptions& gid(std::uint32_t id);
    /// 0, 1 and 2 are a terminal of the child's own, which leads a new session; the parent reads
    /// what it shows as 1 and writes what is typed to it. Not together with childFDs().
    ProcessOptions& usePTY(bool on = true);
    /// All descriptors of the child: number -> what it is. The others are closed.
    ProcessOptions& childFDs(ChildFDs descriptors);
    /// One more, or another meaning of one, of these.
    ProcessOptions& childFD(int number, ChildFD what);

    /// What was set; no environment means that it is inherited, no folder that it is this
    /// process's.
    const std::optional<Environment>& env() const noexcept { return env_; }
    const std::string& path() const noexcept { return path_; }
    const std::optional<std::uint32_t>& uid() const noexcept { return uid_; }
    const std::optional<std::uint32_t>& gid() const noexcept { return gid_; }
    /// Whether usePTY() was asked for.
    bool hasPTY() const noexcept { return usePTY_; }
    /// All descriptors with a meaning, and whether that is not just the default.
    const ChildFDs& childFDs() const noexcept { return childFDs_; }
    bool hasOwnChildFDs() const noexcept { return hasOwnChildFDs_; }

 private:
    std::optional<Environment> env_;  // none: inherited
    std::string path_;
    std::optional<std::uint32_t> uid_, gid_;
    ChildFDs childFDs_;
    bool hasOwnChildFDs_ = false;
    bool usePTY_ = false;
};

}  // namespace wring
