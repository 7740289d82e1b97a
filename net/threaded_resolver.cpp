#include <wring/net/threaded_resolver.hpp>

#include <wring/deferred/threads.hpp>
#include <wring/net/errors.hpp>
#include <wring/runtime/detail/worker_threads.hpp>

#include <netdb.h>
#include <sys/socket.h>
#include <cerrno>

namespace wring {

namespace {

// In a thread.
std::vector<Address> lookUp(const std::string& host, std::uint16_t port, int family) {
    addrinfo hints{};
    hints.ai_family = family;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    int status = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
    int systemError = errno;
    std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
    if (status != 0) {
        std::string why = status == EAI_SYSTEM ? std::generic_category().message(systemError)
                                               : ::gai_strerror(status);
        throw DNSLookupError(0, "getaddrinfo", "address '" + host + "' not found: " + why);
    }
    std::vector<Address> found;
    for (addrinfo* each = list; each; each = each->ai_next) {
        found.push_back(Address::fromSockaddr(each->ai_addr, each->ai_addrlen).withPort(port));
    }
    return found;
}

}  // namespace

ThreadedResolver::ThreadedResolver(Reactor& reactor, unsigned threadsMax)
    : reactor_(reactor), threads_(std::make_unique<ThreadPool>(0, threadsMax, "resolver")) {
    threads_->start();
}

ThreadedResolver::~ThreadedResolver() {
    ThreadPoolStats stats = threads_->stats();
    if (stats.busy + stats.waiting == 0) return;
    threads_->threads().beginStop();
    threads_->threads().abandon();
}

ThreadPoolStats ThreadedResolver::stats() const { return threads_->stats(); }

Task<std::vector<Address>> ThreadedResolver::resolveHostName(std::string host, std::uint16_t port,
                                                             int family) {
    auto found = deferToThreadPool(reactor_, *threads_, lookUp, std::move(host), port, family);
    co_return co_await outcome(found);
}

}  // namespace wring
