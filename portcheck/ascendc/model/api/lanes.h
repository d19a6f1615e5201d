// Which elements a vector instruction works on, and where they lie.
//
// asc-devkit: docs/zh/api/SIMD-API/基础API/Memory矢量计算/SIMD计算说明/高维切分.md
#pragma once

#include <cstdint>

#include "fields.h"
#include "tensor.h"

namespace ascendc_model {

// The masked elements of each repeat; or the first `count` elements, as one long repeat.
class Lanes {
public:
    static Lanes Count(int64_t count)
    {
        return Lanes(count < 0 ? 0 : static_cast<uint64_t>(count), 1, true, true);
    }

    // `per_repeat`: 256 bytes of the widest operand. A mask is the number of elements from the first on …
    template <typename N, std::enable_if_t<std::is_integral_v<N>, int> = 0>
    static Lanes Mask(N mask, uint32_t repeats, uint32_t per_repeat)
    {
        Lanes lanes(per_repeat, repeats, false, false);
        for (uint32_t lane = 0; lane < per_repeat && lane < static_cast<uint64_t>(mask); ++lane) {
            lanes.bits_[lane / 64] |= 1ULL << (lane % 64);
        }
        return lanes;
    }

    // … or one bit for each.
    static Lanes Mask(const uint64_t mask[], uint32_t repeats, uint32_t per_repeat)
    {
        Lanes lanes(per_repeat, repeats, false, false);
        for (uint32_t lane = 0; lane < per_repeat && lane < 128; ++lane) {
            lanes.bits_[lane / 64] |= mask[lane / 64] & (1ULL << (lane % 64));
        }
        return lanes;
    }

    // `count` elements, repeat after repeat.
    static Lanes Counter(uint64_t count, uint32_t per_repeat)
    {
        const uint64_t repeats = (count + per_repeat - 1) / per_repeat;
        Lanes lanes = Mask(uint64_t{per_repeat}, static_cast<uint32_t>(repeats), per_repeat);
        lanes.last_ = count % per_repeat == 0 ? per_repeat : count % per_repeat;
        return lanes;
    }

    // All of `per_repeat` lanes, which may be more than 256 bytes.
    static Lanes Long(uint64_t per_repeat, uint32_t repeats)
    {
        return Lanes(per_repeat, repeats, false, true);
    }

    bool Has(uint64_t lane) const { return is_full_ || ((bits_[(lane / 64) & 3] >> (lane % 64)) & 1) != 0; }

    bool HasIn(uint32_t repeat, uint64_t lane) const
    {
        return Has(lane) && (repeat + 1 < repeats_ || lane < last_);
    }

    uint64_t PerRepeat() const { return per_repeat_; }
    uint32_t Repeats() const { return repeats_; }
    bool IsCount() const { return is_count_; }

    // The lane after the last one of the last repeat; 0: none.
    uint64_t End() const
    {
        uint64_t end = per_repeat_ < last_ ? per_repeat_ : last_;
        while (end > 0 && !Has(end - 1)) {
            --end;
        }
        return end;
    }

    template <typename Visit>
    void Each(Visit visit) const
    {
        for (uint32_t repeat = 0; repeat < repeats_; ++repeat) {
            for (uint64_t lane = 0; lane < per_repeat_; ++lane) {
                if (HasIn(repeat, lane)) {
                    visit(repeat, lane);
                }
            }
        }
    }

private:
    Lanes(uint64_t per_repeat, uint32_t repeats, bool is_count, bool is_full)
        : per_repeat_(per_repeat),
          repeats_(repeats),
          is_count_(is_count),
          is_full_(is_full)
    {}

    uint64_t per_repeat_;
    uint32_t repeats_;
    bool is_count_;
    bool is_full_;
    uint64_t last_ = ~0ULL;  // lanes of the last repeat
    uint64_t bits_[4] = {0, 0, 0, 0};
};

// An operand of a vector instruction; strides in 32-byte blocks.
struct Operand {
    const char *name;
    UbView view;
    uint32_t element_bytes;
    uint32_t block_stride = 1;
    uint32_t repeat_stride = 8;

