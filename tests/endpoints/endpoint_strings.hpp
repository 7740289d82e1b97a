#pragma once

#include <wring/endpoints/registry.hpp>
#include <wring/runtime/reactor.hpp>
#include <wring/tests/support/reactor_fixture.hpp>

#include <gtest/gtest.h>
#include <string>
#include <string_view>

namespace wring::testing {

/// What making the endpoint complains about, or "accepted". Nothing may be opened by it.
template <class F>
std::string complaint(F make) {
    int before = openDescriptors();
    std::string text = "accepted";
    try {
        make();
    } catch (const EndpointSyntaxError& error) {
        text = error.what();
        constexpr std::string_view start = "Bad endpoint description: ";
        EXPECT_EQ(text.substr(0, start.size()), start);
        text = text.substr(start.size(), text.size() - start.size() - 1);
    }
    EXPECT_EQ(openDescriptors(), before);
    return text;
}

class EndpointStringTest : public ::testing::Test {
 protected:
    EndpointStringTest() : reactor_(epollOptions()) {}
    std::string server(std::string_view text) {
        return complaint([&] { serverFromString(reactor_, text); });
    }
    std::string client(std::string_view text) {
        return complaint([&] { clientFromString(reactor_, text); });
    }
    static ReactorOptions epollOptions() { return ReactorOptions("epoll"); }
    Reactor reactor_;
};

inline bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace wring::testing
