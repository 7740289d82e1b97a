#pragma once

#include <wring/deferred/event.hpp>
#include <wring/deferred/start.hpp>
#include <wring/runtime/async_generator.hpp>
#include <wring/tests/deferred/ends.hpp>
#include <wring/tests/deferred/support.hpp>

#include <gmock/gmock.h>
#include <string>
#include <vector>

namespace wring::testing {

using Log = std::vector<std::string>;

/// Says when it goes.
struct Witness {
    Witness(Log& to, std::string text) : log(to), name(std::move(text)) {}
    Witness(const Witness&) = delete;
    Witness& operator=(const Witness&) = delete;
    ~Witness() { log.push_back(name); }
    Log& log;
    std::string name;
};

inline AsyncGenerator<int> countTo(int end) {
    for (int i = 0; i < end; ++i) co_yield i;
}

inline AsyncGenerator<int> countThenThrow(int end) {
    for (int i = 0; i < end; ++i) co_yield i;
    throw Boom();
}

/// Waits for the flag before each item.
inline AsyncGenerator<int> atEach(Event& flag, int end) {
    for (int i = 0; i < end; ++i) {
        co_await flag.wait();
        flag.clear();
        co_yield i;
    }
}

/// Yields while it holds a local, and has another one where it cleans up.
inline AsyncGenerator<int> witnessed(Log& log) {
    Witness outer(log, "outer");
    for (int i = 0;; ++i) {
        Witness inner(log, "inner");
        co_yield i;
    }
}

inline Deferred<> collect(AsyncGenerator<int> items, std::vector<int>& into) {
    while (auto item = co_await items.next()) into.push_back(*item);
}

inline Deferred<int> takeOne(AsyncGenerator<int>& items) {
    auto item = co_await items.next();
    co_return item ? *item : -1;
}

/// The value of a Deferred that has one.
template <class T>
T valueOf(Deferred<T> deferred) {
    T value{};
    deferred.addCallback([&](T given) { value = std::move(given); });
    return value;
}

}  // namespace wring::testing
