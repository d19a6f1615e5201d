// UB: alignment, extent, capacity, order between pipes, queues.
#pragma once

#include "harness.h"

namespace harness {

inline void UbOperands()
{
    Fires("ub_alignment", [](const Gm &) {
        Work work;
        Duplicate(work.At<float>(0)[4], 1.0f, 8);
    });
    Silent("ub_alignment", [](const Gm &) {
        Work work;
        Duplicate(work.At<float>(0)[8], 1.0f, 8);
    });
    Fires("ub_out_of_range", [](const Gm &) {
        Work work;
        Duplicate(work.At<float>(0, 256), 1.0f, 65);
    });
    Silent("ub_out_of_range", [](const Gm &) {
        Work work;
        Duplicate(work.At<float>(0, 256), 1.0f, 64);
    });
    Fires("ub_out_of_range", [](const Gm &) {  // a repeat stride that leaves the tensor
        Work work;
        Duplicate(work.At<float>(0, 1024), 1.0f, uint64_t{64}, 4, 1, 9);
    });
    Silent("ub_out_of_range", [](const Gm &) {
        Work work;
        Duplicate(work.At<float>(0, 1024), 1.0f, uint64_t{64}, 4, 1, 8);
    });
    Fires("ub_uninitialised", [](const Gm &) {
        Work work;
        Adds(work.At<float>(0), work.At<float>(4096), 1.0f, 64);
    });
    Fires("ub_uninitialised", [](const Gm &) {  // the last element alone
        Work work;
        Duplicate(work.At<float>(4096), 1.0f, 63);
        Adds(work.At<float>(0), work.At<float>(4096), 1.0f, 64);
    });
    Silent("ub_uninitialised", [](const Gm &) {
        Work work;
        Duplicate(work.At<float>(4096), 1.0f, 64);
        Adds(work.At<float>(0), work.At<float>(4096), 1.0f, 64);
    });
    Fires("operand_overlap", [](const Gm &) {
        Work work;
        Duplicate(work.At<float>(0), 1.0f, 128);
        Adds(work.At<float>(32), work.At<float>(0), 1.0f, 64);
    });
    Silent("operand_overlap", [](const Gm &) {
        Work work;
        Duplicate(work.At<float>(0), 1.0f, 128);
        Adds(work.At<float>(0), work.At<float>(0), 1.0f, 64);
        Adds(work.At<float>(256), work.At<float>(0), 1.0f, 64);
    });
    Fires("ub_capacity", [](const Gm &) {
        TPipe pipe;
        TBuf<TPosition::VECCALC> buffer;
        pipe.InitBuffer(buffer, ascendc_model::kUbUsableBytes + 32);
    });
    Silent("ub_capacity", [](const Gm &) {
        TPipe pipe;
        TBuf<TPosition::VECCALC> buffer;
        pipe.InitBuffer(buffer, ascendc_model::kUbUsableBytes);
    });
    Fires("pipe_limit", [](const Gm &) {
        TPipe pipe;
        TPipe second;
    });
    Fires("pipe_limit", [](const Gm &) {
        TPipe pipe;
        TBuf<TPosition::VECCALC> buffers[65];
        for (auto &buffer : buffers) {
            pipe.InitBuffer(buffer, 32);
        }
    });
    Silent("pipe_limit", [](const Gm &) {
        TPipe pipe;
        TBuf<TPosition::VECCALC> buffers[64];
        for (auto &buffer : buffers) {
            pipe.InitBuffer(buffer, 32);
        }
    });
    Fires("count", [](const Gm &) {  // a tensor of a TBuf is whole blocks
        Work work;
        work.buffer.Get<float>(7);
    });
    Silent("count", [](const Gm &) {
        Work work;
        work.buffer.Get<float>(8);
    });
}

inline void UbOrder()
{
    Fires("ub_read_before_write_done", [](const Gm &gm) {  // MTE2 then V
        Work work;
        DataCopy(work.At<float>(0), Global<float>(gm[1]), 64);
        Adds(work.At<float>(4096), work.At<float>(0), 1.0f, 64);
    });
    Silent("ub_read_before_write_done", [](const Gm &gm) {
        Work work;
        DataCopy(work.At<float>(0), Global<float>(gm[1]), 64);
        Order<HardEvent::MTE2_V>();
        Adds(work.At<float>(4096), work.At<float>(0), 1.0f, 64);
    });
    Fires("ub_read_before_write_done", [](const Gm &) {  // V then the scalar unit
        Work work;
        Duplicate(work.At<float>(0), 1.0f, 64);
        work.At<float>(0).GetValue(3);
    });
    Silent("ub_read_before_write_done", [](const Gm &) {
        Work work;
        Duplicate(work.At<float>(0), 1.0f, 64);
        Order<HardEvent::V_S>();
        work.At<float>(0).GetValue(3);
    });
    Fires("ub_read_before_write_done", [](const Gm &) {  // the scalar unit then V
        Work work;
        work.At<float>(0).SetValue(0, 2.0f);
        Adds(work.At<float>(4096), work.At<float>(0), 1.0f, 1);
    });
    Silent("ub_read_before_write_done", [](const Gm &) {
        Work work;
        work.At<float>(0).SetValue(0, 2.0f);
        Order<HardEvent::S_V>();
        Adds(work.At<float>(4096), work.At<float>(0), 1.0f, 1);
    });
    Fires("ub_read_before_write_done", [](const Gm &gm) {  // V then MTE3; a V barrier is not enough
        Work work;
        Duplicate(work.At<float>(0), 1.0f, 64);
        PipeBarrier<PIPE_V>();
        DataCopy(Global<float>(gm[2]), work.At<float>(0), 64);
    });
    Silent("ub_read_before_write_done", [](const Gm &gm) {
        Work work;
        Duplicate(work.At<float>(0), 1.0f, 64);
        PipeBarrier<PIPE_ALL>();
        DataCopy(Global<float>(gm[2]), work.At<float>(0), 64);
    });
    Silent("ub_read_before_write_done", [](const Gm &gm) {  // MTE2 to V to MTE3, the middle one carries it on
        Work work;
        DataCopy(work.At<float>(0), Global<float>(gm[1]), 64);
        Order<HardEvent::MTE2_V>();
        Order<HardEvent::V_MTE3>();
        DataCopy(Global<float>(gm[2]), work.At<float>(0), 64);
    });
    Silent("ub_read_before_write_done",
           [](const Gm &gm) {  // what the scalar unit waited for, what it issues knows
               Work work;
               DataCopy(work.At<float>(0), Global<float>(gm[1]), 64);
               Order<HardEvent::MTE2_S>();
               Adds(work.At<float>(4096), work.At<float>(0), 1.0f, 64);
           });
    Fires("ub_write_before_read_done", [](const Gm &gm) {  // the next load over what V still reads
        Work work;
        Duplicate(work.At<float>(0), 1.0f, 64);
        Order<HardEvent::V_MTE2>();
        DataCopy(work.At<float>(4096), Global<float>(gm[1]), 64);
        Order<HardEvent::MTE2_V>();
        Adds(work.At<float>(0), work.At<float>(4096), 1.0f, 64);
        DataCopy(work.At<float>(4096), Global<float>(gm[1]), 64);
    });
    Silent("ub_write_before_read_done", [](const Gm &gm) {
        Work work;
        DataCopy(work.At<float>(4096), Global<float>(gm[1]), 64);
        Order<HardEvent::MTE2_V>();
        Adds(work.At<float>(0), work.At<float>(4096), 1.0f, 64);
        Order<HardEvent::V_MTE2>();
        DataCopy(work.At<float>(4096), Global<float>(gm[1]), 64);
    });
    Fires("ub_write_before_write_done", [](const Gm &gm) {  // two loads to one place
        Work work;
        DataCopy(work.At<float>(0), Global<float>(gm[1]), 64);
        DataCopy(work.At<float>(128), Global<float>(gm[1]), 64);
    });
    Silent("ub_write_before_write_done", [](const Gm &gm) {
        Work work;
        DataCopy(work.At<float>(0), Global<float>(gm[1]), 64);
        PipeBarrier<PIPE_MTE2>();
        DataCopy(work.At<float>(128), Global<float>(gm[1]), 64);
    });
}

using InQueue = TQue<TPosition::VECIN, 1>;
using OutQueue = TQue<TPosition::VECOUT, 1>;

// Loads a row, adds 1, stores it, `rows` times.
template <typename Tail>
void Pipeline(const Gm &gm, uint32_t rows, Tail tail)
{
    TPipe pipe;
    InQueue in;
    OutQueue out;
    pipe.InitBuffer(in, 2, 256);
    pipe.InitBuffer(out, 2, 256);
    for (uint32_t row = 0; row < rows; ++row) {
        LocalTensor<float> x = in.AllocTensor<float>();
        DataCopy(x, Global<float>(gm[1])[row * 64], 64);
        in.EnQue(x);
        x = in.DeQue<float>();
        LocalTensor<float> y = out.AllocTensor<float>();
        Adds(y, x, 1.0f, 64);
        in.FreeTensor(x);
        out.EnQue(y);
        y = out.DeQue<float>();
        DataCopy(Global<float>(gm[2])[row * 64], y, 64);
        tail(out, x, y);
    }
}

inline void Queues()
{
    Silent("queue_state", [](const Gm &gm) {
        Pipeline(gm, 20,
                 [](OutQueue &out, LocalTensor<float> &, LocalTensor<float> &y) { out.FreeTensor(y); });
    });
    Silent("queue_left", [](const Gm &gm) {
        Pipeline(gm, 2,
                 [](OutQueue &out, LocalTensor<float> &, LocalTensor<float> &y) { out.FreeTensor(y); });
    });
    Fires("queue_left", [](const Gm &gm) {
        Pipeline(gm, 1, [](OutQueue &, LocalTensor<float> &, LocalTensor<float> &) {});
    });
    Fires("ub_use_after_free", [](const Gm &gm) {
        Pipeline(gm, 1, [](OutQueue &out, LocalTensor<float> &x, LocalTensor<float> &y) {
            Adds(x, x, 1.0f, 64);
            out.FreeTensor(y);
        });
    });
    Silent("ub_use_after_free", [](const Gm &gm) {
        Pipeline(gm, 1,
                 [](OutQueue &out, LocalTensor<float> &, LocalTensor<float> &y) { out.FreeTensor(y); });
    });
    Fires("ub_use_after_free", [](const Gm &) {  // a tensor from before Reset
        Work work;
        LocalTensor<float> old = work.At<float>(0);
        work.pipe.Reset();
        Duplicate(old, 1.0f, 64);
    });
    Fires("queue_state", [](const Gm &) {  // AllocTensor without a free buffer
        TPipe pipe;
        InQueue in;
        pipe.InitBuffer(in, 1, 256);
        LocalTensor<float> x = in.AllocTensor<float>();
        in.AllocTensor<float>();
        in.FreeTensor(x);
    });
    Fires("queue_state", [](const Gm &) {  // DeQue of nothing
        TPipe pipe;
        InQueue in;
        pipe.InitBuffer(in, 1, 256);
        in.DeQue<float>();
    });
    Fires("queue_state", [](const Gm &) {  // EnQue twice
        TPipe pipe;
        TQue<TPosition::VECIN, 2> in;
        pipe.InitBuffer(in, 2, 256);
        LocalTensor<float> x = in.AllocTensor<float>();
        in.EnQue(x);
        in.EnQue(x);
        x = in.DeQue<float>();
        in.FreeTensor(x);
    });
    Fires("queue_state", [](const Gm &) {  // more than the depth
        TPipe pipe;
        InQueue in;
        pipe.InitBuffer(in, 2, 256);
        LocalTensor<float> x = in.AllocTensor<float>();
        LocalTensor<float> y = in.AllocTensor<float>();
        in.EnQue(x);
        in.EnQue(y);
        x = in.DeQue<float>();
        in.FreeTensor(x);
        in.FreeTensor(y);
    });
    Fires("queue_state", [](const Gm &) {  // freed twice
        TPipe pipe;
        InQueue in;
        pipe.InitBuffer(in, 1, 256);
        LocalTensor<float> x = in.AllocTensor<float>();
        in.FreeTensor(x);
        in.FreeTensor(x);
    });
    Fires("queue_state", [](const Gm &) {  // of another queue
        TPipe pipe;
        InQueue in;
        OutQueue out;
        pipe.InitBuffer(in, 1, 256);
        pipe.InitBuffer(out, 1, 256);
        LocalTensor<float> x = in.AllocTensor<float>();
        out.EnQue(x);
        in.FreeTensor(x);
    });
    Fires("queue_state", [](const Gm &) {  // no InitBuffer
        TPipe pipe;
        TBuf<TPosition::VECCALC> buffer;
        buffer.Get<float>();
    });
    Fires("ub_read_before_write_done", [](const Gm &gm) {  // no EnQue and DeQue between load and sum
        TPipe pipe;
        InQueue in;
        pipe.InitBuffer(in, 1, 256);
        LocalTensor<float> x = in.AllocTensor<float>();
        DataCopy(x, Global<float>(gm[1]), 64);
        Adds(x, x, 1.0f, 64);
        in.FreeTensor(x);
    });
    Fires("ub_read_before_write_done", [](const Gm &gm) {  // DeQue lets V go on, not the scalar unit
        TPipe pipe;
        InQueue in;
        pipe.InitBuffer(in, 1, 256);
        LocalTensor<float> x = in.AllocTensor<float>();
        DataCopy(x, Global<float>(gm[1]), 64);
        in.EnQue(x);
        x = in.DeQue<float>();
        x.GetValue(0);
        in.FreeTensor(x);
    });
    Silent("queue_state", [](const Gm &gm) {  // GM to GM through one buffer
        TPipe pipe;
        TQueBind<TPosition::VECIN, TPosition::VECOUT, 1> rows;
        pipe.InitBuffer(rows, 2, 256);
        for (uint32_t row = 0; row < 9; ++row) {
            LocalTensor<float> x = rows.AllocTensor<float>();
            DataCopy(x, Global<float>(gm[1])[row * 64], 64);
            rows.EnQue(x);
            x = rows.DeQue<float>();
            DataCopy(Global<float>(gm[2])[row * 64], x, 64);
            rows.FreeTensor(x);
        }
    });
    Silent("ub_write_before_read_done", [](const Gm &gm) {  // Reset waits for buffers that were freed
        TPipe pipe;
        InQueue in;
        OutQueue out;
        for (uint32_t pass = 0; pass < 2; ++pass) {
            pipe.InitBuffer(in, 1, 256);
            pipe.InitBuffer(out, 1, 256);
            LocalTensor<float> x = in.AllocTensor<float>();
            DataCopy(x, Global<float>(gm[1]), 64);
            in.EnQue(x);
            x = in.DeQue<float>();
            LocalTensor<float> y = out.AllocTensor<float>();
            Adds(y, x, 1.0f, 64);
            in.FreeTensor(x);
            out.FreeTensor(y);
            PipeBarrier<PIPE_ALL>();
            pipe.Reset();
        }
    });
}

}  // namespace harness
