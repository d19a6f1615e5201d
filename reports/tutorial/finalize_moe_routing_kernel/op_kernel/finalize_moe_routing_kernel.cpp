#include "kernel_operator.h"

#include "finalize_moe_routing_kernel_tiling.h"

using namespace AscendC;

// fastertransformer::finalize_moe_routing_kernel, src/fastertransformer/kernels/moe_kernels.cu:892
//
// T is bfloat16_t. For each row, with every product and sum rounded to float and one rounding at the end:
//   out = skip_1 (+ skip_2) + sum over k of scale[k] * (permuted row of k + bias of the expert of k)
// Rows are dealt out to blocks in turn; a row that does not fit into UB is computed in tiles.
class finalize_moe_routing_kernelKernel {
public:
    __aicore__ inline void Init(GM_ADDR expanded_permuted_rows, GM_ADDR reduced_unpermuted_output, GM_ADDR skip_1, GM_ADDR skip_2, GM_ADDR bias, GM_ADDR scales, GM_ADDR expanded_source_row_to_expanded_dest_row, GM_ADDR expert_for_source_row, const finalize_moe_routing_kernelTiling &tiling, TPipe *pipe)
    {
        tiling_ = tiling;
        pipe_ = pipe;
        expanded_permuted_rows_.SetGlobalBuffer(reinterpret_cast<__gm__ bfloat16_t *>(expanded_permuted_rows));
        reduced_unpermuted_output_.SetGlobalBuffer(reinterpret_cast<__gm__ bfloat16_t *>(reduced_unpermuted_output));
        skip_1_.SetGlobalBuffer(reinterpret_cast<__gm__ bfloat16_t *>(skip_1));
        skip_2_.SetGlobalBuffer(reinterpret_cast<__gm__ bfloat16_t *>(skip_2));
        bias_.SetGlobalBuffer(reinterpret_cast<__gm__ bfloat16_t *>(bias));
        scales_.SetGlobalBuffer(reinterpret_cast<__gm__ bfloat16_t *>(scales));
        expanded_source_row_to_expanded_dest_row_.SetGlobalBuffer(reinterpret_cast<__gm__ int32_t *>(expanded_source_row_to_expanded_dest_row));
        expert_for_source_row_.SetGlobalBuffer(reinterpret_cast<__gm__ int32_t *>(expert_for_source_row));
        const uint32_t tile_bytes = static_cast<uint32_t>(tiling_.tile_bytes);
        const uint32_t float_bytes = tile_bytes / sizeof(bfloat16_t) * sizeof(float);
        pipe_->InitBuffer(in_0_, BUFFER_NUM, tile_bytes);
        pipe_->InitBuffer(out_0_, BUFFER_NUM, tile_bytes);
        pipe_->InitBuffer(sum_, float_bytes);
        pipe_->InitBuffer(term_, float_bytes);
        pipe_->InitBuffer(addend_, float_bytes);
    }

    __aicore__ inline void Process()
    {
        Phase1();
    }

private:
    using In = TQue<TPosition::VECIN, 1>;
    using Out = TQue<TPosition::VECOUT, 1>;
    static constexpr uint8_t BUFFER_NUM = 2;  // double buffering: a TMA stage pair in CUDA

    // Phase 1: src/fastertransformer/kernels/moe_kernels.cu:913-935
    __aicore__ inline void Phase1()
    {
        const int64_t tile_elements = tiling_.tile_bytes / static_cast<int64_t>(sizeof(bfloat16_t));
        for (int64_t blockIdx_x = AscendC::GetBlockIdx(); blockIdx_x < tiling_.gridDim_x; blockIdx_x += AscendC::GetBlockNum()) {
            for (int64_t at = 0; at < tiling_.cols; at += tile_elements) {
                Tile(blockIdx_x, at, static_cast<uint32_t>(Smallest(tile_elements, tiling_.cols - at)));
            }
        }
    }

