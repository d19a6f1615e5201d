// Words that stand for a value in a message, in Chinese: a longer phrase before one that it contains.
#pragma once

#include <string>

namespace ascendc_model {

struct Phrase {
    const char *en;
    const char *zh;
};

constexpr Phrase kPhrases[] = {
    {" is a tensor of no buffer", " 张量没有缓冲区"},
    {" with ORDER_ONLY_VALUE or ORDER_ONLY_INDEX", "（ORDER_ONLY_VALUE 或 ORDER_ONLY_INDEX）"},
    {" other than EQ", "（EQ 以外的模式）"},
    {"0 or 2 for two tensors", "0 或 2（两个张量）"},
    {"1 for a tensor and a scalar", "1（张量与标量）"},
    {"8-byte elements are padded with 0 only", "8 字节元素只能以 0 填充"},
    {"DataCacheCleanAndInvalid with DcciDst", "带 DcciDst 的 DataCacheCleanAndInvalid"},
    {"InitBuffer with 0 bytes", "InitBuffer 申请 0 字节"},
    {"SyncAll without workspaces", "不带工作空间的 SyncAll"},
    {"a multiple of 32", "32 的倍数"},
    {"a padding of more than 32 bytes", "填充超过 32 字节"},
    {"a second TPipe while one is alive", "已有一个 TPipe 时又创建了第二个"},
    {"a value in GM", "GM 中的值"},
    {"a vector kernel has mode 0 only", "矢量核函数只支持模式 0"},
    {"an atomic of another type than the copy's tensor,", "原子类型与搬运张量的类型不同，"},
    {"at most ", "至多 "},
    {"flag ids are 0 to 10", "标志 ID 为 0 至 10"},
    {"isAIVOnly is false in a kernel of vector cores: it hangs", "矢量核函数中 isAIVOnly 为 false，会挂起"},
    {"more blocks than cores: it hangs", "核数超过物理核数，会挂起"},
    {"more than 64 buffers", "缓冲区超过 64 个"},
    {"no buffer is free", "没有空闲的缓冲区"},
    {"nothing is in the queue", "队列为空"},
    {"paddings without isPad are filled with nothing in particular", "未设置 isPad 时填充内容不确定"},
    {"the TBuf has no InitBuffer", "TBuf 没有 InitBuffer"},
    {"the element", "该元素"},
    {"the queue has no InitBuffer", "队列没有 InitBuffer"},
    {"the queue is full (its depth)", "队列已满（depth）"},
    {"the tensor is in the queue already", "张量已在队列中"},
    {"the tensor is not of this queue", "张量不属于该队列"},
    {"the tensor was freed already", "张量已经释放过"},
    {"the tensor was freed in the queue", "张量在队列中被释放"},
    {"the tensor was freed", "张量已释放"},
    {"the tensor", "该张量"},
    {"the workspace in GM is not 0 at the start", "GM 工作空间开始时不为 0"},
    {"this core has not set the flag", "该核没有设置该标志"},
    {"whole repeats of 256 bytes; the device compares ", "256 字节迭代的整数倍；设备只比较 "},
    {" on ", "，流水 "},
};

// `text` with its phrases in Chinese.
inline std::string Chinese(std::string text)
{
    for (const Phrase &phrase : kPhrases) {
        const size_t at = text.find(phrase.en);
        if (at != std::string::npos) {
            text.replace(at, std::string(phrase.en).size(), phrase.zh);
        }
    }
    return text;
}

}  // namespace ascendc_model