    uint64_t Offset(uint32_t repeat, uint64_t lane) const
    {
        const uint64_t per_block = kBlockBytes / element_bytes;
        return uint64_t{repeat} * repeat_stride * kBlockBytes +
               lane / per_block * block_stride * kBlockBytes + lane % per_block * element_bytes;
    }

    uint32_t At(uint32_t repeat, uint64_t lane) const
    {
        return view.begin + static_cast<uint32_t>(Offset(repeat, lane));
    }

    uint64_t Extent(const Lanes &lanes) const
    {
        const uint64_t end = lanes.End();
        return end == 0 || lanes.Repeats() == 0 ? 0 : Offset(lanes.Repeats() - 1, end - 1) + element_bytes;
    }
};

template <typename T>
Operand OperandOf(const char *name, const AscendC::LocalTensor<T> &tensor, uint32_t block_stride = 1,
                  uint32_t repeat_stride = 8)
{
    return {name, tensor.View(), sizeof(T), block_stride, repeat_stride};
}

inline void Touch(const Operand &operand, const Lanes &lanes, const Access &access, bool is_write)
{
    Spans spans(access, is_write);
    if (lanes.IsCount()) {
        spans.Add(operand.view.begin, lanes.PerRepeat() * operand.element_bytes);
        return;
    }
    lanes.Each(
        [&](uint32_t repeat, uint64_t lane) { spans.Add(operand.At(repeat, lane), operand.element_bytes); });
}

// Operands may be the same or apart, not something between. asc-devkit: docs/…/通用说明和约束.md:70-71
inline void CheckOverlap(const char *api, const Operand &dst, const Operand &src, const Lanes &lanes,
                         Where where)
{
    if (!lanes.IsCount() || dst.view.begin == src.view.begin) {
        return;
    }
    const uint64_t dst_end = dst.view.begin + dst.Extent(lanes);
    const uint64_t src_end = src.view.begin + src.Extent(lanes);
    if (dst.view.begin < src_end && src.view.begin < dst_end) {
        Report(Check::operand_overlap, where, api, dst.name, src.name);
    }
}

// Checks all operands, dst first, and notes what is read and written. False: do nothing.
inline bool Prepare(const char *api, const Operand &dst, std::initializer_list<Operand> sources,
                    const Lanes &lanes, Where where)
{
    const Access access = Issue(kVector, api, where);
    bool is_good =
        dst.Extent(lanes) > 0 && CheckOperand(dst.view, api, dst.name, dst.Extent(lanes), kBlockBytes, where);
    for (const Operand &src : sources) {
        is_good = is_good && CheckOperand(src.view, api, src.name, src.Extent(lanes), kBlockBytes, where);
    }
    if (!is_good) {
        return false;
    }
    for (const Operand &src : sources) {
        CheckOverlap(api, dst, src, lanes, where);
        Touch(src, lanes, access, false);
    }
    Touch(dst, lanes, access, true);
    return true;
}

// A mask is an integer, the number of elements, or an array of two, a bit for each element.
template <typename M>
using IfMask = std::enable_if_t<std::is_integral_v<M> || std::is_convertible_v<M, const uint64_t *>, int>;

// The lanes of a call with mask and repeatTime. In counter mode the mask is the number of elements of the
// whole call and repeatTime counts for nothing; with isSetMask = false the mask register stands in for it.
template <uint32_t per_repeat, bool is_set_mask, typename M>
Lanes MaskedLanes(const char *api, M mask, U8 repeats, Where where)
{
    repeats.Verify(api, "repeatTime", where);
    const Block &core = Core();
    if constexpr (std::is_integral_v<M>) {
        const uint64_t count = is_set_mask ? static_cast<uint64_t>(mask) : core.mask[0];
        if (core.is_mask_counter) {
            return Lanes::Counter(count, per_repeat);
        }
        if (is_set_mask && count > per_repeat) {
            Report(Check::count, where, api, "mask", count,
                   std::string("at most ") + std::to_string(per_repeat));
        }
        return is_set_mask ? Lanes::Mask(count, repeats, per_repeat)
                           : Lanes::Mask(core.mask, repeats, per_repeat);
    } else {
        return Lanes::Mask(is_set_mask ? static_cast<const uint64_t *>(mask) : core.mask, repeats,
                           per_repeat);
    }
}

}  // namespace ascendc_model
