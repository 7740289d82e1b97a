#include <wring/net/happy_eyeballs.hpp>

#include <wring/deferred/scope.hpp>
#include <wring/deferred/timeout.hpp>
#include <wring/net/errors.hpp>

#include <algorithm>
#include <cerrno>
#include <optional>

namespace wring {

std::vector<Address> interleaveFamilies(const std::vector<Address>& addresses) {
    std::vector<Address> firsts, others, mixed;
    for (const Address& each : addresses) {
        auto& same = each.family() == addresses.front().family() ? firsts : others;
        if (std::find(same.begin(), same.end(), each) == same.end()) same.push_back(each);
    }
    for (std::size_t i = 0; i < std::max(firsts.size(), others.size()); ++i) {
        if (i < firsts.size()) mixed.push_back(firsts[i]);
        if (i < others.size()) mixed.push_back(others[i]);
    }
    return mixed;
}

namespace {

/// What the attempts of one connect have in common.
struct Race {
    Race(IReactorTime& source, std::vector<Address> tried, ConnectAttempt function,
         HappyEyeballsOptions chosen)
        : time(source),
          addresses(std::move(tried)),
          attempt(std::move(function)),
          options(chosen) {}

    IReactorTime& time;
    std::vector<Address> addresses;
    ConnectAttempt attempt;
    HappyEyeballsOptions options;
    Event ended;  // an attempt has
    std::optional<Socket> winner;
    std::optional<Failure> failure;
    unsigned running = 0;
};

// Of addresses that this host has no route to or no family for.
bool isUnusable(const Failure& failure) {
    return failure.check<NoRouteError>() || failure.number() == EADDRNOTAVAIL ||
           failure.number() == EAFNOSUPPORT;
}

void note(Race& race, Result<Socket> result) {
    --race.running;
    if (result) {
        if (!race.winner) race.winner.emplace(std::move(*result));
    } else if (!race.failure || isUnusable(*race.failure) || !isUnusable(result.error())) {
        race.failure = result.error();
    }
    race.ended.set();
}

// Whatever the attempt throws, before its first wait or later, comes out of here.
Task<Socket> attemptOne(Race* race, Address address) {
    Task<Socket> attempt = race->attempt(address);
    co_return co_await outcome(std::move(attempt));
}

Task<> tryOne(Race* race, Address address) {
    auto result = co_await outcome(attemptOne(race, address));
    note(*race, std::move(result));
}

Task<> awaitEnd(Race* race) { co_await race->ended.wait(); }

// Until an attempt has ended, or for the delay if another one may begin then.
Task<> awaitTurn(Race* race, bool mayBegin) {
    race->ended.clear();
    if (!mayBegin) {
        co_await race->ended.wait();
        co_return;
    }
    auto ended =
        co_await outcome(withTimeout(race->options.attemptDelay, awaitEnd(race), race->time));
    if (!ended && !ended.error().check<TimeoutError>()) ended.value();
}

Task<> runRace(Scope& scope, Race* race) {
    std::size_t next = 0;
    for (;;) {
        bool isLeft = next < race->addresses.size();
        if (isLeft && race->running < race->options.attemptsMax) {
            unsigned before = ++race->running;
            scope.spawn(tryOne, race, race->addresses[next++]);
            isLeft = next < race->addresses.size();
            if (!race->winner && race->running < before) continue;  // it has failed already
        }
        if (race->winner || (!isLeft && race->running == 0)) break;
        co_await awaitTurn(race, isLeft && race->running < race->options.attemptsMax);
        if (race->winner) break;
    }
    scope.cancel();
}

template <class E>
bool name(Failure& failure, const std::string& tried) {
    if (!failure.check<E>()) return false;
    failure = Failure(E(failure.number(), "connect", tried));
    return true;
}

// The failure of the last of several, with all that were tried in its text.
Failure failureOf(const Race& race) {
    Failure failure = *race.failure;
    if (race.addresses.size() == 1) return failure;
    std::string tried = "tried ";
    for (const Address& each : race.addresses) {
        if (&each != &race.addresses.front()) tried += ", ";
        tried += each.format();
    }
    name<ConnectionRefusedError>(failure, tried) || name<NoRouteError>(failure, tried) ||
        name<TCPTimedOutError>(failure, tried) || name<ConnectBindError>(failure, tried) ||
        name<ConnectError>(failure, tried);
    return failure;
}

}  // namespace

Task<Socket> connectFastest(IReactorTime& time, std::vector<Address> addresses,
                            ConnectAttempt attempt, HappyEyeballsOptions options) {
    Race race(time, interleaveFamilies(addresses), std::move(attempt), options);
    if (race.addresses.empty()) {
        co_return Failure(DNSLookupError(0, "connect", "there are no addresses"));
    }
    auto ended = co_await outcome(withScope(runRace, &race));
    if (race.winner) co_return std::move(*race.winner);
    if (!ended) co_return ended.error();
    co_return failureOf(race);
}

}  // namespace wring
