#pragma once

#include <wring/deferred/channel.hpp>
#include <wring/deferred/start.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// Coroutines at the two ends of a channel.
namespace wring::testing {

using Numbers = std::vector<int>;
using Pointer = std::unique_ptr<int>;

/// Sends the numbers from `first` to `last`.
inline Deferred<> sendAll(Channel<int>& channel, int first, int last) {
    for (int i = first; i <= last; ++i) co_await channel.send(i);
}
inline Deferred<> sendOne(Channel<int>& channel, int value) {
    return sendAll(channel, value, value);
}

/// Receives until the end, or `count` values; -1 stands for the end.
inline Deferred<> receiveAll(Channel<int>& channel, Numbers& got, int count = 1000) {
    while (count-- > 0) {
        std::optional<int> value = co_await channel.receive();
        got.push_back(value.value_or(-1));
        if (!value) break;
    }
}

/// Everything that is in the channel, without waiting.
inline Numbers drain(Channel<int>& channel) {
    Numbers got;
    while (std::optional<int> value = channel.tryReceive()) got.push_back(*value);
    return got;
}

/// Receives a value, calls what it is given, and notes the value.
inline Deferred<> receiveThenCall(Channel<int>& channel, Numbers& got, std::function<void()> call) {
    std::optional<int> value = co_await channel.receive();
    call();
    got.push_back(value.value_or(-1));
}

/// Sends what cannot be copied, and tells how that ended.
inline Deferred<> sendPointer(Channel<Pointer>& channel, Pointer& value, std::string& end) {
    auto sent = co_await outcome(channel.send(std::move(value)));
    end = sent ? "sent" : sent.error().className();
}

/// The same as tasks, for a time-out around them.
inline Task<> sendOneTask(Channel<int>& channel, int value) { co_await channel.send(value); }
inline Task<std::optional<int>> receiveOneTask(Channel<int>& channel) {
    co_return co_await channel.receive();
}

}  // namespace wring::testing
