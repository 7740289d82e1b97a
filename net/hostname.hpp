#pragma once

#include <wring/net/errors.hpp>
#include <wring/runtime/result.hpp>

#include <string>
#include <string_view>

namespace wring {

/// A text that cannot be the name of a host, for the reason in its message: nobody was asked.
/// Twisted has a ValueError for it.
WRING_DECLARE_ERROR(InvalidHostnameError, DNSLookupError);

/// The name of a host as DNS has it: in lower case, each label that is not ASCII in its "xn--"
/// form. A name that is looked up, shown in a certificate or sent to a server is this one.
///
/// Shape     UTF-8 of any normal form, with a full stop at the end or without; no literal address.
/// Errors    InvalidHostnameError: empty; a label that is empty or longer than 63 bytes; more than
///           253 bytes in all; characters that no name has, such as emoji; letters of several
///           scripts in one label, which are there to be taken for others.
/// Source    RFC 1123, IDNA 2008 with the mapping of UTS 46. Twisted: HostnameEndpoint.
WRING_API Result<std::string> asciiHostname(std::string_view host);

}  // namespace wring
