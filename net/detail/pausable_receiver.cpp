#include <wring/net/detail/pausable_receiver.hpp>

namespace wring::detail {

void PausableReceiver::pauseProducing() {
    setPaused(true);
    if (isOpen()) transport().pauseProducing();
}

void PausableReceiver::resumeProducing() {
    setPaused(false);
    if (isOpen()) transport().resumeProducing();
    process();
}

void PausableReceiver::stopProducing() {
    setPaused(true);
    if (isOpen()) transport().loseConnection();
}

}  // namespace wring::detail
