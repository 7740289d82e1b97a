#include <wring/net/detail/datagram_notes.hpp>
#include <wring/tests/fuzz/input.hpp>
#include <wring/tests/fuzz/property.hpp>

namespace wring::testing {

namespace {

void checkSplit(std::string_view bytes, std::size_t segmentBytes, std::size_t bytesMax) {
    detail::DatagramSplit split(asBytes(bytes), segmentBytes, bytesMax, false);
    std::size_t each = segmentBytes == 0 ? bytes.size() : segmentBytes;
    std::size_t begin = 0;
    do {
        require(split.next(), "there is at least one datagram, and no byte is lost");
        std::string_view whole = bytes.substr(begin, each);
        require(asText(split.data()) == whole.substr(0, bytesMax), "each is where it was");
        require(split.isTruncated() == (whole.size() > bytesMax), "only what is cut is told to be");
        begin += whole.size();
    } while (begin < bytes.size());
    require(!split.next(), "there are no more than came");
}

void check(Input input) {
    std::size_t bytesMax = 1u + input.byte();
    std::string_view control = input.text(input.byte());
    detail::DatagramNotes notes = detail::readNotes(asBytes(control));
    // From memory that ends with it, so that a step too far is seen.
    std::string exact(control);
    detail::DatagramNotes again = detail::readNotes(asBytes(exact));
    require(notes.dropped == again.dropped && notes.segmentBytes == again.segmentBytes,
            "nothing behind the notes counts");
    checkSplit(input.rest(), notes.segmentBytes, bytesMax);
}

}  // namespace

}  // namespace wring::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    wring::testing::check(wring::testing::Input(data, size));
    return 0;
}
