// Reductions: of a whole tensor, of each repeat, of each 32-byte block, of pairs.
//
// asc-devkit: docs/zh/api/SIMD-API/基础API/Memory矢量计算/归约计算/; the sizes of the work tensor also
// ascendc_official_checks.md, section 2. Sums are binary trees over neighbours, rounded at each node.
#pragma once

#include <limits>
#include <vector>

#include "vector.h"

namespace AscendC {

enum class ReduceOrder : uint8_t {
    ORDER_VALUE_INDEX = 0,
    ORDER_INDEX_VALUE,
    ORDER_ONLY_VALUE,
    ORDER_ONLY_INDEX
};
enum class ReduceType : uint8_t { SUM = 0, MAX, MIN };

}  // namespace AscendC

namespace ascendc_model {

using AscendC::ReduceOrder;
using AscendC::ReduceType;

constexpr DtypeSet kReduced3510 = kWords16 | kWords32 | kFloats;
constexpr Rule kReduceMax{"ReduceMax", kFloats, kFloats, kReduced3510 | kWords64};
constexpr Rule kReduceMin{"ReduceMin", kFloats, kFloats, kReduced3510 | kWords64};
constexpr Rule kReduceSum{"ReduceSum", kFloats, kFloats, kFloats | kWords64};
constexpr Rule kWholeReduceMax{"WholeReduceMax", kFloats, kFloats, kReduced3510};
constexpr Rule kWholeReduceMin{"WholeReduceMin", kFloats, kFloats, kReduced3510};
constexpr Rule kWholeReduceSum{"WholeReduceSum", kFloats, kFloats, kReduced3510};
constexpr Rule kBlockReduceMax{"BlockReduceMax", kFloats, kFloats, kFloats};
constexpr Rule kBlockReduceMin{"BlockReduceMin", kFloats, kFloats, kFloats};
constexpr Rule kBlockReduceSum{"BlockReduceSum", kFloats, kFloats, kFloats};
constexpr Rule kPairReduceSum{"PairReduceSum", kFloats, kFloats, kFloats};

template <typename T>
T SumOf(T a, T b)
{
    return Narrow<T>(AddOf(Widen(a), Widen(b)));
}

// Neighbours are added until one number is left; lanes that are masked out count as 0.
template <typename T>
T TreeSum(std::vector<T> values)
{
    while (values.size() > 1) {
        std::vector<T> sums;
        for (size_t i = 0; i < values.size(); i += 2) {
            sums.push_back(i + 1 < values.size() ? SumOf(values[i], values[i + 1]) : values[i]);
        }
        values = sums;
    }
    return values.empty() ? static_cast<T>(0) : values[0];
}

// The lanes [begin, end) of a repeat; those that are masked out as 0.
template <typename T>
std::vector<T> Values(const Operand &src, const Lanes &lanes, uint32_t repeat, uint64_t begin, uint64_t end)
{
    std::vector<T> values;
    for (uint64_t lane = begin; lane < end; ++lane) {
        values.push_back(lanes.HasIn(repeat, lane) ? LoadUb<T>(src.At(repeat, lane)) : static_cast<T>(0));
    }
    return values;
}

template <typename T>
struct Best {
    T value = static_cast<T>(0);
    uint64_t index = 0;
    bool is_found = false;

