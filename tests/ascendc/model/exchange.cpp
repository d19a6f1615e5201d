// A kernel with buffers, an integer and a float, run through its driver: each rank stores its row in the
// peer's window, sets a flag there, and waits for its own.
#include "kernel_operator.h"

using namespace AscendC;

struct Platform {
    uint32_t vector_cores;
    uint32_t ub_bytes;
};

struct ExchangeTiling {
    uint32_t elements;
    float factor;
};

inline const char *MakeTiling(uint32_t elements, float factor, const Platform &platform,
                              ExchangeTiling *tiling, uint32_t *blocks)
{
    if (elements == 0 || elements % 8 != 0 || elements * sizeof(float) > platform.ub_bytes / 2) {
        return "elements is not a multiple of 8 that fits";
    }
    *tiling = {elements, factor};
    *blocks = 1;
    return nullptr;
}

// The window: 32 bytes of flag, then the row.
extern "C" __global__ __aicore__ void Exchange(GM_ADDR row, GM_ADDR own, GM_ADDR peer, GM_ADDR out,
                                               ExchangeTiling tiling)
{
    TPipe pipe;
    TBuf<TPosition::VECCALC> buffer;
    TBuf<TPosition::VECCALC> flag;
    pipe.InitBuffer(buffer, static_cast<uint32_t>(tiling.elements * sizeof(float)));
    pipe.InitBuffer(flag, 32);
    LocalTensor<float> values = buffer.Get<float>();
    LocalTensor<int32_t> line = flag.Get<int32_t>();
    GlobalTensor<float> from;
    GlobalTensor<float> to;
    GlobalTensor<float> landed;
    GlobalTensor<float> result;
    GlobalTensor<int32_t> own_flag;
    GlobalTensor<int32_t> peer_flag;
    from.SetGlobalBuffer((__gm__ float *)row, tiling.elements);
    to.SetGlobalBuffer((__gm__ float *)(peer + 32), tiling.elements);
    landed.SetGlobalBuffer((__gm__ float *)(own + 32), tiling.elements);
    result.SetGlobalBuffer((__gm__ float *)out, tiling.elements);
    own_flag.SetGlobalBuffer((__gm__ int32_t *)own, 8);
    peer_flag.SetGlobalBuffer((__gm__ int32_t *)peer, 8);

    DataCopy(values, from, tiling.elements);
    PipeBarrier<PIPE_ALL>();
    Muls(values, values, tiling.factor, static_cast<int32_t>(tiling.elements));
    Duplicate(line, 1, 8);
    PipeBarrier<PIPE_ALL>();
    DataCopy(to, values, tiling.elements);
    PipeBarrier<PIPE_ALL>();
    {
        ASCENDC_MODEL_FLAG_SCOPE();
        DataCopy(peer_flag, line, 8);
        PipeBarrier<PIPE_ALL>();
        bool is_set = false;
        while (!is_set) {
            DataCopy(line, own_flag, 8);
            PipeBarrier<PIPE_ALL>();
            is_set = line.GetValue(0) != 0;
            PipeBarrier<PIPE_ALL>();
        }
    }
    DataCopy(values, landed, tiling.elements);
    PipeBarrier<PIPE_ALL>();
    DataCopy(result, values, tiling.elements);
}

#include "driver.h"
ASCENDC_MODEL_ENTRY(Exchange)
