// Rows of float to int8 with a scale for each row; `mistake` plants one of the mistakes that ports make.
#pragma once

#include "harness.h"

namespace harness {

// What can be wrong with the kernel below, and what the model calls it.
struct Mistake {
    const char *name;
    const char *check;  // "result": nothing is against a rule, but the numbers are wrong
};

constexpr Mistake kQuantiseMistakes[] = {
    {"none", ""},
    {"UB offset of 16 bytes", "ub_alignment"},
    {"count in bytes where elements are meant", "ub_out_of_range"},
    {"count of elements where bytes are meant", "ub_uninitialised"},
    {"no EnQue and DeQue on the way in", "ub_read_before_write_done"},
    {"no event between vector and scalar", "ub_read_before_write_done"},
    {"no event between scalar and vector", "ub_read_before_write_done"},
    {"no event before the scalar writes a buffer again", "ub_write_before_read_done"},
    {"no event before the vector writes what the scalar read", "ub_write_before_read_done"},
    {"no EnQue and DeQue on the way out", "ub_read_before_write_done"},
    {"Cast from int32 to half without SetDeqScale", "deq_scale"},
    {"Cast from float to int8", "cast_mode"},
    {"Cast from float to int32 with CAST_NONE", "cast_mode"},
    {"work tensor of one element", "ub_out_of_range"},
    {"UB that is not there", "ub_capacity"},
    {"FreeTensor is missing on the way in", "queue_state"},
    {"FreeTensor is missing on the way out", "queue_state"},
    {"FreeTensor before the last use", "ub_use_after_free"},
    {"a tail that is rounded down", "copy_length"},
    {"a tail that is rounded up over the next row", "gm_race"},
    {"rows of the neighbour core", "gm_race"},
    {"one row too many", "gm_out_of_range"},
    {"the scale's line is written by SetValue", "dcache_shared_line"},
    {"reduction over the filler too", "result"},
    {"the buffer of TBuf is one block too small", "ub_out_of_range"},
    {"repeat count of 256", "field_overflow"},
    {"EnQue twice", "queue_state"},
    {"event set and not waited for", "event_not_waited"},
    {"event waited for and not set", "event_not_set"},
    {"bfloat16 is added without a cast", "dtype"},
    {"reduction reads what nothing wrote", "ub_uninitialised"},
    {"the result overlaps its operand in part", "operand_overlap"},
};
constexpr int kQuantiseCount = sizeof(kQuantiseMistakes) / sizeof(kQuantiseMistakes[0]);

constexpr uint32_t kRows = 24;
constexpr uint32_t kColumns = 75;        // 300 bytes: a tail of 12
constexpr uint32_t kPadded = 80;         // up to whole blocks of floats
constexpr uint32_t kRowBytes = 96;       // of int8 in GM
constexpr uint32_t kScaleOffset = 8192;  // the scales lie behind the rows, 4 bytes each

class Quantise {
public:
    explicit Quantise(const Gm &gm, int mistake) : mistake_(mistake)
    {
        rows_ = Global<float>(gm[1]);
        out_ = Global<int8_t>(gm[2]);
        scales_ = Global<float>(gm[2], kScaleOffset);
        pipe_.InitBuffer(in_, 2, kPadded * sizeof(float));
        pipe_.InitBuffer(codes_, 2, kRowBytes);
        pipe_.InitBuffer(scale_, 2, 32);
        pipe_.InitBuffer(float_, kPadded * sizeof(float));
        pipe_.InitBuffer(
            int_, kPadded * sizeof(int32_t) - (Is("the buffer of TBuf is one block too small") ? 32 : 0));
        pipe_.InitBuffer(half_, kPadded * sizeof(half) + (Is("UB that is not there") ? 300000 : 0));
        pipe_.InitBuffer(work_, 32);
        if (!Is("Cast from int32 to half without SetDeqScale")) {
            SetDeqScale(static_cast<half>(1.0f));
        }
    }

    void Process()
    {
        const uint32_t step = static_cast<uint32_t>(GetBlockNum());
        uint32_t first = static_cast<uint32_t>(GetBlockIdx());
        first = Is("rows of the neighbour core") && first == 1 ? 0 : first;
        const uint32_t end = Is("one row too many") ? kRows + 200 : kRows;
        for (uint32_t row = first; row < end; row += step) {
            Load(row);
            Compute();
            Store(row);
        }
    }

private:
    bool Is(const char *name) const { return std::string(kQuantiseMistakes[mistake_].name) == name; }

    void Load(uint32_t row)
    {
        LocalTensor<float> x = in_.AllocTensor<float>();
        const uint32_t bytes = Is("count of elements where bytes are meant") ? 76 : kColumns * sizeof(float);
        if (Is("a tail that is rounded down")) {
            DataCopy(x, rows_[row * kPadded], kColumns);
        } else {
            DataCopyPad(x, rows_[row * kPadded], DataCopyExtParams(1, bytes, 0, 0, 0),
                        DataCopyPadExtParams<float>(true, 0, 5, 1e9f));
        }
        if (Is("no EnQue and DeQue on the way in")) {
            loaded_ = x;
            return;
        }
        in_.EnQue(x);
        if (Is("EnQue twice")) {
            in_.EnQue(x);
        }
        loaded_ = in_.DeQue<float>();
    }

