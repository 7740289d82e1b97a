#include <wring/net/resolve.hpp>

#include <wring/net/errors.hpp>
#include <wring/runtime/log.hpp>
#include <wring/runtime/reactor.hpp>

#include <cerrno>
#include <csignal>
#include <memory>
#include <mutex>
#include <netdb.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>

namespace wring {

namespace {

/// One lookup in a thread that nobody waits for: getaddrinfo cannot be interrupted, so whoever
/// loses interest cuts the way back instead.
class Lookup final : public detail::Wait {
 public:
    Lookup(Reactor& reactor, std::string host, int family) : shared_(std::make_shared<Shared>()) {
        shared_->reactor = &reactor;
        shared_->host = std::move(host);
        shared_->family = family;
    }

    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) {
        if (!begin(handle)) {
            isCancelled_ = true;
            return false;
        }
        shared_->waiter = this;
        try {
            std::thread([shared = shared_] { lookUp(shared); }).detach();
        } catch (const std::system_error& error) {
            withdraw();
            shared_->error = EAI_SYSTEM;
            shared_->systemError = error.code().value();
            return false;
        } catch (...) {
            withdraw();
            throw;
        }
        return true;
    }
    Result<std::vector<Address>> await_resume() {
        if (isCancelled_) return Failure::of<CancelledError>();
        if (shared_->error == 0 && !shared_->found.empty()) return std::move(shared_->found);
        std::string why = shared_->error == EAI_SYSTEM
                              ? std::generic_category().message(shared_->systemError)
                              : ::gai_strerror(shared_->error);
        return Failure(DNSLookupError(0, "getaddrinfo",
                                      "address '" + shared_->host + "' not found: " + why));
    }
    void cancelWait() noexcept override {
        shared_->forget();
        shared_->waiter = nullptr;
        isCancelled_ = true;
        resume();
    }

 private:
    struct Shared {
        std::mutex mutex;
        Reactor* reactor = nullptr;  // under the mutex; null when nobody wants to know
        Lookup* waiter = nullptr;    // the reactor's thread only
        std::string host;
        int family = 0;
        int error = 0;
        int systemError = 0;
        std::vector<Address> found;

        /// When this returns the thread does not touch the reactor any more, not even to leave
        /// callFromThread(): the reactor may go.
        void forget() {
            std::lock_guard lock(mutex);
            reactor = nullptr;
        }
    };

    static void lookUp(const std::shared_ptr<Shared>& shared) noexcept {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_BLOCK, &all, nullptr);  // signals are the reactor's business
        try {
            ask(*shared);
            std::lock_guard lock(shared->mutex);
            if (!shared->reactor) return;
            shared->reactor->callFromThread([shared] {
                shared->forget();
                if (Lookup* waiter = std::exchange(shared->waiter, nullptr)) waiter->resume();
            });
        } catch (...) {
            log(LogLevel::error, "resolver: no memory for an answer");
        }
    }

    static void ask(Shared& shared) {
        addrinfo hints{};
        hints.ai_family = shared.family;
        hints.ai_socktype = SOCK_STREAM;
        addrinfo* list = nullptr;
        shared.error = ::getaddrinfo(shared.host.c_str(), nullptr, &hints, &list);
        shared.systemError = errno;
        std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
        for (addrinfo* each = list; each; each = each->ai_next) {
            shared.found.push_back(Address::fromSockaddr(each->ai_addr, each->ai_addrlen));
        }
    }

    std::shared_ptr<Shared> shared_;
    bool isCancelled_ = false;
};

}  // namespace

Task<std::vector<Address>> resolveHost(Reactor& reactor, std::string host, std::uint16_t port,
                                       int family) {
    std::vector<Address> found;
    if (auto literal = Address::parse(host, port)) {
        found.push_back(*literal);
        co_return found;
    }
    if (host == "localhost") {
        found.push_back(family == AF_INET6 ? Address::loopback6(port) : Address::loopback4(port));
        co_return found;
    }
    Lookup lookup(reactor, std::move(host), family);
    Result<std::vector<Address>> result = co_await lookup;
    if (!result) co_return result.error();
    for (const Address& each : *result) found.push_back(each.withPort(port));
    co_return found;
}

}  // namespace wring
