#pragma once

#include <wring/net/detail/stream_connection.hpp>
#include <wring/net/stream.hpp>

namespace wring::detail {

/// For those who need more of a stream than its users.
struct StreamAccess {
    static StreamConnection& connection(const Stream& stream) noexcept {
        return stream.connection();
    }
};

}  // namespace wring::detail
