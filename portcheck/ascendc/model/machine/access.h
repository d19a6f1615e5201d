// Every access to UB and GM: is it inside, in order, and of something that was written.
#pragma once

#include <cstdint>

#include "machine.h"

namespace ascendc_model {

inline Access Issue(Pipe pipe, const char *api, Where where)
{
    g_machine->Step(where);
    return Core().Issue(pipe, api, where);
}

// One instruction that reads and writes what another one writes is reported once.
inline bool IsNews(const Access &access, const Trace &other)
{
    Block &core = Core();
    const bool is_known =
        core.conflict.time == access.stamp.time && core.conflict.pipe == access.stamp.pipe &&
        core.conflict_with.time == other.stamp.time && core.conflict_with.pipe == other.stamp.pipe;
    core.conflict = access.stamp;
    core.conflict_with = other.stamp;
    return !is_known;
}

inline void ReportUb(const Finding &finding, const Access &access, Where where, bool is_write)
{
    const uint64_t last = finding.end - 1;
    if (finding.conflict == Conflict::kUnwritten) {
        Report(Check::ub_uninitialised, where, access.api, finding.begin, last);
        return;
    }
    if (!IsNews(access, finding.other)) {
        return;
    }
    const Check check = !is_write                                     ? Check::ub_read_before_write_done
                      : finding.conflict == Conflict::kWriteAfterRead ? Check::ub_write_before_read_done
                                                                      : Check::ub_write_before_write_done;
    const std::string other = std::string(finding.other.api) + " on " + PipeName(finding.other.stamp.pipe);
    Report(check, where, access.api, PipeName(access.stamp.pipe), finding.begin, last, other,
           finding.other.where.line);
}

inline void UbRead(uint64_t begin, uint64_t bytes, const Access &access)
{
    if (bytes == 0) {
        return;
    }
    const Finding finding = Core().ub_shadow.Read(begin, begin + bytes, access);
    if (finding.conflict != Conflict::kNone) {
        ReportUb(finding, access, access.where, false);
    }
}

inline void UbWrite(uint64_t begin, uint64_t bytes, const Access &access)
{
    if (bytes == 0) {
        return;
    }
    const Finding finding = Core().ub_shadow.Write(begin, begin + bytes, access);
    if (finding.conflict != Conflict::kNone) {
        ReportUb(finding, access, access.where, true);
    }
}

// Ranges that follow on each other, as one access.
class Spans {
public:
    Spans(const Access &access, bool is_write) : access_(access), is_write_(is_write) {}
    Spans(const Spans &) = delete;
    Spans &operator=(const Spans &) = delete;
    ~Spans() { Flush(); }

    void Add(uint64_t begin, uint64_t bytes)
    {
        if (begin == end_ && end_ != begin_) {
            end_ += bytes;
            return;
        }
        Flush();
        begin_ = begin;
        end_ = begin + bytes;
    }

