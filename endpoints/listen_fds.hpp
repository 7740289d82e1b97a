#pragma once

#include <wring/runtime/api.hpp>

#include <map>
#include <string>
#include <vector>

namespace wring {

/// The listening descriptors that whoever started this process handed over: systemd, or another
/// program that speaks its protocol.
///
/// Source    sd_listen_fds(3). Twisted: ListenFDs, which has none where none has a name.
class WRING_API ListenFDs {
 public:
    /// The environment's variables as they were found; those that are not set are null.
    struct Environment {
        const char* pid = nullptr;    ///< LISTEN_PID
        const char* count = nullptr;  ///< LISTEN_FDS
        const char* names = nullptr;  ///< LISTEN_FDNAMES
    };

    /// None.
    ListenFDs() = default;
    /// Those that the variables tell of: descriptors `start`, `start` + 1, … if the number of the
    /// process is ours. Whatever does not fit together means none, with one warning.
    static ListenFDs parse(const Environment& environment, int start = firstDescriptor);
    /// Reads the environment, removes the variables from it, so that no child takes them for its
    /// own, and makes the descriptors close in a child that executes another program.
    ///
    /// Thread    while no other thread reads or changes the environment.
    static ListenFDs fromEnvironment(int start = firstDescriptor);
    /// Those of this process: what fromEnvironment() gave when this was first called. Endpoints of
    /// type "systemd" take theirs from here.
    static const ListenFDs& inherited();

    /// A copy of the list, in the order in which they were handed over.
    std::vector<int> inheritedDescriptors() const { return descriptors_; }
    /// Those that have a name; of several that have one name, the last.
    std::map<std::string, int> inheritedNamedDescriptors() const;
    /// The names in the order of the descriptors; empty if there are none.
    const std::vector<std::string>& names() const noexcept { return names_; }

    /// The first descriptor that is handed over.
    static constexpr int firstDescriptor = 3;

 private:
    std::vector<int> descriptors_;
    std::vector<std::string> names_;
};

}  // namespace wring
