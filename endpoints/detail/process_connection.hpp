#pragma once

#include <wring/net/detail/child_process.hpp>
#include <wring/net/factory.hpp>

#include <optional>
#include <string>

namespace wring::detail {

/// Looks after the error output of a program.
class ErrorOutput : public ProcessProtocol {
 public:
    ErrorOutput(std::string executable, bool isLogged)
        : executable_(std::move(executable)), isLogged_(isLogged) {}
    void errReceived(BytesView data) override;

 private:
    std::string executable_;
    bool isLogged_;
};

/// Stands between a program and a protocol that takes it for a connection.
class ProcessConnection final : public ErrorOutput {
 public:
    ProcessConnection(Ref<IProtocol> protocol, Ref<IFactory> factory, std::string executable,
                      bool isLogged);

    void makeConnection(Ref<IProcessTransport> process) override;
    void outReceived(BytesView data) override;
    void inConnectionLost() override;
    void outConnectionLost() override;
    void processEnded(const Failure& reason) override;

    /// What the protocol threw, or what its connection was aborted with; null: neither.
    const Failure* failure() const noexcept { return failure_ ? &*failure_ : nullptr; }
    /// Kills the program; `failure` is the reason that the protocol hears, unless there is one.
    void abort(Failure failure) noexcept;
    bool isOver() const noexcept { return !protocol_; }

 private:
    class Transport;
    template <class Call>
    void guarded(const char* event, Call call) noexcept;
    void tell(void (IHalfCloseableProtocol::*event)()) noexcept;

    Ref<IProtocol> protocol_;
    Ref<IFactory> factory_;
    Ref<Transport> transport_;
    std::optional<Failure> failure_;
};

}  // namespace wring::detail
