#pragma once

#include <wring/runtime/detail/sim_buffer.hpp>
#include <wring/runtime/detail/sim_object.hpp>

namespace wring::detail {

class SimPipe;

/// What lies between the two ends of a pipe.
struct SimPipeBuffer : RefCounted {
    static constexpr std::size_t room = 65536;
    SimBuffer bytes;
    SimPipe* reader = nullptr;
    SimPipe* writer = nullptr;
};

/// One end of a pipe.
class SimPipe final : public SimObject {
 public:
    SimPipe(SimKernel& kernel, Ref<SimPipeBuffer> buffer, bool isWriter) noexcept;
    unsigned readiness() const noexcept override;
    void closed() noexcept override;
    int read(std::span<std::byte> into, std::int64_t offset) noexcept override;
    int write(BytesView from, std::int64_t offset) noexcept override;

 private:
    Ref<SimPipeBuffer> buffer_;
    bool isWriter_;
};

/// A regular file.
class SimFile final : public SimObject {
 public:
    SimFile(SimKernel& kernel, std::string content, bool isWritable) noexcept
        : SimObject(kernel), content_(std::move(content)), isWritable_(isWritable) {}
    unsigned readiness() const noexcept override;
    int read(std::span<std::byte> into, std::int64_t offset) noexcept override;
    int write(BytesView from, std::int64_t offset) noexcept override;

 private:
    std::string content_;
    std::size_t position_ = 0;
    bool isWritable_;
};

}  // namespace wring::detail
