// TPipe, TQue, TQueBind and TBuf.
//
// A queue orders the pipes as the device's does: EnQue sets an event that DeQue waits for, FreeTensor
// one that AllocTensor waits for (asc-devkit: impl/basic_api/kernel_tquebind_impl.h).
#pragma once

#include <deque>
#include <exception>
#include <vector>

#include "sync.h"
#include "tensor.h"

namespace ascendc_model {

using AscendC::TPosition;

constexpr bool IsVectorPosition(TPosition position)
{
    return position == TPosition::VECIN || position == TPosition::VECOUT || position == TPosition::VECCALC;
}

// The event between the pipe that fills a buffer and the one that empties it.
constexpr HardEvent FilledEvent(TPosition src, TPosition dst)
{
    return src == TPosition::VECIN && dst == TPosition::VECOUT ? HardEvent::MTE2_MTE3
         : src == TPosition::GM                                ? HardEvent::MTE2_V
         : dst == TPosition::GM                                ? HardEvent::V_MTE3
                                                               : HardEvent::V_V;
}

constexpr HardEvent FreedEvent(TPosition src, TPosition dst)
{
    return src == TPosition::VECIN && dst == TPosition::VECOUT ? HardEvent::MTE3_MTE2
         : src == TPosition::GM                                ? HardEvent::V_MTE2
         : dst == TPosition::GM                                ? HardEvent::MTE3_V
                                                               : HardEvent::V_V;
}

constexpr uint32_t RoundUp(uint32_t bytes, uint32_t unit) { return (bytes + unit - 1) / unit * unit; }

// A new buffer behind those that the TPipe has given out; nullptr after a report when UB is full.
inline Buffer *NewBuffer(uint32_t bytes, const void *queue, Where where)
{
    constexpr uint32_t kMostBuffers = 64;  // kernel_tpipe_impl.h:274
    Block &core = Core();
    const uint32_t rounded = RoundUp(bytes, kBlockBytes);
    if (bytes == 0) {
        Report(Check::pipe_limit, where, "InitBuffer with 0 bytes");
        return nullptr;
    }
    if (rounded < bytes || rounded > kUbUsableBytes - core.ub_top) {
        Report(Check::ub_capacity, where, bytes, kUbUsableBytes - core.ub_top, kUbUsableBytes);
        return nullptr;
    }
    if (++core.pipe_buffers > kMostBuffers) {
        Report(Check::pipe_limit, where, "more than 64 buffers");
    }
    core.buffers.emplace_back();
    Buffer &buffer = core.buffers.back();
    buffer.begin = core.ub_top;
    buffer.bytes = rounded;
    buffer.queue = queue;
    core.ub_top += rounded;
    return &buffer;
}

template <typename T>
AscendC::LocalTensor<T> TensorOf(Buffer *buffer)
{
    UbView view;
    view.buffer = buffer;
    view.begin = buffer == nullptr ? 0 : buffer->begin;
    view.bytes = buffer == nullptr ? 0 : buffer->bytes;
    return AscendC::LocalTensor<T>(view);
}

}  // namespace ascendc_model

namespace AscendC {

class TPipe;

template <TPosition src, TPosition dst, int32_t depth, auto mask = 0>
class TQueBind {
public:
    TQueBind() = default;
    TQueBind(const TQueBind &) = delete;
    TQueBind &operator=(const TQueBind &) = delete;

    template <typename T>
    LocalTensor<T> AllocTensor(Where where = Here())
    {
        using namespace ascendc_model;
        g_machine->Step(where);
        Buffer *buffer = NextFree();
        if (buffer == nullptr) {
            Fail("AllocTensor", buffers_.empty() ? "the queue has no InitBuffer" : "no buffer is free",
                 where);
            return LocalTensor<T>();
        }
        if (buffer->free_event_id >= 0) {
            WaitEvent(kFreed, buffer->free_event_id, where);
            ReleaseEvent(kFreed, buffer->free_event_id);
            buffer->free_event_id = -1;
        }
        buffer->use = BufferUse::kOccupied;
        buffer->where = where;
        return TensorOf<T>(buffer);
    }

    template <typename T>
    void AllocTensor(LocalTensor<T> &tensor, Where where = Here())
    {
        tensor = AllocTensor<T>(where);
    }

    template <typename T>
    bool EnQue(const LocalTensor<T> &tensor, Where where = Here())
    {
        using namespace ascendc_model;
        g_machine->Step(where);
        Buffer *buffer = Own("EnQue", tensor.View().buffer, where);
        if (buffer == nullptr) {
            return false;
        }
        if (buffer->use != BufferUse::kOccupied && buffer->use != BufferUse::kDequeued) {
            Fail("EnQue",
                 buffer->use == BufferUse::kQueued ? "the tensor is in the queue already"
                                                   : "the tensor was freed",
                 where);
            return false;
        }
        if (static_cast<int32_t>(queued_.size()) >= depth) {
            Fail("EnQue", "the queue is full (its depth)", where);
            return false;
        }
        buffer->queue_event_id = ReserveEvent(kFilled, where);
        SetEvent(kFilled, buffer->queue_event_id, where);
        buffer->use = BufferUse::kQueued;
        queued_.push_back(buffer);
        return true;
    }

