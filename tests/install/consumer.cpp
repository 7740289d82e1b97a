// A user's program: tests/install_test.sh builds it against an installed wring with nothing but
// pkg-config.
#include <wring/endpoints/run.hpp>

#include <cstdio>

int main() {
    return wring::run([](wring::Reactor&) -> wring::Task<> {
        std::puts("ran on an installed wring");
        co_return;
    });
}
