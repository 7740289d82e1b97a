#pragma once

#include <wring/net/detail/frame.hpp>
#include <wring/runtime/bytes.hpp>

#include <string>

namespace wring::detail {

/// What a protocol was given and has not dealt with: a kept part, and behind it the chunk that is
/// lent for the length of one dataReceived(). Pieces are taken from the front; one that lies whole
/// in the chunk is not copied, of one that does not only itself.
///
/// Lifetime  a piece taken is valid until the next absorb() or settle(), whatever is called
/// between.
class WRING_API PendingBytes {
 public:
    bool empty() const noexcept { return size() == 0; }
    std::size_t size() const noexcept { return keptSize() + lent_.size() + arrivals_.size(); }

    /// Puts a chunk behind the rest; it stays valid until settle().
    void lend(BytesView chunk) noexcept { lent_ = chunk; }
    /// Puts bytes behind the rest while a piece is out. They are copied, unless they are the end of
    /// that piece and nothing follows: then they are just not taken.
    void arrive(BytesView bytes);
    /// Takes over what has arrived. No piece is out any more.
    void absorb();
    /// Takes over everything that is lent. No piece is out any more.
    void settle();

    /// What stands at the front. The framing sees the kept part together with as much of the chunk
    /// as it needs.
    template <class Framing>
    Frame scan(const Framing& framing) {
        for (;;) {
            Frame frame = framing.scan(view(), seen_);
            if (frame.state != Frame::State::incomplete || !widen()) return frame;
        }
    }
    /// Searches from the front again: the framing has changed.
    void rescan() noexcept { seen_ = 0; }

    /// The front as far as it is in one place; nothing only if there is nothing.
    BytesView view() const noexcept;
    /// Takes the first `count` bytes of view().
    BytesView take(std::size_t count) noexcept;
    /// Takes everything but what has arrived.
    BytesView takeAll();
    /// Takes everything, as a copy.
    std::string release();
    /// Forgets everything; a piece that is out stays valid.
    void clear() noexcept;

 private:
    std::size_t keptSize() const noexcept { return kept_.size() - begin_; }
    void keep(BytesView bytes);
    bool widen();

    std::string kept_;
    std::size_t begin_ = 0;    // of what is left in kept_
    BytesView lent_;           // follows kept_
    std::size_t widened_ = 0;  // so many of kept_'s last bytes stand before lent_, too
    std::string arrivals_;     // follow lent_
    BytesView taken_;          // the piece that is out
    std::size_t seen_ = 0;     // the framing's note
    bool isTakenFromKept_ = false;
};

}  // namespace wring::detail
