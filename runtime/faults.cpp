#include <wring/runtime/faults.hpp>

namespace wring {

namespace {

constexpr const char* names[] = {
    "shortReceive",
    "shortSend",
    "fullSend",
    "interruptedWait",
    "lateWake",
    "lateCompletion",
    "reorderedCompletion",
    "smallBatch",
    "completionOverflow",
    "lateStart",
    "endedMultishot",
    "lateCancel",
    "slowCancel",
    "unaskedCancel",
    "receiveNoMemory",
    "sendNoMemory",
    "noReceiveBuffer",
    "scribbledBuffer",
    "acceptAborted",
    "acceptNoDescriptor",
    "acceptNoMemory",
    "socketNoDescriptor",
    "connectRefused",
    "connectUnreachable",
    "connectBlackHole",
    "droppedSyn",
    "fullBacklog",
    "reset",
    "slowSegment",
    "smallSegments",
    "smallSendBuffer",
    "smallReceiveBuffer",
    "cloggedDirection",
    "partition",
    "lostDatagram",
    "doubledDatagram",
    "overtakenDatagram",
    "clockStep",
};
static_assert(std::size(names) == Faults::count);

// How often a fault can strike, at most: one time in so many. Some can strike once a connection and
// not once an operation; of others a few are enough to end everything.
std::uint32_t highestRate(Fault fault) noexcept {
    switch (fault) {
        case Fault::acceptAborted:
        case Fault::acceptNoDescriptor:
        case Fault::acceptNoMemory:
        case Fault::socketNoDescriptor:
        case Fault::connectRefused:
        case Fault::connectUnreachable:
        case Fault::connectBlackHole:
        case Fault::droppedSyn:
        case Fault::fullBacklog:
        case Fault::smallSendBuffer:
        case Fault::smallReceiveBuffer:
        case Fault::lateCancel:
        case Fault::slowCancel:
        case Fault::doubledDatagram:
        case Fault::overtakenDatagram:
            return 2;
        case Fault::lostDatagram:
            return 3;
        case Fault::reset:
        case Fault::sendNoMemory:
            return 20;
        case Fault::receiveNoMemory:
        case Fault::unaskedCancel:
            return 40;
        case Fault::cloggedDirection:
        case Fault::partition:
        case Fault::slowSegment:
        case Fault::clockStep:
            return 100;
        default:
            return 10;
    }
}

}  // namespace

const char* faultName(Fault fault) noexcept { return names[static_cast<std::size_t>(fault)]; }

Faults::Faults(Choices& choices, bool isUnkind) noexcept : choices_(choices) {
    if (!isUnkind) return;
    for (std::size_t i = 0; i < count; ++i) {
        if (!choices_.happens(4)) continue;
        constexpr std::uint32_t rarer[] = {100, 10, 1};
        rates_[i] = highestRate(static_cast<Fault>(i)) * rarer[choices_.choose(3)];
    }
}

bool Faults::strikes(Fault fault) noexcept {
    std::uint32_t rate = rates_[index(fault)];
    if (rate == 0 || !choices_.happens(rate)) return false;
    ++counts_[index(fault)];
    return true;
}

}  // namespace wring