    template <typename T>
    LocalTensor<T> DeQue(Where where = Here())
    {
        using namespace ascendc_model;
        g_machine->Step(where);
        if (queued_.empty()) {
            Fail("DeQue", "nothing is in the queue", where);
            return LocalTensor<T>();
        }
        Buffer *buffer = queued_.front();
        queued_.pop_front();
        if (buffer->use != BufferUse::kQueued) {
            Fail("DeQue", "the tensor was freed in the queue", where);
        }
        WaitEvent(kFilled, buffer->queue_event_id, where);
        ReleaseEvent(kFilled, buffer->queue_event_id);
        buffer->queue_event_id = -1;
        buffer->use = BufferUse::kDequeued;
        return TensorOf<T>(buffer);
    }

    template <typename T>
    void DeQue(LocalTensor<T> &tensor, Where where = Here())
    {
        tensor = DeQue<T>(where);
    }

    template <typename T>
    void FreeTensor(LocalTensor<T> &tensor, Where where = Here())
    {
        using namespace ascendc_model;
        g_machine->Step(where);
        Buffer *buffer = Own("FreeTensor", tensor.View().buffer, where);
        if (buffer == nullptr) {
            return;
        }
        if (buffer->use == BufferUse::kFree) {
            Fail("FreeTensor", "the tensor was freed already", where);
            return;
        }
        buffer->free_event_id = ReserveEvent(kFreed, where);
        SetEvent(kFreed, buffer->free_event_id, where);
        buffer->use = BufferUse::kFree;
    }

    bool VacantInQue() const { return static_cast<int32_t>(queued_.size()) < depth; }
    bool HasTensorInQue() const { return !queued_.empty(); }
    int32_t GetTensorCountInQue() const { return static_cast<int32_t>(queued_.size()); }
    bool HasIdleBuffer() const
    {
        for (const ascendc_model::Buffer *buffer : buffers_) {
            if (buffer->use == ascendc_model::BufferUse::kFree) {
                return true;
            }
        }
        return false;
    }

private:
    friend class TPipe;
    static constexpr HardEvent kFilled = ascendc_model::FilledEvent(src, dst);
    static constexpr HardEvent kFreed = ascendc_model::FreedEvent(src, dst);

    static void Fail(const char *api, const char *what, Where where)
    {
        ascendc_model::Report(ascendc_model::Check::queue_state, where, api, what);
    }

    // Buffers are given out in turn.
    ascendc_model::Buffer *NextFree()
    {
        for (size_t i = 0; i < buffers_.size(); ++i) {
            ascendc_model::Buffer *buffer = buffers_[cursor_];
            cursor_ = (cursor_ + 1) % buffers_.size();
            if (buffer->use == ascendc_model::BufferUse::kFree) {
                return buffer;
            }
        }
        return nullptr;
    }

    ascendc_model::Buffer *Own(const char *api, ascendc_model::Buffer *buffer, Where where) const
    {
        if (buffer == nullptr || buffer->queue != this) {
            Fail(api, "the tensor is not of this queue", where);
            return nullptr;
        }
        return buffer;
    }

    void Init(uint32_t buffers, uint32_t bytes, Where where)
    {
        static_assert(depth > 0, "a queue has a depth");
        buffers_.clear();
        queued_.clear();
        cursor_ = 0;
        for (uint32_t i = 0; i < buffers; ++i) {
            ascendc_model::Buffer *buffer = ascendc_model::NewBuffer(bytes, this, where);
            if (buffer != nullptr) {
                buffer->filled = kFilled;
                buffer->freed = kFreed;
                buffers_.push_back(buffer);
            }
        }
    }

    std::vector<ascendc_model::Buffer *> buffers_;
    std::deque<ascendc_model::Buffer *> queued_;
    size_t cursor_ = 0;
};

template <TPosition position, int32_t depth, auto mask = 0>
class TQue : public TQueBind<position == TPosition::VECIN ? TPosition::GM : position,
                             position == TPosition::VECOUT ? TPosition::GM : position, depth, mask> {
    static_assert(ascendc_model::IsVectorPosition(position), "the model knows VECIN, VECOUT and VECCALC");
};

template <TPosition position = TPosition::LCM>
class TBuf {
public:
    TBuf() = default;
    TBuf(const TBuf &) = delete;
    TBuf &operator=(const TBuf &) = delete;

    template <typename T>
    LocalTensor<T> Get(Where where = Here())
    {
        Require(where);
        return ascendc_model::TensorOf<T>(buffer_);
    }

    template <typename T>
    LocalTensor<T> Get(uint32_t elements, Where where = Here())
    {
        return GetWithOffset<T>(elements, 0, where);
    }