    void Flush()
    {
        if (is_write_) {
            UbWrite(begin_, end_ - begin_, access_);
        } else {
            UbRead(begin_, end_ - begin_, access_);
        }
        begin_ = end_;
    }

private:
    const Access &access_;
    bool is_write_;
    uint64_t begin_ = 0;
    uint64_t end_ = 0;
};

// The region of [address, address + bytes), or nullptr after a report.
inline Region *GmRegion(const void *address, uint64_t bytes, const char *api, Where where)
{
    Region *region = g_machine->Memory().Find(address);
    if (region == nullptr) {
        Report(Check::gm_out_of_range, where, api, bytes, "?", 0);
        return nullptr;
    }
    const uint64_t offset = static_cast<uint64_t>(static_cast<const uint8_t *>(address) - region->base);
    if (offset + bytes > region->bytes) {
        ReportBuffer(Check::gm_out_of_range, where, region->buffer, api, bytes, offset, region->bytes);
        return nullptr;
    }
    return region;
}

inline void ReportGm(const Finding &finding, const Access &access, const Region &region)
{
    const Trace &other = finding.other;
    const uint32_t block = access.stamp.pipe / kPipes;
    const uint32_t other_block = other.stamp.pipe / kPipes;
    const auto &blocks = g_machine->Blocks();
    if (block == other_block) {
        const std::string what = std::string(other.api) + " on " + PipeName(other.stamp.pipe);
        ReportBuffer(Check::gm_pipe_order, access.where, region.buffer, access.api,
                     PipeName(access.stamp.pipe), what, other.where.line);
        return;
    }
    ReportBuffer(Check::gm_race, access.where, region.buffer, access.api, blocks[block]->index,
                 PipeName(access.stamp.pipe), other.api, blocks[other_block]->index, other.where.line);
}

// The lines of `bytes` bytes from `offset` on: visit(offset of the line).
template <typename Visit>
void EachLine(uint64_t offset, uint64_t bytes, uint64_t line_bytes, Visit visit)
{
    for (uint64_t line = offset / line_bytes * line_bytes; line < offset + bytes; line += line_bytes) {
        visit(line);
    }
}

// A core that reads the same GM over and over waits for another one.
inline void NoteRead(const void *address, uint64_t bytes, const Access &access)
{
    constexpr uint64_t kSameReadsBeforePoll = 64;
    constexpr uint64_t kMostFlagPolls = 200;
    constexpr uint64_t kMostSameReads = 20000;  // a kernel may read one number often for other reasons
    Block &core = Core();
    const bool is_same = core.last_read == address && core.last_read_bytes == bytes;
    core.same_reads = is_same ? core.same_reads + 1 : 0;
    core.last_read = address;
    core.last_read_bytes = bytes;
    if (core.flag_scopes > 0 || core.same_reads > kSameReadsBeforePoll) {
        g_machine->Poll(access.where, "a value in GM",
                        core.flag_scopes > 0 ? kMostFlagPolls : kMostSameReads);
    } else {
        g_machine->Turns().MaySwitch();
    }
}

// Bytes that SetValue of any core has written and no core has cleaned: visit(line, its dirt).
template <typename Visit>
void EachDirt(Region &region, uint64_t offset, uint64_t bytes, Visit visit)
{
    if (region.dirt.empty()) {
        return;
    }
    EachLine(offset, bytes, kCacheLineBytes, [&](uint64_t line) {
        const auto dirt = region.dirt.find(line);
        if (dirt != region.dirt.end()) {
            visit(line, dirt->second);
        }
    });
}

inline void ReportFinding(const Finding &finding, const Access &access, const Region &region)
{
    if (finding.conflict != Conflict::kNone) {
        ReportGm(finding, access, region);
    }
}

// A read of GM by MTE2 or the scalar unit; nullptr when it is outside.
inline Region *GmRead(const void *address, uint64_t bytes, Pipe pipe, Access access)
{
    Region *region = GmRegion(address, bytes, access.api, access.where);
    if (region == nullptr || bytes == 0) {
        return nullptr;
    }
    NoteRead(address, bytes, access);
    const uint64_t offset = static_cast<uint64_t>(static_cast<const uint8_t *>(address) - region->base);
    Block &core = Core();
    access.is_flag = core.flag_scopes > 0;
    if (access.is_flag) {  // an acquire: what the writers of these flags knew is known from here on
        EachLine(offset, bytes, kBlockBytes, [&](uint64_t line) {
            const auto flag = region->flags.find(line);
            if (flag != region->flags.end()) {
                core.known[pipe].Join(flag->second);
            }
        });
    }
    ReportFinding(region->shadow.Read(offset, offset + bytes, access), access, *region);
    EachDirt(*region, offset, bytes, [&](uint64_t line, const Dirt &dirt) {
        const bool is_own = pipe == kScalar && dirt.block == core.number;
        if (!is_own && dirt.Covers(line, offset, bytes)) {
            ReportBuffer(Check::dcache_not_cleaned, access.where, region->buffer, access.api,
                         dirt.where.line);
        }
    });
    return region;
}

// A write of GM by MTE3 or the scalar unit.
inline Region *GmWrite(void *address, uint64_t bytes, Pipe pipe, Access access)
{
    Region *region = GmRegion(address, bytes, access.api, access.where);
    if (region == nullptr || bytes == 0) {
        return nullptr;
    }
    g_machine->Turns().MaySwitch();
    const uint64_t offset = static_cast<uint64_t>(static_cast<const uint8_t *>(address) - region->base);
    Block &core = Core();
    access.is_flag = core.flag_scopes > 0;
    access.sequence = g_machine->Steps();
    if (access.is_flag) {  // a release: of what this pipe knows to be done
        EachLine(offset, bytes, kBlockBytes, [&](uint64_t line) {
            const auto flag = region->flags.emplace(line, core.known[pipe]);
            if (!flag.second) {
                flag.first->second.Join(core.known[pipe]);
            }
        });
    }
    ReportFinding(region->shadow.Write(offset, offset + bytes, access), access, *region);
    EachDirt(*region, offset, bytes, [&](uint64_t, const Dirt &dirt) {
        if (pipe != kScalar || dirt.block != core.number) {
            ReportBuffer(Check::dcache_shared_line, access.where, region->buffer, access.api, core.index,
                         access.where.line);
        }
    });
    g_machine->Progress();
    return region;
}

}  // namespace ascendc_model
