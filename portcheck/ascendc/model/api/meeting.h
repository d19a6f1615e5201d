// Order between cores: SyncAll and the flags between cores.
//
// asc-devkit: docs/zh/api/SIMD-API/基础API/同步控制/核间同步/ (ascend_rules.md, section 7).
#pragma once

#include "copy.h"
#include "pipe.h"

namespace ascendc_model {

// The current block arrives at the meeting and goes on when `expected` blocks have.
inline void Meet(Meeting &meeting, uint32_t expected, const char *what, Where where)
{
    Block &core = Core();
    core.waits_for = what;
    core.wait_where = where;
    while (meeting.arrived < expected) {
        g_machine->Turns().Wait();
    }
    core.waits_for = nullptr;
}

inline void Arrive(Meeting &meeting, const Clock &known)
{
    if (meeting.arrived == 0) {
        meeting.known.Resize(g_machine->Pipes());
    }
    meeting.known.Join(known);
    ++meeting.arrived;
    g_machine->Progress();
    g_machine->Turns().WakeAll();
}

inline void SyncAllBlocks(uint32_t expected, Where where)
{
    constexpr uint32_t kSyncAll = 0;
    Block &core = Core();
    BarrierAll();
    Meeting &meeting = g_machine->Meetings()[std::make_tuple(core.rank, kSyncAll, ++core.sync_alls)];
    Arrive(meeting, core.DoneByAll());
    Meet(meeting, expected, "SyncAll", where);
    core.LearnAll(meeting.known);
}

inline bool CheckFlagId(const char *api, uint16_t id, Where where)
{
    if (kIs310P) {
        Report(Check::not_on_target, where, api);
        return false;
    }
    if (id > 10) {  // HW:架构规格/NPU架构版本2201.md:207; 11 to 14 are SyncAll's
        Report(Check::cross_core_flag, where, api, "flag ids are 0 to 10");
    }
    return true;
}

}  // namespace ascendc_model

namespace AscendC {

// By hardware; every block of the launch must come here equally often.
template <bool isAIVOnly = true>
void SyncAll(Where where = Here())
{
    using namespace ascendc_model;
    g_machine->Step(where);
    const uint32_t blocks = g_machine->BlocksOf(Core().rank);
    if (kIs310P) {
        Report(Check::not_on_target, where, "SyncAll without workspaces");
    }
    if (!isAIVOnly) {
        Report(Check::sync_all, where, "isAIVOnly is false in a kernel of vector cores: it hangs");
    }
    if (blocks > g_machine->VectorCores()) {
        Report(Check::sync_all, where, "more blocks than cores: it hangs");
    }
    SyncAllBlocks(blocks, where);
}

// By flags in GM: each block has 32 bytes of the workspace, which starts as 0.
template <bool isAIVOnly = true>
void SyncAll(const GlobalTensor<int32_t> &gmWorkspace, const LocalTensor<int32_t> &ubWorkspace,
             int32_t usedCores = 0, Where where = Here())
{
    using namespace ascendc_model;
    g_machine->Step(where);
    Block &core = Core();
    const uint32_t blocks = usedCores > 0 ? static_cast<uint32_t>(usedCores) : g_machine->BlocksOf(core.rank);
    const uint64_t bytes = uint64_t{blocks} * kBlockBytes;
    int32_t *slot = gmWorkspace.GetPhyAddr(uint64_t{core.index} * kBlockBytes / sizeof(int32_t));
    BarrierAll();
    const Access access = core.Issue(kMte2, "SyncAll", where);
    if (CheckOperand(ubWorkspace.View(), "SyncAll", "ubWorkspace", bytes, kBlockBytes, where)) {
        UbWrite(ubWorkspace.View().begin, bytes, access);
    }
    if (GmRegion(gmWorkspace.GetPhyAddr(), bytes, "SyncAll", where) != nullptr) {
        if (core.sync_alls == 0 && *slot != 0) {
            Report(Check::sync_all, where, "the workspace in GM is not 0 at the start");
        }
        ++*slot;
    }
    SyncAllBlocks(blocks, where);
}

// Mode 0: all vector cores. Modes 1 and 2 join the cores of a group with cube cores.
template <uint8_t modeId, pipe_t pipe>
void CrossCoreSetFlag(U16 flagId, Where where = Here())
{
    using namespace ascendc_model;
    g_machine->Step(where);
    if (!CheckFlagId("CrossCoreSetFlag", flagId, where)) {
        return;
    }
    if (modeId != 0) {
        Report(Check::cross_core_flag, where, "CrossCoreSetFlag", "a vector kernel has mode 0 only");
    }
    Block &core = Core();
    const uint32_t kind = 1 + uint32_t{flagId};
    const uint32_t number = ++core.cross_core_sets[flagId];
    Arrive(g_machine->Meetings()[std::make_tuple(core.rank, kind, number)], core.DoneBy(PipeOf(pipe)));
}

template <uint8_t modeId = 0, pipe_t pipe = PIPE_S>
void CrossCoreWaitFlag(U16 flagId, Where where = Here())
{
    using namespace ascendc_model;
    g_machine->Step(where);
    if (!CheckFlagId("CrossCoreWaitFlag", flagId, where)) {
        return;
    }
    Block &core = Core();
    const uint32_t kind = 1 + uint32_t{flagId};
    const uint32_t number = ++core.cross_core_waits[flagId];
    if (number > core.cross_core_sets[flagId]) {
        Report(Check::cross_core_flag, where, "CrossCoreWaitFlag", "this core has not set the flag");
    }
    Meeting &meeting = g_machine->Meetings()[std::make_tuple(core.rank, kind, number)];
    Meet(meeting, g_machine->BlocksOf(core.rank), "CrossCoreWaitFlag", where);
    core.known[PipeOf(pipe)].Join(meeting.known);
}

}  // namespace AscendC
