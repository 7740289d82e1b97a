#pragma once

namespace wring {
class Arguments;
}

namespace wring::detail {

/// The value of the parameter `backlog`, 50 if it was not given. More than the kernel allows is
/// made what it allows, with a warning.
int backlogFrom(const Arguments& arguments);

}  // namespace wring::detail