    // The first of equal ones stays; NaN wins and stays.
    void Take(T candidate, uint64_t at, bool is_max)
    {
        const Wide<T> a = Widen(value);
        const Wide<T> b = Widen(candidate);
        const bool is_better = b != b ? a == a : is_max ? b > a : b < a;
        if (!is_found || is_better) {
            value = candidate;
            index = at;
            is_found = true;
        }
    }
};

template <typename T>
Best<T> BestOf(const Operand &src, const Lanes &lanes, uint32_t repeat, uint64_t begin, uint64_t end,
               bool is_max)
{
    Best<T> best;
    for (uint64_t lane = begin; lane < end; ++lane) {
        if (lanes.HasIn(repeat, lane)) {
            best.Take(LoadUb<T>(src.At(repeat, lane)), lane, is_max);
        }
    }
    return best;
}

// An index as bits of the result's type.
template <typename T>
T IndexBits(uint64_t index)
{
    T bits;
    const uint64_t whole = index;
    std::memcpy(&bits, &whole, sizeof(T));
    return bits;
}

struct Reduced {
    UbView view;
    uint64_t bytes;
    uint32_t align;
};

inline bool PrepareReduction(const char *api, const Reduced &dst, const Operand &src, const Lanes &lanes,
                             Where where)
{
    const uint64_t read = src.Extent(lanes);
    if (read == 0 || !CheckOperand(dst.view, api, "dst", dst.bytes, dst.align, where) ||
        !CheckOperand(src.view, api, "src", read, kBlockBytes, where)) {
        Issue(kVector, api, where);
        return false;
    }
    const Access access = Issue(kVector, api, where);
    Touch(src, lanes, access, false);
    UbWrite(dst.view.begin, dst.bytes, access);
    return true;
}

constexpr uint64_t RoundUpTo(uint64_t number, uint64_t unit) { return (number + unit - 1) / unit * unit; }

// Elements that ReduceMax and ReduceMin need for what they keep between their rounds.
template <typename T>
uint64_t WorkElements(uint64_t repeats, bool with_index)
{
    const uint64_t per_block = kBlockBytes / sizeof(T);
    const uint64_t first = 2 * repeats;
    if (!with_index || repeats == 1) {
        return first;
    }
    const uint64_t second = 2 * ((first + PerRepeat<T>() - 1) / PerRepeat<T>());
    uint64_t needed = RoundUpTo(first, per_block) + second;
    if (second > 2) {
        needed = RoundUpTo(first, per_block) + RoundUpTo(second, per_block) + 2;
    }
    return needed;
}

// The work tensor is written where the device keeps what it has between its rounds.
template <typename T>
bool UseWork(const char *api, const UbView &work, uint64_t elements, const UbView &src, Where where)
{
    const bool is_src = work.begin == src.begin && work.buffer == src.buffer;
    if (!CheckOperand(work, api, "sharedTmpBuffer", elements * sizeof(T), sizeof(T), where)) {
        return false;
    }
    if (!is_src) {
        const Access access = Issue(kVector, api, where);
        UbWrite(work.begin, elements * sizeof(T), access);
    }
    return true;
}

// The largest or smallest of all lanes; the index counts the lanes of all repeats.
template <typename T>
void ReduceBest(const Rule &rule, const UbView &dst, const Operand &src, const UbView &work,
                const Lanes &lanes, bool with_index, bool is_max, Where where)
{
    CheckDtype<T>(rule, lanes.IsCount(), where);
    const uint64_t repeats =
        lanes.IsCount() ? (lanes.PerRepeat() + PerRepeat<T>() - 1) / PerRepeat<T>() : lanes.Repeats();
    if (!kIs950 && !UseWork<T>(rule.api, work, WorkElements<T>(repeats, with_index), src.view, where)) {
        return;
    }
    const Reduced result{dst, (with_index ? 2 : 1) * sizeof(T), sizeof(T)};
    if (!PrepareReduction(rule.api, result, src, lanes, where)) {
        return;
    }
    Best<T> best;
    lanes.Each([&](uint32_t repeat, uint64_t lane) {
        best.Take(LoadUb<T>(src.At(repeat, lane)), repeat * lanes.PerRepeat() + lane, is_max);
    });
    StoreUb<T>(dst.begin, best.value);
    if (with_index) {
        StoreUb<T>(static_cast<uint32_t>(dst.begin + sizeof(T)), IndexBits<T>(best.index));
    }
}

// ReduceSum.md: on 2201 the repeats of a count form are added in order; on 950 a count form of 256 to 1024
// bytes adds repeats lane by lane first; otherwise the sums of the repeats form a tree.
template <typename T>
T TotalOf(const Operand &src, const Lanes &lanes)
{
    const uint64_t per_repeat = PerRepeat<T>();
    std::vector<std::vector<T>> repeats;
    for (uint32_t repeat = 0; repeat < lanes.Repeats(); ++repeat) {
        for (uint64_t lane = 0; lane < lanes.PerRepeat(); lane += per_repeat) {
            const uint64_t end = std::min(lane + per_repeat, lanes.PerRepeat());
            std::vector<T> values = Values<T>(src, lanes, repeat, lane, end);
            values.resize(per_repeat, static_cast<T>(0));
            repeats.push_back(values);
        }
    }
    const uint64_t bytes = lanes.PerRepeat() * sizeof(T);
    if (kIs950 && lanes.IsCount() && (sizeof(T) == 8 || (bytes >= 256 && bytes <= 1024))) {
        std::vector<T> sums(per_repeat, static_cast<T>(0));
        for (const std::vector<T> &values : repeats) {
            for (uint64_t i = 0; i < per_repeat; ++i) {
                sums[i] = SumOf(sums[i], values[i]);
            }
        }
        return TreeSum(sums);
    }
    std::vector<T> sums;
    for (const std::vector<T> &values : repeats) {
        sums.push_back(TreeSum(values));
    }
    if (kArch != 2201 || !lanes.IsCount()) {
        return TreeSum(sums);
    }
    T total = sums.empty() ? static_cast<T>(0) : sums[0];
    for (size_t i = 1; i < sums.size(); ++i) {
        total = SumOf(total, sums[i]);
    }
    return total;
}

template <typename T>
void ReduceTotal(const UbView &dst, const Operand &src, const UbView &work, const Lanes &lanes, Where where)
{
    CheckDtype<T>(kReduceSum, lanes.IsCount(), where);
    const uint64_t repeats =
        lanes.IsCount() ? (lanes.PerRepeat() + PerRepeat<T>() - 1) / PerRepeat<T>() : lanes.Repeats();
    if (!UseWork<T>("ReduceSum", work, repeats, src.view, where)) {
        return;
    }
    if (PrepareReduction("ReduceSum", {dst, sizeof(T), sizeof(T)}, src, lanes, where)) {
        StoreUb<T>(dst.begin, TotalOf<T>(src, lanes));
    }
}

// The bytes of one result of a WholeReduce, and how far apart results are.
template <typename T>
constexpr uint32_t ResultBytes(ReduceOrder order)
{
    return order == ReduceOrder::ORDER_ONLY_VALUE ? sizeof(T)
         : order == ReduceOrder::ORDER_ONLY_INDEX ? sizeof(uint32_t)
                                                  : 2 * sizeof(T);
}

template <typename T>
void StoreBest(uint32_t at, const Best<T> &best, ReduceOrder order)
{
    switch (order) {
        case ReduceOrder::ORDER_ONLY_VALUE: return StoreUb<T>(at, best.value);
        case ReduceOrder::ORDER_ONLY_INDEX: return StoreUb<uint32_t>(at, static_cast<uint32_t>(best.index));
        case ReduceOrder::ORDER_INDEX_VALUE:
            StoreUb<T>(at, IndexBits<T>(best.index));
            return StoreUb<T>(static_cast<uint32_t>(at + sizeof(T)), best.value);
        default:
            StoreUb<T>(at, best.value);
            return StoreUb<T>(static_cast<uint32_t>(at + sizeof(T)), IndexBits<T>(best.index));
    }
}

// One result for each repeat.
template <typename T>
void WholeReduce(const Rule &rule, ReduceType type, const UbView &dst, const Operand &src, const Lanes &lanes,
                 uint32_t dst_repeat_stride, ReduceOrder order, Where where)
{
    CheckDtype<T>(rule, false, where);
    const bool has_value_only =
        order == ReduceOrder::ORDER_ONLY_VALUE || order == ReduceOrder::ORDER_ONLY_INDEX;
    if (type != ReduceType::SUM && kIs310P && has_value_only) {
        Report(Check::not_on_target, where,
               std::string(rule.api) + " with ORDER_ONLY_VALUE or ORDER_ONLY_INDEX");
    }
    const uint32_t bytes = type == ReduceType::SUM ? sizeof(T) : ResultBytes<T>(order);
    const uint64_t step = uint64_t{dst_repeat_stride} * bytes;
    const uint64_t extent = lanes.Repeats() == 0 ? 0 : (lanes.Repeats() - 1) * step + bytes;
    if (!PrepareReduction(rule.api, {dst, extent, bytes}, src, lanes, where)) {
        return;
    }
    for (uint32_t repeat = 0; repeat < lanes.Repeats(); ++repeat) {
        const uint32_t at = static_cast<uint32_t>(dst.begin + repeat * step);
        if (type == ReduceType::SUM) {
            StoreUb<T>(at, TreeSum(Values<T>(src, lanes, repeat, 0, lanes.PerRepeat())));
        } else {
            const bool is_max = type == ReduceType::MAX;
            StoreBest<T>(at, BestOf<T>(src, lanes, repeat, 0, lanes.PerRepeat(), is_max), order);
        }
    }
}

// One result for each group of lanes of a repeat: a 32-byte block, or a pair. Groups without a lane
// leave dst as it is; on 950 they are filled (ReduceDataBlock.md, ReducePairElem.md).
template <typename T>
void GroupReduce(const Rule &rule, ReduceType type, uint64_t group, uint32_t align, const UbView &dst,
                 const Operand &src, const Lanes &lanes, uint32_t dst_repeat_stride, Where where)
{
    CheckDtype<T>(rule, false, where);
    const uint64_t results = PerRepeat<T>() / group;
    const uint64_t step = uint64_t{dst_repeat_stride} * results * sizeof(T);
    const uint64_t used = kIs950 ? results : (lanes.End() + group - 1) / group;
    const uint64_t extent = lanes.Repeats() == 0 ? 0 : (lanes.Repeats() - 1) * step + used * sizeof(T);
    if (!PrepareReduction(rule.api, {dst, extent, align}, src, lanes, where)) {
        return;
    }
    for (uint32_t repeat = 0; repeat < lanes.Repeats(); ++repeat) {
        for (uint64_t i = 0; i < used; ++i) {
            const uint32_t at = static_cast<uint32_t>(dst.begin + repeat * step + i * sizeof(T));
            const Best<T> best =
                BestOf<T>(src, lanes, repeat, i * group, (i + 1) * group, type != ReduceType::MIN);
            if (best.is_found && type == ReduceType::SUM) {
                StoreUb<T>(at, TreeSum(Values<T>(src, lanes, repeat, i * group, (i + 1) * group)));
            } else if (best.is_found) {
                StoreUb<T>(at, best.value);
            } else if (kIs950) {
                const float infinity = std::numeric_limits<float>::infinity();
                StoreUb<T>(at, static_cast<T>(type == ReduceType::SUM   ? 0.0f
                                              : type == ReduceType::MAX ? -infinity
                                                                        : infinity));
            }
        }
    }
}

}  // namespace ascendc_model

