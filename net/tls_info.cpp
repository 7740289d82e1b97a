#include <wring/net/tls_info.hpp>

namespace wring {

TLSInfo::TLSInfo() = default;

}  // namespace wring
