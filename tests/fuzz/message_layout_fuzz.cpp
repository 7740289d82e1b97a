#include <wring/runtime/detail/message_layout.hpp>
#include <wring/tests/fuzz/input.hpp>
#include <wring/tests/fuzz/property.hpp>

#include <algorithm>

namespace wring::testing {

namespace {

bool isWithin(BytesView part, BytesView whole) {
    return part.empty() || (part.data() >= whole.data() &&
                            part.data() + part.size() <= whole.data() + whole.size());
}

void check(Input input) {
    std::size_t nameRoom = input.byte();
    std::size_t controlRoom = input.byte();
    std::string exact(input.rest());  // memory that ends with it, so that a step too far is seen
    BytesView buffer = asBytes(exact);
    auto view = detail::MessageView::read(buffer, nameRoom, controlRoom);
    std::size_t overhead = sizeof(detail::MessageHead) + nameRoom + controlRoom;
    if (!view) return;
    require(buffer.size() >= overhead, "a message has room for what was asked for");
    BytesView behind = buffer.subspan(sizeof(detail::MessageHead));
    require(view->name.size() <= nameRoom && view->control.size() <= controlRoom,
            "a part is not longer than its room");
    require(isWithin(view->name, behind.first(nameRoom)) &&
                isWithin(view->control, behind.subspan(nameRoom, controlRoom)) &&
                isWithin(view->payload, buffer.subspan(overhead)),
            "each part lies in its room");
    bool isFull = view->payload.size() == buffer.size() - overhead;
    detail::MessageHead head;
    std::memcpy(&head, buffer.data(), sizeof head);
    require(isFull || view->payload.size() == head.payloadBytes, "only what came is given");
    require(view->isCut || view->payload.size() == head.payloadBytes,
            "what is not all there is told to be cut");
}

}  // namespace

}  // namespace wring::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    wring::testing::check(wring::testing::Input(data, size));
    return 0;
}
