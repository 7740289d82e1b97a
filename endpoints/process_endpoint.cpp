#include <wring/endpoints/process_endpoint.hpp>

#include <wring/endpoints/detail/process_connection.hpp>
#include <wring/runtime/file_descriptor.hpp>

#include <sys/socket.h>
#include <cerrno>
#include <utility>

namespace wring {

ProcessEndpoint::ProcessEndpoint(Reactor& reactor, std::string executable,
                                 std::vector<std::string> args, const ProcessOptions& options,
                                 StandardErrorBehavior errors)
    : reactor_(reactor),
      executable_(std::move(executable)),
      args_(std::move(args)),
      options_(options),
      errors_(errors) {}

Deferred<Ref<IProtocol>> ProcessEndpoint::connect(Ref<IFactory> factory) {
    try {
        factory->doStart();
        Ref<IProtocol> protocol;
        Ref<detail::ProcessConnection> connection;
        try {
            protocol = factory->buildProtocol(Address());
            if (!protocol) throw NoProtocol(0, "connect", executable_);
            connection = makeRef<detail::ProcessConnection>(protocol, factory, executable_,
                                                            errors_ == StandardErrorBehavior::log);
            detail::startChild(reactor_, connection, executable_, args_, options_,
                               detail::AtShutdown::goesOn);
        } catch (...) {
            factory->doStop();
            throw;
        }
        const Failure* failure = connection->failure();
        if (failure && !failure->check<ConnectionAborted>()) {
            return fail<Ref<IProtocol>>(*failure);  // what connectionMade() threw
        }
        return succeed(std::move(protocol));
    } catch (...) {
        return fail<Ref<IProtocol>>(Failure::current());
    }
}

Deferred<Stream> ProcessEndpoint::connectStream() {
    try {
        if (options_.hasPTY() || options_.hasOwnChildFDs()) {
            throw UsageError(0, "connect", "a stream to a program is its input and its output");
        }
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
            throw ConnectError(errno, "socketpair", executable_);
        }
        Socket ours(reactor_, ends[0]);
        FileDescriptor theirs(ends[1]);
        ProcessOptions options = options_;
        options.childFD(0, ChildFD::given(theirs.get())).childFD(1, ChildFD::given(theirs.get()));
        auto errors =
            makeRef<detail::ErrorOutput>(executable_, errors_ == StandardErrorBehavior::log);
        detail::startChild(reactor_, std::move(errors), executable_, args_, options,
                           detail::AtShutdown::goesOn);
        return succeed(Stream(std::move(ours)));
    } catch (...) {
        return fail<Stream>(Failure::current());
    }
}

}  // namespace wring