    // `count` elements of a row, from column `at`. moe_kernels.cu:914-934
    __aicore__ inline void Tile(int64_t row, int64_t at, uint32_t count)
    {
        const int32_t elements = static_cast<int32_t>(count);
        const LocalTensor<float> sum = sum_.Get<float>();
        const LocalTensor<float> term = term_.Get<float>();
        const LocalTensor<float> addend = addend_.Get<float>();
        Load(sum, skip_1_[static_cast<uint64_t>(row * tiling_.cols + at)], count);
        if (tiling_.RESIDUAL_NUM == 2) {
            Load(addend, skip_2_[static_cast<uint64_t>(row * tiling_.cols + at)], count);
            Add(sum, sum, addend, elements);
        }
        for (int64_t k_idx = 0; k_idx < tiling_.k; ++k_idx) {
            const uint64_t k_offset = static_cast<uint64_t>(row * tiling_.k + k_idx);
            const int64_t permuted = expanded_source_row_to_expanded_dest_row_.GetValue(static_cast<uint64_t>(row + k_idx * tiling_.gridDim_x));
            const int64_t expert = expert_for_source_row_.GetValue(k_offset);
            const float scale = ToFloat(scales_.GetValue(k_offset));
            Load(term, expanded_permuted_rows_[static_cast<uint64_t>(permuted * tiling_.cols + at)], count);
            Load(addend, bias_[static_cast<uint64_t>(expert * tiling_.cols + at)], count);
            Add(term, term, addend, elements);
            Muls(term, term, scale, elements);
            Add(sum, sum, term, elements);
        }
        Store(row * tiling_.cols + at, sum, count);
    }

    // Widened to float: 910B has no arithmetic on bfloat16_t.
    __aicore__ inline void Load(const LocalTensor<float> &into, const GlobalTensor<bfloat16_t> &from, uint32_t count)
    {
        const DataCopyExtParams copied{1, static_cast<uint32_t>(count * sizeof(bfloat16_t)), 0, 0, 0};  // the true number of bytes
        const DataCopyPadExtParams<bfloat16_t> unpadded{};
        LocalTensor<bfloat16_t> in_0 = in_0_.AllocTensor<bfloat16_t>();
        DataCopyPad(in_0, from, copied, unpadded);
        in_0_.EnQue(in_0);
        in_0 = in_0_.DeQue<bfloat16_t>();
        Cast(into, in_0, RoundMode::CAST_NONE, count);
        in_0_.FreeTensor(in_0);
    }

    __aicore__ inline void Store(int64_t out_0_offset, const LocalTensor<float> &sum, uint32_t count)
    {
        const DataCopyExtParams copied{1, static_cast<uint32_t>(count * sizeof(bfloat16_t)), 0, 0, 0};  // the true number of bytes
        LocalTensor<bfloat16_t> out_0 = out_0_.AllocTensor<bfloat16_t>();
        Cast(out_0, sum, RoundMode::CAST_RINT, count);
        out_0_.EnQue(out_0);
        out_0 = out_0_.DeQue<bfloat16_t>();
        DataCopyPad(reduced_unpermuted_output_[static_cast<uint64_t>(out_0_offset)], out_0, copied);
        out_0_.FreeTensor(out_0);
    }

    __aicore__ inline static int64_t Smallest(int64_t left, int64_t right)
    {
        return left < right ? left : right;
    }

    finalize_moe_routing_kernelTiling tiling_;
    TPipe *pipe_ = nullptr;
    GlobalTensor<bfloat16_t> expanded_permuted_rows_;
    GlobalTensor<bfloat16_t> reduced_unpermuted_output_;
    GlobalTensor<bfloat16_t> skip_1_;
    GlobalTensor<bfloat16_t> skip_2_;
    GlobalTensor<bfloat16_t> bias_;
    GlobalTensor<bfloat16_t> scales_;
    GlobalTensor<int32_t> expanded_source_row_to_expanded_dest_row_;
    GlobalTensor<int32_t> expert_for_source_row_;
    In in_0_;
    Out out_0_;
    TBuf<TPosition::VECCALC> sum_;
    TBuf<TPosition::VECCALC> term_;
    TBuf<TPosition::VECCALC> addend_;
};

extern "C" __global__ __aicore__ void finalize_moe_routing_kernel(GM_ADDR expanded_permuted_rows, GM_ADDR reduced_unpermuted_output, GM_ADDR skip_1, GM_ADDR skip_2, GM_ADDR bias, GM_ADDR scales, GM_ADDR expanded_source_row_to_expanded_dest_row, GM_ADDR expert_for_source_row, finalize_moe_routing_kernelTiling tiling)
{
    TPipe pipe;
    finalize_moe_routing_kernelKernel kernel;
    kernel.Init(expanded_permuted_rows, reduced_unpermuted_output, skip_1, skip_2, bias, scales, expanded_source_row_to_expanded_dest_row, expert_for_source_row, tiling, &pipe);
    kernel.Process();
}
