// One core: its UB, its pipes, its events and what they know of each other.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "clock.h"
#include "scheduler.h"
#include "shadow.h"
#include "target.h"

namespace AscendC {

// asc-devkit: impl/basic_api/kernel_event.h; those of a vector core.
enum class HardEvent : uint8_t {
    MTE2_V,
    V_MTE2,
    MTE3_V,
    V_MTE3,
    MTE2_MTE3,
    MTE3_MTE2,
    V_S,
    S_V,
    S_MTE2,
    MTE2_S,
    S_MTE3,
    MTE3_S,
    V_V,
    MAX,
};

}  // namespace AscendC

namespace ascendc_model {

using AscendC::HardEvent;

struct EventKind {
    const char *name;
    Pipe from;
    Pipe to;
};

constexpr EventKind kEvents[] = {
    {"MTE2_V", kMte2, kVector}, {"V_MTE2", kVector, kMte2},  {"MTE3_V", kMte3, kVector},
    {"V_MTE3", kVector, kMte3}, {"MTE2_MTE3", kMte2, kMte3}, {"MTE3_MTE2", kMte3, kMte2},
    {"V_S", kVector, kScalar},  {"S_V", kScalar, kVector},   {"S_MTE2", kScalar, kMte2},
    {"MTE2_S", kMte2, kScalar}, {"S_MTE3", kScalar, kMte3},  {"MTE3_S", kMte3, kScalar},
    {"V_V", kVector, kVector},
};
constexpr uint32_t kEventKinds = static_cast<uint32_t>(HardEvent::MAX);
constexpr uint32_t kEventIds = 8;  // SetFlag-WaitFlag(ISASI).md:78-93

constexpr const EventKind &KindOf(HardEvent event) { return kEvents[static_cast<uint32_t>(event)]; }

struct Event {
    bool is_set = false;
    bool is_reserved = false;
    Clock known;
    Where where = Here();
};

enum class BufferUse { kFree, kOccupied, kQueued, kDequeued };

// A buffer of a queue or of a TBuf.
struct Buffer {
    uint32_t begin = 0;
    uint32_t bytes = 0;
    const void *queue = nullptr;  // nullptr: of a TBuf
    BufferUse use = BufferUse::kFree;
    bool is_alive = true;  // not behind a Reset of its TPipe
    int free_event_id = -1;
    int queue_event_id = -1;
    HardEvent filled = HardEvent::V_V;  // of its queue
    HardEvent freed = HardEvent::V_V;
    Where where = Here();
};

struct AtomicMode {
    uint32_t operation = 0;  // 0: none, 1: add, 2: max, 3: min
    Dtype dtype = kF32;
    uint32_t Kind() const { return operation == 0 ? 0 : operation * 65536 + dtype; }
};

struct Block {
    Block(uint32_t rank_, uint32_t index_, uint32_t number_, uint32_t blocks_, uint64_t seed)
        : rank(rank_),
          index(index_),
          number(number_),
          ub(kUbBytes),
          ub_shadow(kUbBytes, false)
    {
        for (Clock &clock : known) {
            clock.Resize(static_cast<size_t>(blocks_) * kPipes);
        }
        Random random(seed ^ 0x5bd1e995U);
        for (uint8_t &byte : ub) {  // what a kernel before this one left
            byte = static_cast<uint8_t>(random.Next() >> 40);
        }
    }

    uint32_t rank;
    uint32_t index;   // GetBlockIdx
    uint32_t number;  // over all ranks

    std::vector<uint8_t> ub;
    Shadow ub_shadow;
    std::deque<Buffer> buffers;
    uint32_t ub_top = 0;  // where InitBuffer goes on
    uint32_t pipe_buffers = 0;
    void *pipe = nullptr;  // the live TPipe

    Clock known[kPipes];
    uint32_t issued[kPipes] = {0, 0, 0, 0};
    uint64_t scalar_seen[kPipes] = {0, 0, 0, 0};
    Event events[kEventKinds][kEventIds];

    AtomicMode atomic;
    Where atomic_where = Here();
    bool is_mask_counter = false;
    bool is_mask_set = false;
    uint64_t mask[2] = {~0ULL, ~0ULL};
    bool has_deq_scale = false;
    float deq_scale = 1.0f;
    std::vector<uint8_t> compare_mask = std::vector<uint8_t>(32, 0);
    double reduced_value = 0;
    uint32_t flag_scopes = 0;

    uint32_t sync_alls = 0;
    std::map<uint16_t, uint32_t> cross_core_sets;
    std::map<uint16_t, uint32_t> cross_core_waits;
    const char *waits_for = nullptr;  // what the block stands at
    Where wait_where = Here();
    std::map<const void *, uint64_t> cache;  // lines of GM in the data cache, and when they came in
    Stamp conflict;                          // the last instruction that was reported, and with which other
    Stamp conflict_with;
    const void *last_read = nullptr;
    uint64_t last_read_bytes = 0;
    uint64_t same_reads = 0;

    Stamp StampOf(Pipe pipe) const { return {number * kPipes + pipe, issued[pipe]}; }

    // A new instruction of a pipe: it starts after what the scalar unit has waited for.
    Access Issue(Pipe pipe, const char *api, Where where)
    {
        if (pipe != kScalar && scalar_seen[pipe] != known[kScalar].Version()) {
            known[pipe].Join(known[kScalar]);
            scalar_seen[pipe] = known[kScalar].Version();
        }
        ++issued[pipe];
        Access access;
        access.stamp = StampOf(pipe);
        access.known = &known[pipe];
        access.is_in_order = pipe == kScalar || pipe == kVector;
        access.api = api;
        access.where = where;
        return access;
    }

    // What is done when the pipe has done all that it was given.
    Clock DoneBy(Pipe pipe) const
    {
        Clock done = known[pipe];
        done.Learn(StampOf(pipe));
        return done;
    }

    void Barrier(Pipe pipe) { known[pipe].Learn(StampOf(pipe)); }

    // What is done when every pipe of this core is idle.
    Clock DoneByAll() const
    {
        Clock done = known[kScalar];
        for (uint32_t pipe = 0; pipe < kPipes; ++pipe) {
            done.Join(known[pipe]);
            done.Learn(StampOf(static_cast<Pipe>(pipe)));
        }
        return done;
    }

    void LearnAll(const Clock &done)
    {
        for (Clock &clock : known) {
            clock.Join(done);
        }
    }
};

}  // namespace ascendc_model
