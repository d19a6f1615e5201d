// Every check of the model, what it says, and the list of what it found.
//
// {0}, {1}, … stand for the numbers and names that are given to Report. The rules come from the
// documents named in ascendc_official_checks.md and ascend_rules.md (asc-devkit, asc-tools).
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "phrases.h"
#include "where.h"

// clang-format off
#define ASCENDC_MODEL_CHECKS(X) \
    X(ub_alignment, \
      "{0}: {1} starts at UB byte {2}, not at a multiple of {3}", \
      "{0}：{1} 起始于 UB 第 {2} 字节，不是 {3} 的倍数") \
    X(ub_out_of_range, \
      "{0}: {1} needs {2} bytes, its tensor has {3}", \
      "{0}：{1} 需要 {2} 字节，而其张量只有 {3} 字节") \
    X(ub_capacity, \
      "InitBuffer asks for {0} bytes, {1} of {2} are left", \
      "InitBuffer 申请 {0} 字节，UB 可用 {2} 字节中只剩 {1} 字节") \
    X(ub_uninitialised, \
      "{0} reads UB bytes {1} to {2}, which nothing has written", \
      "{0} 读取了从未写入的 UB 字节 {1} 至 {2}") \
    X(ub_read_before_write_done, \
      "{0} on {1} reads UB bytes {2} to {3} that {4} writes (line {5}), without order", \
      "{1} 上的 {0} 读取 UB 字节 {2} 至 {3}，而 {4} 正在写入（第 {5} 行），两者之间没有同步") \
    X(ub_write_before_read_done, \
      "{0} on {1} writes UB bytes {2} to {3} that {4} reads (line {5}), without order", \
      "{1} 上的 {0} 写入 UB 字节 {2} 至 {3}，而 {4} 正在读取（第 {5} 行），两者之间没有同步") \
    X(ub_write_before_write_done, \
      "{0} on {1} writes UB bytes {2} to {3} that {4} writes (line {5}), without order", \
      "{1} 上的 {0} 写入 UB 字节 {2} 至 {3}，而 {4} 也在写入（第 {5} 行），两者之间没有同步") \
    X(ub_use_after_free, \
      "{0}: {1} is a buffer that was freed", \
      "{0}：{1} 所在的缓冲区已释放") \
    X(operand_overlap, \
      "{0}: {1} and {2} overlap in part", \
      "{0}：{1} 与 {2} 部分重叠") \
    X(gm_out_of_range, \
      "{0}: {1} bytes at byte {2} of a buffer of {3} bytes", \
      "{0}：在 {3} 字节的缓冲区的第 {2} 字节处访问 {1} 字节") \
    X(gm_alignment, \
      "{0}: the GM address is not a multiple of the element's {1} bytes", \
      "{0}：GM 地址不是元素大小 {1} 字节的倍数") \
    X(gm_race, \
      "{0} of block {1} ({2}) and {3} of block {4} (line {5}) touch the same GM bytes without order", \
      "核 {1} 的 {0}（{2}）与核 {4} 的 {3}（第 {5} 行）在没有同步的情况下访问同一段 GM") \
    X(gm_pipe_order, \
      "{0} on {1} touches GM bytes of {2} (line {3}) of the same core, without order", \
      "{1} 上的 {0} 访问了同一核中 {2}（第 {3} 行）的 GM 字节，两者之间没有同步") \
    X(dcache_stale, \
      "GetValue reads a line that was cached before {0} wrote it; DataCacheCleanAndInvalid is " \
      "missing", \
      "GetValue 读取的缓存行早于 {0} 的写入，缺少 DataCacheCleanAndInvalid") \
    X(dcache_not_cleaned, \
      "{0} reads GM that SetValue (line {1}) left in the data cache", \
      "{0} 读取的 GM 仍停留在 SetValue（第 {1} 行）的数据缓存中，未写回") \
    X(dcache_shared_line, \
      "SetValue writes a 64-byte cache line that {0} of block {1} writes too (line {2})", \
      "SetValue 写入的 64 字节缓存行同时被核 {1} 的 {0}（第 {2} 行）写入") \
    X(copy_length, \
      "{0}: {1} bytes are not a multiple of 32; the device copies {2}", \
      "{0}：{1} 字节不是 32 的倍数，设备只搬运 {2} 字节") \
    X(copy_limit, \
      "{0}: {1} is {2}, more than {3}", \
      "{0}：{1} 为 {2}，超过 {3}") \
    X(copy_block_length, \
      "DataCopyPad: a block of {0} bytes is not whole elements of {1} bytes", \
      "DataCopyPad：{0} 字节的块不是 {1} 字节元素的整数倍") \
    X(copy_padding, \
      "DataCopyPad: {0}", \
      "DataCopyPad：{0}") \
    X(not_on_target, \
      "{0} does not exist on this target", \
      "该目标不支持 {0}") \
    X(dtype, \
      "{0} does not take {1} on this target", \
      "该目标上 {0} 不支持 {1}") \
    X(cast_mode, \
      "Cast from {0} to {1} does not exist with {2} on this target; the device does nothing", \
      "该目标不支持以 {2} 从 {0} 转换到 {1}，设备上不执行任何操作") \
    X(deq_scale, \
      "Cast from int32_t to half without SetDeqScale before", \
      "int32_t 到 half 的 Cast 之前没有 SetDeqScale") \
    X(field_overflow, \
      "{0}: {1} is {2}; its field holds {3}", \
      "{0}：{1} 为 {2}，其字段只能保存为 {3}") \
    X(count, \
      "{0}: {1} is {2}, which must be {3}", \
      "{0}：{1} 为 {2}，必须为 {3}") \
    X(queue_state, \
      "{0}: {1}", \
      "{0}：{1}") \
    X(queue_left, \
      "{0} buffers of a queue are still in use when TPipe ends (line {1})", \
      "TPipe 结束时队列仍有 {0} 个缓冲区在使用（第 {1} 行）") \
    X(pipe_limit, \
      "TPipe: {0}", \
      "TPipe：{0}") \
    X(event_id, \
      "{0}: event id {1} is not in 0 to 7, or reserved", \
      "{0}：事件 ID {1} 不在 0 至 7 之内或已保留") \
    X(event_set_twice, \
      "SetFlag {0} id {1} is already set (line {2})", \
      "SetFlag {0} id {1} 已被置位（第 {2} 行）") \
    X(event_not_set, \
      "WaitFlag {0} id {1}: nothing has set it", \
      "WaitFlag {0} id {1}：没有对应的 SetFlag") \
    X(event_not_waited, \
      "SetFlag {0} id {1} (line {2}) is never waited for", \
      "SetFlag {0} id {1}（第 {2} 行）没有对应的 WaitFlag") \
    X(event_ids, \
      "no free event id is left for {0}", \
      "{0} 没有空闲的事件 ID") \
    X(atomic_left_on, \
      "SetAtomic… is still on when the kernel ends", \
      "核函数结束时原子操作仍处于开启状态") \
    X(mask_left_on, \
      "SetMaskCount or SetVectorMask is still on when the kernel ends", \
      "核函数结束时掩码设置没有恢复") \
    X(sync_all_count, \
      "SyncAll number {0} is not reached by block {1}", \
      "核 {1} 没有到达第 {0} 次 SyncAll") \
    X(sync_all, \
      "SyncAll: {0}", \
      "SyncAll：{0}") \
    X(cross_core_flag, \
      "{0}: {1}", \
      "{0}：{1}") \
    X(deadlock, \
      "block {0} waits for {1} for ever", \
      "核 {0} 永远等待 {1}") \
    X(gather_offset, \
      "{0}: offset {1} of element {2} is outside of the {3} bytes of src, or not a multiple of {4}", \
      "{0}：第 {2} 个元素的偏移 {1} 超出 src 的 {3} 字节，或不是 {4} 的倍数") \
    X(too_many, \
      "more than {0} kinds of violations, the run was stopped", \
      "违规种类超过 {0}，运行已停止") \
    X(step_limit, \
      "more than {0} calls, the run was stopped", \
      "调用次数超过 {0}，运行已停止")
