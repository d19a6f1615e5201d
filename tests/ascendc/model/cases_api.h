// What the instructions compute, and which types, modes and counts they take.
#pragma once

#include "harness.h"

namespace harness {

using ascendc_model::kIs310P;
using ascendc_model::kIs950;

// Runs `compute` on two tensors of `T` loaded with 0, 1, 2, … and stores the result.
template <typename T, typename Compute>
Buffers Result(const char *name, Compute compute)
{
    return Computes(name, [&](const Gm &gm) {
        Work work;
        LocalTensor<T> x = work.At<T>(0);
        LocalTensor<T> y = work.At<T>(4096);
        for (uint32_t i = 0; i < 256; ++i) {
            x.SetValue(i, static_cast<T>(static_cast<int>(i)));
            y.SetValue(i, static_cast<T>(2));
        }
        PipeBarrier<PIPE_ALL>();
        compute(work, x, y);
        PipeBarrier<PIPE_ALL>();
        DataCopy(Global<T>(gm[2]), x, 256);
    });
}

template <typename T>
void Arithmetic()
{
    const Buffers count = Result<T>("count form", [](Work &, LocalTensor<T> &x, LocalTensor<T> &y) {
        Add(x, x, y, 100);
        Muls(x, x, static_cast<T>(3), 100);
        Sub(x, x, y, 100);
    });
    Require(static_cast<float>(count.Result<T>(5)) == 19.0f, "(5 + 2) * 3 - 2");
    Require(static_cast<float>(count.Result<T>(99)) == 301.0f &&
                static_cast<float>(count.Result<T>(100)) == 100.0f,
            "the first 100 elements and no more");
    constexpr uint32_t kLanes = 256 / sizeof(T);
    constexpr uint32_t kPerBlock = 32 / sizeof(T);
    const Buffers masked = Result<T>("mask form", [](Work &, LocalTensor<T> &x, LocalTensor<T> &y) {
        Add(x, x, y, uint64_t{3}, 2, BinaryRepeatParams(1, 1, 1, 8, 8, 8));
        uint64_t bits[2] = {1ULL << kPerBlock, 0};
        Add(x, x, y, bits, 1, BinaryRepeatParams(2, 2, 1, 8, 8, 8));
    });
    Require(
        static_cast<float>(masked.Result<T>(2)) == 4.0f && static_cast<float>(masked.Result<T>(3)) == 3.0f,
        "mask");
    Require(static_cast<float>(masked.Result<T>(kLanes)) == static_cast<float>(kLanes + 2), "second repeat");
    Require(static_cast<float>(masked.Result<T>(2 * kPerBlock)) == static_cast<float>(2 * kPerBlock + 2),
            "a bit of the second block, which lies two blocks on");
}

inline void Instructions()
{
    Arithmetic<float>();
    Arithmetic<half>();
    Arithmetic<int32_t>();
    Arithmetic<int16_t>();
    const Buffers fused = Result<float>("fused", [](Work &, LocalTensor<float> &x, LocalTensor<float> &y) {
        Axpy(x, y, 4.0f, 64);      // x + 8
        MulAddDst(x, y, y, 64);    // + 4
        FusedMulAdd(x, y, y, 64);  // 2 * x + 2
        Maxs(x, x, 30.0f, 64);
        Mins(x, x, 100.0f, 64);
    });
    Require(fused.Result<float>(10) == 46.0f && fused.Result<float>(1) == 30.0f &&
                fused.Result<float>(60) == 100.0f,
            "Axpy, MulAddDst, FusedMulAdd, Maxs, Mins");
    const Buffers unary = Result<float>("unary", [](Work &, LocalTensor<float> &x, LocalTensor<float> &) {
        Muls(x, x, -4.0f, 64);
        Abs(x, x, 64);
        Sqrt(x, x, 64);
        Reciprocal(x[8], x[8], 8);
        Relu(x, x, 64);
    });
    Require(unary.Result<float>(4) == 4.0f && unary.Result<float>(9) == 1.0f / 6.0f, "Abs, Sqrt, Reciprocal");
    const Buffers integer =
        Result<int16_t>("integers", [](Work &, LocalTensor<int16_t> &x, LocalTensor<int16_t> &y) {
            ShiftLeft(x, x, int16_t{4}, 64);
            ShiftRight(x, x, int16_t{1}, 64);
            Or(x, x, y, 64);
            Not(x, x, 64);
        });
    Require(integer.Result<int16_t>(5) == ~(5 * 8 | 2), "shifts, Or, Not");
    Fires("dtype", [](const Gm &) {
        Work work;
        Duplicate(work.At<int16_t>(0), int16_t{1}, 64);
        Div(work.At<uint64_t>(0), work.At<uint64_t>(0), work.At<uint64_t>(0), uint64_t{1}, 1,
            BinaryRepeatParams());
    });
    if (!kIs950) {
        Fires("dtype", [](const Gm &) {  // no bfloat16 arithmetic
            Work work;
            Duplicate(work.At<int16_t>(0), int16_t{1}, 64);
            Add(work.At<bfloat16_t>(0), work.At<bfloat16_t>(0), work.At<bfloat16_t>(0), 64);
        });
        Fires("dtype", [](const Gm &) {
            Work work;
            Duplicate(work.At<int8_t>(0), int8_t{1}, 64);
        });
    }
    Silent("dtype", [](const Gm &) {
        Work work;
        Duplicate(work.At<float>(0), 1.0f, 64);
        Div(work.At<float>(0), work.At<float>(0), work.At<float>(0), 64);
    });
}

template <typename T, typename U>
void CastOnce(RoundMode mode)
{
    Work work;
    Duplicate(work.At<uint16_t>(0), uint16_t{1}, 512);
    Cast(work.At<T>(8192), work.At<U>(0), mode, 64);
}

inline void Casts()
{
    Fires("cast_mode", [](const Gm &) { CastOnce<bfloat16_t, float>(RoundMode::CAST_NONE); });
    Fires("cast_mode", [](const Gm &) { CastOnce<int8_t, float>(RoundMode::CAST_RINT); });
    Fires("cast_mode", [](const Gm &) { CastOnce<int8_t, int32_t>(RoundMode::CAST_NONE); });
    Fires("cast_mode", [](const Gm &) { CastOnce<float, half>(RoundMode::CAST_RINT); });
    Silent("cast_mode", [](const Gm &) { CastOnce<float, half>(RoundMode::CAST_NONE); });
    Silent("cast_mode", [](const Gm &) { CastOnce<half, int8_t>(RoundMode::CAST_NONE); });
    Silent("cast_mode", [](const Gm &) { CastOnce<int8_t, half>(RoundMode::CAST_TRUNC); });
    if (kIs950) {
        Silent("cast_mode", [](const Gm &) { CastOnce<fp8_e4m3fn_t, float>(RoundMode::CAST_RINT); });
        Silent("cast_mode", [](const Gm &) { CastOnce<bfloat16_t, half>(RoundMode::CAST_RINT); });
        Fires("cast_mode", [](const Gm &) { CastOnce<fp8_e4m3fn_t, float>(RoundMode::CAST_TRUNC); });
    } else {
        Fires("cast_mode", [](const Gm &) { CastOnce<fp8_e4m3fn_t, float>(RoundMode::CAST_RINT); });
        Fires("cast_mode", [](const Gm &) { CastOnce<bfloat16_t, half>(RoundMode::CAST_RINT); });
    }
    if (kIs310P) {
        Fires("cast_mode", [](const Gm &) { CastOnce<float, bfloat16_t>(RoundMode::CAST_NONE); });
    } else {
        Silent("cast_mode", [](const Gm &) { CastOnce<float, bfloat16_t>(RoundMode::CAST_NONE); });
    }
    Fires("deq_scale", [](const Gm &) { CastOnce<half, int32_t>(RoundMode::CAST_NONE); });
    Silent("deq_scale", [](const Gm &) {
        SetDeqScale(static_cast<half>(1.0f));
        CastOnce<half, int32_t>(RoundMode::CAST_NONE);
    });
    const Buffers masked = Computes("cast with a mask", [](const Gm &gm) {
        Work work;
        Duplicate(work.At<int32_t>(4096), 0, 256);
        DataCopy(work.At<float>(0), Global<float>(gm[1]), 256);
        Order<HardEvent::MTE2_V>();
        Cast(work.At<half>(4096), work.At<float>(0), RoundMode::CAST_NONE, uint64_t{64}, 2, {1, 1, 4, 8});
        PipeBarrier<PIPE_ALL>();
        DataCopy(Global<half>(gm[2]), work.At<half>(4096), 256);
    });
    Require(float(masked.Result<half>(100)) == 100.0f && float(masked.Result<half>(128)) == 0.0f,
            "64 lanes of float a repeat, halves close up");
}

inline void Reductions()
{
    const Buffers sums = Result<float>("sums", [](Work &work, LocalTensor<float> &x, LocalTensor<float> &) {
        LocalTensor<float> out = work.At<float>(8192);
        Duplicate(out, -1.0f, 64);
        WholeReduceSum<float>(out, x, 64, 4, 1, 1, 8);
        WholeReduceMax<float>(out[8], x, 64, 2, 1, 1, 8);
        BlockReduceSum<float>(out[16], x, 1, 64, 1, 1, 8);
        ReduceSum<float>(out[24], x, work.At<float>(12288, 64), 250);
        ReduceMax<float>(out[32], x, work.At<float>(12288, 64), 250, true);
        ReduceMin<float>(out[40], x[8], work.At<float>(12288, 64), 100);
        WholeReduceSum<float>(out[48], x, 10, 1, 1, 1, 8);
        PairReduceSum<float>(x[128], x[64], 1, 64, 1, 1, 8);
        DataCopy(x, out, 64);
    });
    Require(sums.Result<float>(0) == 2016.0f && sums.Result<float>(3) == 64 * 192 + 2016.0f,
            "WholeReduceSum");
    Require(
        sums.Result<float>(8) == 63.0f && sums.Result<uint32_t>(9) == 63 && sums.Result<float>(10) == 127.0f,
        "WholeReduceMax: value and index");
    Require(sums.Result<float>(16) == 28.0f && sums.Result<float>(23) == 8 * 56 + 28.0f, "BlockReduceSum");
    Require(sums.Result<float>(24) == 250 * 249 / 2, "ReduceSum");
    Require(sums.Result<float>(32) == 249.0f && sums.Result<uint32_t>(33) == 249, "ReduceMax with index");
    Require(sums.Result<float>(40) == 8.0f && sums.Result<float>(48) == 45.0f, "ReduceMin, masked sum");
    Require(sums.Result<float>(128) == 129.0f && sums.Result<float>(159) == 253.0f, "PairReduceSum");
    const auto tree = [](float big) {  // big + 1 - big + 1: neighbours first
        return Result<float>("tree",
                             [big](Work &work, LocalTensor<float> &x, LocalTensor<float> &) {
                                 Duplicate(x, 0.0f, 256);
                                 PipeBarrier<PIPE_ALL>();
                                 x.SetValue(0, big);
                                 x.SetValue(1, 1.0f);
                                 x.SetValue(2, -big);
                                 x.SetValue(3, 1.0f);
                                 PipeBarrier<PIPE_ALL>();
                                 ReduceSum<float>(x, x, work.At<float>(8192), 256);
                             })
            .Result<float>(0);
    };
    Require(tree(16777216.0f) == 0.0f + 1.0f, "(2^24 + 1) + (-2^24 + 1) = 2^24 + (-2^24 + 1)");
    Fires("ub_out_of_range", [](const Gm &) {  // the work tensor is too small for the index
        Work work;
        Duplicate(work.At<float>(0), 1.0f, 256);
        ReduceMax<float>(work.At<float>(4096), work.At<float>(0),
                         work.At<float>(8192, kIs950 ? 32 : 32)[kIs950 ? 0 : 4], 256, true);
        if (kIs950) {  // needs none
            Duplicate(work.At<float>(0, 32), 1.0f, 9);
        }
    });
    Fires("ub_alignment", [](const Gm &) {
        Work work;
        Duplicate(work.At<float>(0), 1.0f, 64);
        BlockReduceMax<float>(work.At<float>(4096)[4], work.At<float>(0), 1, 64, 1, 1, 8);
    });
    Silent("ub_alignment", [](const Gm &) {
        Work work;
        Duplicate(work.At<float>(0), 1.0f, 64);
        WholeReduceSum<float>(work.At<float>(4096)[1], work.At<float>(0), 64, 1, 1, 1, 8);
    });
    const auto only_values = [](const Gm &) {
        Work work;
        Duplicate(work.At<float>(0), 1.0f, 64);
        WholeReduceMax<float>(work.At<float>(4096), work.At<float>(0), 64, 1, 1, 1, 8,
                              ReduceOrder::ORDER_ONLY_VALUE);
    };
    if (kIs310P) {
        Fires("not_on_target", only_values);
    } else {
        Silent("not_on_target", only_values);
    }
}

inline void Selections()
{
    const Buffers chosen =
        Result<float>("select", [](Work &work, LocalTensor<float> &x, LocalTensor<float> &y) {
            LocalTensor<uint8_t> bits = work.At<uint8_t>(8192, 32);
            Compares(bits, x, 10.0f, CMPMODE::LT, 128);
            Select(x, bits, x, y, SELMODE::VSEL_TENSOR_TENSOR_MODE, 64);
            Select(x[64], bits, x[64], -1.0f, SELMODE::VSEL_TENSOR_SCALAR_MODE, 64);
            Compare(bits, x, y, CMPMODE::EQ, 64);
            PipeBarrier<PIPE_ALL>();
            x.SetValue(255, static_cast<float>(bits.GetValue(0)));
        });
    Require(chosen.Result<float>(9) == 9.0f && chosen.Result<float>(10) == 2.0f, "Compares and Select");
    Require(chosen.Result<float>(64) == 64.0f && chosen.Result<float>(74) == -1.0f, "Select with a scalar");
    Require(chosen.Result<float>(255) == 4.0f, "Compare: a bit for each element, the first one lowest");
    Fires("count", [](const Gm &) {
        Work work;
        Duplicate(work.At<float>(0), 1.0f, 128);
        Compares(work.At<uint8_t>(4096), work.At<float>(0), 1.0f, CMPMODE::LT, 100);
    });
    Fires("gather_offset", [](const Gm &) {
        Work work;
        Duplicate(work.At<float>(0), 1.0f, 64);
        Duplicate(work.At<uint32_t>(4096), 256U, 8);
        Gather(work.At<float>(8192), work.At<float>(0, 256), work.At<uint32_t>(4096), 0, 8);
    });
    Silent("gather_offset", [](const Gm &) {
        Work work;
        Duplicate(work.At<float>(0), 1.0f, 64);
        Duplicate(work.At<uint32_t>(4096), 252U, 8);
        Gather(work.At<float>(8192), work.At<float>(0, 256), work.At<uint32_t>(4096), 0, 8);
    });
    const Buffers moved = Result<float>("moves", [](Work &work, LocalTensor<float> &x, LocalTensor<float> &) {
        LocalTensor<float> out = work.At<float>(8192);
        Duplicate(out, 0.0f, 256);
        Brcb(out, x[8], 1, BrcbRepeatParams(1, 8));
        uint64_t kept = 0;
        GatherMask(out[64], x, uint8_t{2}, false, 0, GatherMaskParams(1, 2, 8, 0), kept);
        Require(kept == 64, "GatherMask counts what it keeps");
        DataCopy(x, out, 256);
    });
    Require(moved.Result<float>(0) == 8.0f && moved.Result<float>(63) == 15.0f, "Brcb");
    Require(moved.Result<float>(64) == 1.0f && moved.Result<float>(127) == 127.0f,
            "GatherMask of odd elements");
    const Buffers turned =
        Result<int16_t>("turns", [](Work &work, LocalTensor<int16_t> &x, LocalTensor<int16_t> &) {
            Transpose(work.At<int16_t>(8192), x);
            DataCopy(x, work.At<int16_t>(8192), 256);
        });
    Require(turned.Result<int16_t>(1) == 16 && turned.Result<int16_t>(16) == 1, "Transpose");
    if (kIs310P) {
        return;
    }
    const Buffers sorted =
        Result<float>("sorts", [](Work &work, LocalTensor<float> &x, LocalTensor<float> &) {
            CreateVecIndex(work.At<int32_t>(12288), 5, 32);
            Sort32(work.At<float>(8192), x, work.At<uint32_t>(12288), 1);
            DataCopy(x, work.At<float>(8192), 64);
        });
    Require(sorted.Result<float>(0) == 31.0f && sorted.Result<uint32_t>(1) == 36 &&
                sorted.Result<float>(62) == 0.0f,
            "Sort32: the largest first, each with its index");
}

inline void TooMany()
{
    const auto wait = [](int lines) {
        for (int line = 1; line <= lines; ++line) {
            WaitFlag<HardEvent::MTE2_V>(0, ascendc_model::Where::At("kernel", line));
        }
    };
    Buffers buffers;
    const auto violations = Play({}, buffers, [&](const Gm &) { wait(500); });
    Require(violations.size() == 201, "a run stops when there are too many kinds of violations");
    g_fired.insert("too_many");
    Silent("too_many", [](const Gm &) {});
}

}  // namespace harness
