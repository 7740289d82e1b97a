#pragma once

#include <wring/net/wrapping_factory.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace wring {

/// Writes what goes over each connection to a file of its own, PREFIX-1, PREFIX-2, …: `*` for the
/// beginning; `C N: 'DATA'` for what was received and `S N: 'DATA'` for what was written, or
/// `SV N: ['DATA', 'DATA']` in one sequence; `S N: *` for loseConnection(); `C N: REASON` for the
/// end. Each line is in the file when the event has happened. A file of that name is overwritten.
///
/// Errors    a file that cannot be opened refuses the connection, and is named in the log; one that
///           cannot be written is given up, which is logged.
/// Source    Twisted: protocols.policies.TrafficLoggingFactory, TrafficLoggingProtocol.
class WRING_API TrafficLoggingFactory : public WrappingFactory {
 public:
    /// Data of more than `lengthLimit` bytes is cut so that it has as many with a mark at its end.
    TrafficLoggingFactory(Ref<IFactory> wrapped, std::string logfilePrefix,
                          std::optional<std::size_t> lengthLimit = {});

    Ref<IProtocol> buildProtocol(const Address& address) override;

    /// The next connection is number 1 again.
    void resetCounter() noexcept { counter_ = 0; }

 protected:
    Ref<ProtocolWrapper> wrap(Ref<IProtocol> protocol) override;

 private:
    class Logged;
    std::string logfilePrefix_;
    std::optional<std::size_t> lengthLimit_;
    unsigned long counter_ = 0;
};

}  // namespace wring
