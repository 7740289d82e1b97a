#include <wring/net/connector.hpp>

namespace wring {

WRING_DEFINE_ERROR(NotConnectingError, UsageError,
                   "The Connector was not connecting when it was asked to stop connecting", false);

std::string Destination::format() const {
    return port_ ? host_ + ":" + std::to_string(port_) : host_;
}

/// What a connector and those who watch it share.
struct IConnector::Link final : RefCounted {
    IConnector* connector = nullptr;
};

IConnector::IConnector() noexcept = default;

IConnector::~IConnector() {
    if (link_) link_->connector = nullptr;
}

ConnectorWatch::ConnectorWatch() noexcept = default;
ConnectorWatch::ConnectorWatch(const ConnectorWatch&) noexcept = default;
ConnectorWatch& ConnectorWatch::operator=(const ConnectorWatch&) noexcept = default;
ConnectorWatch::~ConnectorWatch() = default;

ConnectorWatch::ConnectorWatch(IConnector& connector) {
    if (!connector.link_) {
        connector.link_ = makeRef<IConnector::Link>();
        connector.link_->connector = &connector;
    }
    link_ = connector.link_;
}

IConnector* ConnectorWatch::get() const noexcept { return link_ ? link_->connector : nullptr; }

}  // namespace wring
