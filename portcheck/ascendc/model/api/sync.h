// Order inside a core: events, barriers, the data cache.
#pragma once

#include "../machine/access.h"
#include "fields.h"
#include "tensor.h"

enum pipe_t { PIPE_S = 0, PIPE_V, PIPE_M, PIPE_MTE1, PIPE_MTE2, PIPE_MTE3, PIPE_ALL, PIPE_FIX };
enum event_t { EVENT_ID0 = 0, EVENT_ID1, EVENT_ID2, EVENT_ID3, EVENT_ID4, EVENT_ID5, EVENT_ID6, EVENT_ID7 };

namespace ascendc_model {

constexpr Pipe PipeOf(pipe_t pipe)
{
    return pipe == PIPE_V ? kVector : pipe == PIPE_MTE2 ? kMte2 : pipe == PIPE_MTE3 ? kMte3 : kScalar;
}

inline void SetEvent(HardEvent kind, int32_t id, Where where)
{
    Block &core = Core();
    const EventKind &names = KindOf(kind);
    core.Issue(names.from, "SetFlag", where);
    Event &event = core.events[static_cast<uint32_t>(kind)][id];
    if (event.is_set) {
        Report(Check::event_set_twice, where, names.name, id, event.where.line);
    }
    event.is_set = true;
    event.known = core.DoneBy(names.from);
    event.where = where;
}

inline void WaitEvent(HardEvent kind, int32_t id, Where where)
{
    Block &core = Core();
    const EventKind &names = KindOf(kind);
    core.Issue(names.to, "WaitFlag", where);
    Event &event = core.events[static_cast<uint32_t>(kind)][id];
    if (!event.is_set) {
        Report(Check::event_not_set, where, names.name, id);
        return;
    }
    event.is_set = false;
    core.known[names.to].Join(event.known);
}

// The first id that is not reserved; -1 after a report when none is.
inline int32_t FreeEvent(HardEvent kind, Where where)
{
    const Event *events = Core().events[static_cast<uint32_t>(kind)];
    for (uint32_t id = 0; id < kEventIds; ++id) {
        if (!events[id].is_reserved) {
            return static_cast<int32_t>(id);
        }
    }
    Report(Check::event_ids, where, KindOf(kind).name);
    return 0;
}

inline int32_t ReserveEvent(HardEvent kind, Where where)
{
    const int32_t id = FreeEvent(kind, where);
    Core().events[static_cast<uint32_t>(kind)][id].is_reserved = true;
    return id;
}

inline void ReleaseEvent(HardEvent kind, int32_t id)
{
    Core().events[static_cast<uint32_t>(kind)][id].is_reserved = false;
}

inline bool IsEventId(const char *api, int32_t id, Where where)
{
    const bool is_valid = id >= 0 && id < static_cast<int32_t>(kEventIds);
    if (!is_valid) {
        Report(Check::event_id, where, api, id);
    }
    return is_valid;
}

inline void BarrierAll()
{
    Block &core = Core();
    core.LearnAll(core.DoneByAll());
}

}  // namespace ascendc_model

namespace AscendC {

using TEventID = int8_t;

template <HardEvent event>
void SetFlag(int32_t eventID, Where where = Here())
{
    ascendc_model::g_machine->Step(where);
    if (ascendc_model::IsEventId("SetFlag", eventID, where)) {
        ascendc_model::SetEvent(event, eventID, where);
    }
}

template <HardEvent event>
void WaitFlag(int32_t eventID, Where where = Here())
{
    ascendc_model::g_machine->Step(where);
    if (ascendc_model::IsEventId("WaitFlag", eventID, where)) {
        ascendc_model::WaitEvent(event, eventID, where);
    }
}

template <pipe_t pipe>
void PipeBarrier(Where where = Here())
{
    static_assert(pipe != PIPE_S, "PipeBarrier<PIPE_S> does not exist");
    ascendc_model::g_machine->Step(where);
    if (pipe == PIPE_ALL) {
        ascendc_model::BarrierAll();
    } else {
        ascendc_model::Core().Barrier(ascendc_model::PipeOf(pipe));
    }
}

enum class MemDsbT : uint8_t { ALL = 0, DDR, UB, SEQ };

// Orders the scalar unit's own accesses; the other pipes are ordered by events.
template <MemDsbT kind>
void DataSyncBarrier(Where where = Here())
{
    ascendc_model::g_machine->Step(where);
    if (ascendc_model::kIs310P) {
        ascendc_model::Report(ascendc_model::Check::not_on_target, where, "DataSyncBarrier");
    }
}

enum class CacheLine : uint64_t { SINGLE_CACHE_LINE = 0, ENTIRE_DATA_CACHE };
enum class DcciDst : uint64_t { CACHELINE_ALL = 0, CACHELINE_UB, CACHELINE_OUT, CACHELINE_ATOMIC };

}  // namespace AscendC

namespace ascendc_model {

inline void CleanLine(Region &region, uint64_t line)
{
    Core().cache.erase(region.base + line);
    const auto dirt = region.dirt.find(line);
    if (dirt != region.dirt.end() && dirt->second.block == Core().number) {
        region.dirt.erase(dirt);
        g_machine->Progress();
    }
}

inline void CleanCache(const void *address, bool is_entire)
{
    if (!is_entire) {
        Region *region = g_machine->Memory().Find(address);
        if (region != nullptr) {
            const uint64_t offset =
                static_cast<uint64_t>(static_cast<const uint8_t *>(address) - region->base);
            CleanLine(*region, offset / kCacheLineBytes * kCacheLineBytes);
        }
        return;
    }
    const std::map<const void *, uint64_t> cache = Core().cache;
    for (const auto &line : cache) {
        Region *region = g_machine->Memory().Find(line.first);
        CleanLine(*region, static_cast<uint64_t>(static_cast<const uint8_t *>(line.first) - region->base));
    }
}

}  // namespace ascendc_model

namespace AscendC {

template <typename T, CacheLine line, DcciDst dst>
void DataCacheCleanAndInvalid(const GlobalTensor<T> &tensor, Where where = Here())
{
    ascendc_model::g_machine->Step(where);
    if (ascendc_model::kIs310P) {
        ascendc_model::Report(ascendc_model::Check::not_on_target, where,
                              "DataCacheCleanAndInvalid with DcciDst");
    }
    ascendc_model::CleanCache(tensor.GetPhyAddr(), line == CacheLine::ENTIRE_DATA_CACHE);
}

template <typename T, CacheLine line>
void DataCacheCleanAndInvalid(const GlobalTensor<T> &tensor, Where where = Here())
{
    ascendc_model::g_machine->Step(where);
    ascendc_model::CleanCache(tensor.GetPhyAddr(), line == CacheLine::ENTIRE_DATA_CACHE);
}

}  // namespace AscendC

namespace ascendc_model {

struct FlagScope {
    FlagScope() { ++Core().flag_scopes; }
    ~FlagScope() { --Core().flag_scopes; }
    FlagScope(const FlagScope &) = delete;
    FlagScope &operator=(const FlagScope &) = delete;
};

}  // namespace ascendc_model

// From here to the end of the block, stores to GM are releases and loads from GM are acquires.
#define ASCENDC_MODEL_FLAG_SCOPE() const ascendc_model::FlagScope ascendc_model_flag_scope_