#define ASCENDC_MODEL_REDUCE_BEST(Name, is_max)                                                              \
    template <typename T>                                                                                    \
    void Name(const LocalTensor<T> &dst, const LocalTensor<T> &src, const LocalTensor<T> &sharedTmpBuffer,   \
              int32_t count, bool calIndex = false, Where where = Here())                                    \
    {                                                                                                        \
        using namespace ascendc_model;                                                                       \
        ReduceBest<T>(k##Name, dst.View(), OperandOf("src", src), sharedTmpBuffer.View(),                    \
                      Lanes::Count(count), calIndex, is_max, where);                                         \
    }                                                                                                        \
    template <typename T, typename M, ascendc_model::IfMask<M> = 0>                                          \
    void Name(const LocalTensor<T> &dst, const LocalTensor<T> &src, const LocalTensor<T> &sharedTmpBuffer,   \
              M mask, int32_t repeatTime, U16 srcRepStride, bool calIndex = false, Where where = Here())     \
    {                                                                                                        \
        using namespace ascendc_model;                                                                       \
        ReduceBest<T>(k##Name, dst.View(), OperandOf("src", src, 1, srcRepStride), sharedTmpBuffer.View(),   \
                      Lanes::Mask(mask, static_cast<uint32_t>(repeatTime), PerRepeat<T>()), calIndex,        \
                      is_max, where);                                                                        \
    }

