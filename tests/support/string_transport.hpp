#pragma once

#include <wring/net/string_transport.hpp>
