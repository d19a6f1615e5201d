// Parameters that the device stores in 8, 16 or 32 bits, and the structs made of them.
//
// A Field keeps what it was given, so that a number that is cut off can be reported.
// Order of the fields: asc-devkit, include/basic_api/kernel_struct_*.h.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include "../machine/access.h"

namespace ascendc_model {

template <typename Stored>
class Field {
public:
    Field() = default;
    template <typename N, std::enable_if_t<std::is_integral_v<N> || std::is_enum_v<N>, int> = 0>
    Field(N given) : given_(static_cast<int64_t>(given)),
                     stored_(static_cast<Stored>(given))
    {}
    operator Stored() const { return stored_; }

    void Verify(const char *api, const char *name, Where where) const
    {
        if (static_cast<int64_t>(stored_) != given_) {
            Report(Check::field_overflow, where, api, name, given_, static_cast<int64_t>(stored_));
        }
    }

private:
    int64_t given_ = 0;
    Stored stored_ = 0;
};

using U8 = Field<uint8_t>;
using U16 = Field<uint16_t>;
using U32 = Field<uint32_t>;
using I64 = Field<int64_t>;

}  // namespace ascendc_model

namespace AscendC {

using ascendc_model::U16;
using ascendc_model::U32;
using ascendc_model::U8;

struct DataCopyParams {
    DataCopyParams() = default;
    DataCopyParams(U16 count, U16 length, U16 src_gap, U16 dst_gap)
        : blockCount(count),
          blockLen(length),
          srcStride(src_gap),
          dstStride(dst_gap)
    {}
    U16 blockCount = 1;
    U16 blockLen = 0;
    U16 srcStride = 0;
    U16 dstStride = 0;
};

struct DataCopyExtParams {
#if ASCENDC_ARCH == 3510
    using Stride = ascendc_model::I64;
#else
    using Stride = U32;
#endif
    DataCopyExtParams() = default;
    DataCopyExtParams(U16 count, U32 length, Stride src_gap, Stride dst_gap, U32 reserved)
        : blockCount(count),
          blockLen(length),
          srcStride(src_gap),
          dstStride(dst_gap),
          rsv(reserved)
    {}
    U16 blockCount = 1;
    U32 blockLen = 0;
    Stride srcStride = 0;
    Stride dstStride = 0;
    U32 rsv = 0;
};

struct DataCopyPadParams {
    DataCopyPadParams() = default;
    DataCopyPadParams(bool is_pad, U8 left, U8 right, uint64_t value)
        : isPad(is_pad),
          leftPadding(left),
          rightPadding(right),
          paddingValue(value)
    {}
    bool isPad = false;
    U8 leftPadding = 0;
    U8 rightPadding = 0;
    uint64_t paddingValue = 0;
};

template <typename T>
struct DataCopyPadExtParams {
    DataCopyPadExtParams() = default;
    template <typename V>
    DataCopyPadExtParams(bool is_pad, U8 left, U8 right, V value)
        : isPad(is_pad),
          leftPadding(left),
          rightPadding(right),
          paddingValue(static_cast<T>(value))
    {}
    bool isPad = false;
    U8 leftPadding = 0;
    U8 rightPadding = 0;
    T paddingValue = static_cast<T>(0);
};

struct BinaryRepeatParams {
    BinaryRepeatParams() = default;
    BinaryRepeatParams(U8 dst_block, U8 src0_block, U8 src1_block, U8 dst_repeat, U8 src0_repeat,
                       U8 src1_repeat)
        : dstBlkStride(dst_block),
          src0BlkStride(src0_block),
          src1BlkStride(src1_block),
          dstRepStride(dst_repeat),
          src0RepStride(src0_repeat),
          src1RepStride(src1_repeat)
    {}
    U8 dstBlkStride = 1;
    U8 src0BlkStride = 1;
    U8 src1BlkStride = 1;
    U8 dstRepStride = 8;
    U8 src0RepStride = 8;
    U8 src1RepStride = 8;
};

struct UnaryRepeatParams {
    UnaryRepeatParams() = default;
    UnaryRepeatParams(U16 dst_block, U16 src_block, U8 dst_repeat, U8 src_repeat)
        : dstBlkStride(dst_block),
          srcBlkStride(src_block),
          dstRepStride(dst_repeat),
          srcRepStride(src_repeat)
    {}
    U16 dstBlkStride = 1;
    U16 srcBlkStride = 1;
    U8 dstRepStride = 8;
    U8 srcRepStride = 8;
};

struct CopyRepeatParams {
    CopyRepeatParams() = default;
    CopyRepeatParams(U16 dst_block, U16 src_block, U16 dst_repeat, U16 src_repeat)
        : dstStride(dst_block),
          srcStride(src_block),
          dstRepeatSize(dst_repeat),
          srcRepeatSize(src_repeat)
    {}
    U16 dstStride = 1;
    U16 srcStride = 1;
    U16 dstRepeatSize = 8;
    U16 srcRepeatSize = 8;
};

struct BrcbRepeatParams {
    BrcbRepeatParams() = default;
    BrcbRepeatParams(U16 dst_block, U16 dst_repeat) : dstBlkStride(dst_block), dstRepStride(dst_repeat) {}
    U16 dstBlkStride = 1;
    U16 dstRepStride = 8;
};

struct GatherMaskParams {
    GatherMaskParams() = default;
    GatherMaskParams(U8 src0_block, U16 repeats, U16 src0_repeat, U8 src1_repeat)
        : src0BlockStride(src0_block),
          repeatTimes(repeats),
          src0RepeatStride(src0_repeat),
          src1RepeatStride(src1_repeat)
    {}
    U8 src0BlockStride = 1;
    U16 repeatTimes = 0;
    U16 src0RepeatStride = 8;
    U8 src1RepeatStride = 8;
};

}  // namespace AscendC