#define ASCENDC_MODEL_WHOLE_REDUCE(Name, type)                                                               \
    template <typename T, bool isSetMask = true, typename M, ascendc_model::IfMask<M> = 0>                   \
    void Name(const LocalTensor<T> &dst, const LocalTensor<T> &src, M mask, U8 repeatTime, U16 dstRepStride, \
              U16 srcBlkStride, U16 srcRepStride, ReduceOrder order = ReduceOrder::ORDER_VALUE_INDEX,        \
              Where where = Here())                                                                          \
    {                                                                                                        \
        using namespace ascendc_model;                                                                       \
        dstRepStride.Verify(#Name, "dstRepStride", where);                                                   \
        WholeReduce<T>(k##Name, ReduceType::type, dst.View(),                                                \
                       OperandOf("src", src, srcBlkStride, srcRepStride),                                    \
                       MaskedLanes<PerRepeat<T>(), isSetMask>(#Name, mask, repeatTime, where), dstRepStride, \
                       order, where);                                                                        \
    }

#define ASCENDC_MODEL_BLOCK_REDUCE(Name, type, group, align)                                                 \
    template <typename T, bool isSetMask = true, typename M, ascendc_model::IfMask<M> = 0>                   \
    void Name(const LocalTensor<T> &dst, const LocalTensor<T> &src, U8 repeatTime, M mask, U16 dstRepStride, \
              U16 srcBlkStride, U16 srcRepStride, Where where = Here())                                      \
    {                                                                                                        \
        using namespace ascendc_model;                                                                       \
        dstRepStride.Verify(#Name, "dstRepStride", where);                                                   \
        GroupReduce<T>(k##Name, ReduceType::type, group, align, dst.View(),                                  \
                       OperandOf("src", src, srcBlkStride, srcRepStride),                                    \
                       MaskedLanes<PerRepeat<T>(), isSetMask>(#Name, mask, repeatTime, where), dstRepStride, \
                       where);                                                                               \
    }

namespace AscendC {

ASCENDC_MODEL_REDUCE_BEST(ReduceMax, true)
ASCENDC_MODEL_REDUCE_BEST(ReduceMin, false)

template <typename T, bool isSetMask = true>
void ReduceSum(const LocalTensor<T> &dst, const LocalTensor<T> &src, const LocalTensor<T> &sharedTmpBuffer,
               int32_t count, Where where = Here())
{
    using namespace ascendc_model;
    ReduceTotal<T>(dst.View(), OperandOf("src", src), sharedTmpBuffer.View(), Lanes::Count(count), where);
}

template <typename T, typename M, ascendc_model::IfMask<M> = 0>
void ReduceSum(const LocalTensor<T> &dst, const LocalTensor<T> &src, const LocalTensor<T> &sharedTmpBuffer,
               M mask, int32_t repeatTime, U16 srcRepStride, Where where = Here())
{
    using namespace ascendc_model;
    ReduceTotal<T>(dst.View(), OperandOf("src", src, 1, srcRepStride), sharedTmpBuffer.View(),
                   Lanes::Mask(mask, static_cast<uint32_t>(repeatTime), PerRepeat<T>()), where);
}

ASCENDC_MODEL_WHOLE_REDUCE(WholeReduceMax, MAX)
ASCENDC_MODEL_WHOLE_REDUCE(WholeReduceMin, MIN)

template <typename T, bool isSetMask = true, typename M, ascendc_model::IfMask<M> = 0>
void WholeReduceSum(const LocalTensor<T> &dst, const LocalTensor<T> &src, M mask, U8 repeatTime,
                    U16 dstRepStride, U16 srcBlkStride, U16 srcRepStride, Where where = Here())
{
    using namespace ascendc_model;
    dstRepStride.Verify("WholeReduceSum", "dstRepStride", where);
    WholeReduce<T>(kWholeReduceSum, ReduceType::SUM, dst.View(),
                   OperandOf("src", src, srcBlkStride, srcRepStride),
                   MaskedLanes<PerRepeat<T>(), isSetMask>("WholeReduceSum", mask, repeatTime, where),
                   dstRepStride, ReduceOrder::ORDER_ONLY_VALUE, where);
}

ASCENDC_MODEL_BLOCK_REDUCE(BlockReduceMax, MAX, 32 / sizeof(T), 8 * sizeof(T))
ASCENDC_MODEL_BLOCK_REDUCE(BlockReduceMin, MIN, 32 / sizeof(T), 8 * sizeof(T))
ASCENDC_MODEL_BLOCK_REDUCE(BlockReduceSum, SUM, 32 / sizeof(T), 8 * sizeof(T))
ASCENDC_MODEL_BLOCK_REDUCE(PairReduceSum, SUM, 2, 32)

}  // namespace AscendC

#undef ASCENDC_MODEL_REDUCE_BEST
#undef ASCENDC_MODEL_WHOLE_REDUCE
#undef ASCENDC_MODEL_BLOCK_REDUCE
