#pragma once

#include <wring/net/wrapping_factory.hpp>

#include <optional>

namespace wring {

/// Serves a limited number of connections at the same time. Those over the limit are closed at
/// once, or, if there is an overflow factory, served by that: to say sorry, for example. These
/// count, too.
///
/// Source    Twisted: protocols.policies.LimitTotalConnectionsFactory; its `protocol` is the
/// wrapped
///           factory here, its `overflowProtocol` is built by a factory.
class WRING_API LimitTotalConnectionsFactory : public WrappingFactory {
 public:
    /// No limit: all are served. `overflow` may be null.
    explicit LimitTotalConnectionsFactory(Ref<IFactory> wrapped,
                                          std::optional<std::size_t> connectionLimit = {},
                                          Ref<IFactory> overflow = nullptr);

    void doStart() override;
    void doStop() override;
    Ref<IProtocol> buildProtocol(const Address& address) override;

    /// How many connections there are, those over the limit included.
    std::size_t connectionCount() const noexcept { return protocols().size(); }
    /// The limit, for connections to come.
    std::optional<std::size_t> connectionLimit() const noexcept { return connectionLimit_; }
    void setConnectionLimit(std::optional<std::size_t> limit) noexcept { connectionLimit_ = limit; }

 private:
    std::optional<std::size_t> connectionLimit_;
    Ref<IFactory> overflow_;
};

}  // namespace wring