// clang-format on

namespace ascendc_model {

enum class Check {
#define ASCENDC_MODEL_CHECK(name, en, zh) name,
    ASCENDC_MODEL_CHECKS(ASCENDC_MODEL_CHECK)
#undef ASCENDC_MODEL_CHECK
};

struct CheckText {
    const char *name;
    const char *en;
    const char *zh;
};

constexpr CheckText kChecks[] = {
#define ASCENDC_MODEL_CHECK(name, en, zh) {#name, en, zh},
    ASCENDC_MODEL_CHECKS(ASCENDC_MODEL_CHECK)
#undef ASCENDC_MODEL_CHECK
};

inline std::string Text(const std::string &text) { return text; }
inline std::string Text(const char *text) { return text; }
template <typename N>
std::string Text(N number)
{
    return std::to_string(number);
}

// `{n}` of a text becomes the n-th value.
inline std::string Fill(const char *text, const std::vector<std::string> &values)
{
    std::string filled;
    for (const char *c = text; *c != 0; ++c) {
        if (c[0] == '{' && c[1] >= '0' && c[1] <= '9' && c[2] == '}') {
            const size_t index = static_cast<size_t>(c[1] - '0');
            filled += index < values.size() ? values[index] : "?";
            c += 2;
        } else {
            filled += *c;
        }
    }
    return filled;
}

struct Violation {
    Check check;
    std::string en;
    std::string zh;
    std::string file;
    int line;
    uint32_t rank;
    uint32_t block;
    int buffer;
    uint64_t count;
};

inline void AppendQuoted(std::string &json, const std::string &text)
{
    static const char kHex[] = "0123456789abcdef";
    json += '"';
    for (const char c : text) {
        const unsigned char byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            json += '\\';
            json += c;
        } else if (byte < 0x20) {
            json += "\\u00";
            json += kHex[byte >> 4];
            json += kHex[byte & 15];
        } else {
            json += c;
        }
    }
    json += '"';
}

inline std::string ToJson(const Violation &violation)
{
    std::string json = "{\"check\": ";
    AppendQuoted(json, kChecks[static_cast<int>(violation.check)].name);
    json += ", \"message\": {\"en\": ";
    AppendQuoted(json, violation.en);
    json += ", \"zh\": ";
    AppendQuoted(json, violation.zh);
    json += "}, \"file\": ";
    AppendQuoted(json, violation.file);
    const auto number = [&json](const char *name, auto value) {
        json += std::string(", \"") + name + "\": " + std::to_string(value);
    };
    number("line", violation.line);
    number("rank", violation.rank);
    number("block", violation.block);
    number("buffer", violation.buffer);
    number("count", violation.count);
    json += "}";
    return json;
}

}  // namespace ascendc_model
