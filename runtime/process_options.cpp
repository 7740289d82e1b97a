#include <wring/runtime/process_options.hpp>

#include <unistd.h>
#include <utility>

namespace wring {

namespace {

ProcessOptions::Environment ownEnvironment() {
    ProcessOptions::Environment all;
    for (char** each = ::environ; each && *each; ++each) {
        std::string entry = *each;
        std::size_t middle = entry.find('=');
        if (middle == std::string::npos) continue;
        all.emplace(entry.substr(0, middle), entry.substr(middle + 1));
    }
    return all;
}

}  // namespace

ProcessOptions::ProcessOptions()
    : env_(Environment()),
      childFDs_{
          {0, ChildFD::parentWrites()}, {1, ChildFD::parentReads()}, {2, ChildFD::parentReads()}} {}
ProcessOptions::ProcessOptions(const ProcessOptions&) = default;
ProcessOptions& ProcessOptions::operator=(const ProcessOptions&) = default;
ProcessOptions::~ProcessOptions() = default;

ProcessOptions& ProcessOptions::env(Environment variables) {
    env_ = std::move(variables);
    return *this;
}

ProcessOptions& ProcessOptions::variable(std::string name, std::string value) {
    if (!env_) env_ = ownEnvironment();
    env_->insert_or_assign(std::move(name), std::move(value));
    return *this;
}

ProcessOptions& ProcessOptions::inheritEnv() {
    env_.reset();
    return *this;
}

ProcessOptions& ProcessOptions::path(std::string folder) {
    path_ = std::move(folder);
    return *this;
}

ProcessOptions& ProcessOptions::uid(std::uint32_t id) {
    uid_ = id;
    return *this;
}

ProcessOptions& ProcessOptions::gid(std::uint32_t id) {
    gid_ = id;
    return *this;
}

ProcessOptions& ProcessOptions::usePTY(bool on) {
    usePTY_ = on;
    return *this;
}

ProcessOptions& ProcessOptions::childFDs(ChildFDs descriptors) {
    childFDs_ = std::move(descriptors);
    hasOwnChildFDs_ = true;
    return *this;
}

ProcessOptions& ProcessOptions::childFD(int number, ChildFD what) {
    childFDs_.insert_or_assign(number, what);
    hasOwnChildFDs_ = true;
    return *this;
}

}  // namespace wring