    float Amax()
    {
        LocalTensor<float> magnitude = float_.Get<float>();
        LocalTensor<float> best = work_.Get<float>();
        const bool has_filler = Is("reduction over the filler too");
        const uint32_t count = Is("count in bytes where elements are meant") ? kColumns * sizeof(float)
                             : has_filler                                    ? kPadded
                                                                             : kColumns;
        if (Is("UB offset of 16 bytes")) {
            Abs(magnitude[4], loaded_[4], 8);
        }
        if (Is("the result overlaps its operand in part")) {
            Abs(loaded_[8], loaded_, 40);
        }
        if (Is("repeat count of 256")) {
            const int repeats = 256;
            Muls(magnitude, loaded_, 1.0f, uint64_t{8}, repeats, UnaryRepeatParams(1, 1, 0, 0));
        }
        Abs(magnitude, loaded_, static_cast<int32_t>(count));
        const bool is_wide = has_filler || Is("reduction reads what nothing wrote");
        LocalTensor<float> work = Is("work tensor of one element") ? best[7] : magnitude;
        ReduceMax<float>(best, magnitude, work, static_cast<int32_t>(is_wide ? kPadded : kColumns));
        if (!Is("no event between vector and scalar")) {
            Order<HardEvent::V_S>();
        }
        const float amax = best.GetValue(0);
        if (!Is("no event before the vector writes what the scalar read")) {
            Order<HardEvent::S_V>();
        }
        return amax;
    }

    void Compute()
    {
        const float amax = Amax();
        const float factor = amax > 0 ? 127.0f / amax : 0.0f;
        LocalTensor<float> scaled = float_.Get<float>();
        LocalTensor<int32_t> whole = int_.Get<int32_t>();
        LocalTensor<half> narrow = half_.Get<half>();
        LocalTensor<int8_t> codes = codes_.AllocTensor<int8_t>();
        LocalTensor<float> scale = scale_.AllocTensor<float>();
        if (Is("FreeTensor before the last use")) {
            in_.FreeTensor(loaded_);
        }
        Muls(scaled, loaded_, factor, kColumns);
        if (!Is("FreeTensor before the last use") && !Is("FreeTensor is missing on the way in")) {
            in_.FreeTensor(loaded_);
        }
        if (Is("Cast from float to int8")) {
            Cast(codes, scaled, RoundMode::CAST_RINT, kColumns);
        }
        if (Is("bfloat16 is added without a cast")) {
            LocalTensor<bfloat16_t> wrong = scaled.ReinterpretCast<bfloat16_t>();
            Add(wrong, wrong, wrong, 16);
        }
        const bool is_none = Is("Cast from float to int32 with CAST_NONE");
        Cast(whole, scaled, is_none ? RoundMode::CAST_NONE : RoundMode::CAST_RINT, kColumns);
        Cast(narrow, whole, RoundMode::CAST_NONE, kColumns);
        Cast(codes, narrow, RoundMode::CAST_TRUNC, kColumns);
        if (!Is("no event before the scalar writes a buffer again")) {
            Order<HardEvent::MTE3_S>();
        }
        scale.SetValue(0, amax / 127.0f);
        if (Is("no event between scalar and vector")) {
            Muls(scale, scale, 1.0f, 1);
        }
        Order<HardEvent::S_MTE3>();
        if (Is("event set and not waited for")) {
            SetFlag<HardEvent::S_V>(5);
        }
        if (Is("event waited for and not set")) {
            WaitFlag<HardEvent::S_V>(5);
        }
        if (Is("no EnQue and DeQue on the way out")) {
            stored_ = codes;
        } else {
            codes_.EnQue(codes);
            stored_ = codes_.DeQue<int8_t>();
        }
        scale_.EnQue(scale);
    }

    void Store(uint32_t row)
    {
        const uint32_t row_elements =
            Is("a tail that is rounded up over the next row") ? kColumns : kRowBytes;
        if (Is("a tail that is rounded up over the next row")) {
            DataCopy(out_[row * row_elements], stored_, kRowBytes);
        } else {
            DataCopyPad(out_[row * row_elements], stored_, DataCopyExtParams(1, kColumns, 0, 0, 0));
        }
        LocalTensor<float> scale = scale_.DeQue<float>();
        if (Is("the scale's line is written by SetValue")) {
            scales_.SetValue(row, 1.0f);
        } else {
            DataCopyPad(scales_[row], scale, DataCopyExtParams(1, sizeof(float), 0, 0, 0));
        }
        if (!Is("FreeTensor is missing on the way out")) {
            codes_.FreeTensor(stored_);
        }
        scale_.FreeTensor(scale);
    }

    int mistake_;
    TPipe pipe_;
    GlobalTensor<float> rows_;
    GlobalTensor<int8_t> out_;
    GlobalTensor<float> scales_;
    TQue<TPosition::VECIN, 1> in_;
    TQue<TPosition::VECOUT, 1> codes_;
    TQue<TPosition::VECOUT, 1> scale_;
    TBuf<TPosition::VECCALC> float_;
    TBuf<TPosition::VECCALC> int_;
    TBuf<TPosition::VECCALC> half_;
    TBuf<TPosition::VECCALC> work_;
    LocalTensor<float> loaded_;
    LocalTensor<int8_t> stored_;
};

}  // namespace harness