    template <typename T>
    LocalTensor<T> GetWithOffset(uint32_t elements, uint32_t offset_bytes, Where where = Here())
    {
        using namespace ascendc_model;
        Require(where);
        const uint64_t bytes = static_cast<uint64_t>(elements) * sizeof(T);
        if (buffer_ == nullptr) {
            return LocalTensor<T>();
        }
        if (bytes % kBlockBytes != 0) {
            Report(Check::count, where, "TBuf::Get", "bytes", bytes, "a multiple of 32");
        }
        if (offset_bytes + bytes > buffer_->bytes) {
            Report(Check::ub_out_of_range, where, "TBuf::Get", "the tensor", offset_bytes + bytes,
                   buffer_->bytes);
        }
        UbView view;
        view.buffer = buffer_;
        view.begin = buffer_->begin + offset_bytes;
        view.bytes = static_cast<int64_t>(bytes);
        return LocalTensor<T>(view);
    }

private:
    friend class TPipe;

    void Require(Where where) const
    {
        ascendc_model::g_machine->Step(where);
        if (buffer_ == nullptr) {
            ascendc_model::Report(ascendc_model::Check::queue_state, where, "TBuf::Get",
                                  "the TBuf has no InitBuffer");
        }
    }

    ascendc_model::Buffer *buffer_ = nullptr;
};

class TPipe {
public:
    explicit TPipe(Where where = Here())
    {
        using namespace ascendc_model;
        g_machine->Step(where);
        if (Core().pipe != nullptr) {
            Report(Check::pipe_limit, where, "a second TPipe while one is alive");
        }
        Core().pipe = this;
        where_ = where;
    }

    ~TPipe() { Destroy(); }
    TPipe(const TPipe &) = delete;
    TPipe &operator=(const TPipe &) = delete;

    template <TPosition src, TPosition dst, int32_t depth, auto mask>
    bool InitBuffer(TQueBind<src, dst, depth, mask> &queue, U8 num, U32 bytes, Where where = Here())
    {
        ascendc_model::g_machine->Step(where);
        num.Verify("InitBuffer", "num", where);
        bytes.Verify("InitBuffer", "len", where);
        queue.Init(num, bytes, where);
        return true;
    }

    template <TPosition position>
    bool InitBuffer(TBuf<position> &buffer, U32 bytes, Where where = Here())
    {
        ascendc_model::g_machine->Step(where);
        bytes.Verify("InitBuffer", "len", where);
        buffer.buffer_ = ascendc_model::NewBuffer(bytes, nullptr, where);
        return true;
    }

    template <HardEvent event>
    TEventID AllocEventID(Where where = Here())
    {
        return static_cast<TEventID>(ascendc_model::ReserveEvent(event, where));
    }

    template <HardEvent event>
    void ReleaseEventID(TEventID id)
    {
        ascendc_model::ReleaseEvent(event, id);
    }

    template <HardEvent event>
    TEventID FetchEventID(Where where = Here())
    {
        return static_cast<TEventID>(ascendc_model::FreeEvent(event, where));
    }

    TEventID FetchEventID(HardEvent event, Where where = Here())
    {
        return static_cast<TEventID>(ascendc_model::FreeEvent(event, where));
    }

    // UB is given out anew. Buffers that are free have been waited for, others have not.
    void Reset(Where where = Here())
    {
        using namespace ascendc_model;
        g_machine->Step(where);
        End(where);
    }

    void Destroy()
    {
        using namespace ascendc_model;
        if (Core().pipe != this) {
            return;
        }
        Core().pipe = nullptr;
        if (!g_machine->Turns().IsStopping() && std::uncaught_exceptions() == 0) {
            End(where_);
            BarrierAll();
        }
    }

private:
    void End(Where where)
    {
        using namespace ascendc_model;
        Block &core = Core();
        uint32_t left = 0;
        Where left_at = where;
        for (Buffer &buffer : core.buffers) {
            if (!buffer.is_alive) {
                continue;
            }
            if (buffer.use != BufferUse::kFree) {
                ++left;
                left_at = buffer.where;
            }
            EndEvents(buffer, where);
            buffer.is_alive = false;
        }
        if (left > 0) {
            Report(Check::queue_left, left_at, left, where.line);
        }
        core.ub_top = 0;
        core.pipe_buffers = 0;
    }

    static void EndEvents(ascendc_model::Buffer &buffer, Where where)
    {
        if (buffer.free_event_id >= 0) {
            ascendc_model::WaitEvent(buffer.freed, buffer.free_event_id, where);
            ascendc_model::ReleaseEvent(buffer.freed, buffer.free_event_id);
            buffer.free_event_id = -1;
        }
        if (buffer.queue_event_id >= 0) {
            ascendc_model::WaitEvent(buffer.filled, buffer.queue_event_id, where);
            ascendc_model::ReleaseEvent(buffer.filled, buffer.queue_event_id);
            buffer.queue_event_id = -1;
        }
    }

    Where where_ = Here();
};

}  // namespace AscendC

inline AscendC::TPipe *GetTPipePtr() { return static_cast<AscendC::TPipe *>(ascendc_model::Core().pipe); }
