// Counts of 8 kinds by all cores, their exclusive prefix by one, which then tells the others by flags.
#pragma once

#include "planted_quantise.h"

namespace harness {

constexpr Mistake kCountMistakes[] = {
    {"none", ""},
    {"SetAtomicNone is missing", "atomic_left_on"},
    {"SetAtomicAdd is missing", "gm_race"},
    {"SetAtomicAdd of another type", "dtype"},
    {"no SyncAll before the sums are read", "gm_race"},
    {"SyncAll on some cores only", "sync_all_count"},
    {"SyncAll<false>", "sync_all"},
    {"flag before the data is stored", "gm_race"},
    {"flag on the line of a neighbour", "deadlock"},
    {"flag that nobody sets", "deadlock"},
    {"flag read through the data cache", "dcache_stale"},
    {"no event between store and load of the same core", "gm_pipe_order"},
    {"two stores to one place", "gm_pipe_order"},
    {"offsets in elements where Gather takes bytes", "gather_offset"},
    {"a flag of cores that SyncAll uses", "cross_core_flag"},
    {"Compare of a tail", "count"},
    {"GM that is not aligned to its type", "gm_alignment"},
    {"sum of the wrong half", "result"},
};
constexpr int kCountCount = sizeof(kCountMistakes) / sizeof(kCountMistakes[0]);

constexpr uint32_t kKinds = 8;
constexpr uint32_t kPerCore = 64;         // numbers that a core counts
constexpr uint32_t kPrefixBytes = 4096;   // where the prefix lies
constexpr uint32_t kFlagBytes = 8192;     // a line for each core
constexpr uint32_t kResultBytes = 16384;  // a line for each core

class Counts {
public:
    Counts(const Gm &gm, int mistake) : mistake_(mistake), gm_(gm[2])
    {
        counts_ = Global<int32_t>(gm_);
        prefix_ = Global<int32_t>(gm_, kPrefixBytes);
        pipe_.InitBuffer(buffer_, 4096);
    }

    void Process()
    {
        Add();
        const bool is_skipped = Is("SyncAll on some cores only") && GetBlockIdx() == 1;
        if (Is("SyncAll<false>")) {
            SyncAll<false>();
        } else if (!Is("no SyncAll before the sums are read") && !is_skipped) {
            SyncAll();
        }
        if (GetBlockIdx() == 0) {
            Prefix();
            for (int64_t core = 0; core < GetBlockNum(); ++core) {
                Publish(core);
            }
        }
        Read();
    }

private:
    bool Is(const char *name) const { return std::string(kCountMistakes[mistake_].name) == name; }

    LocalTensor<int32_t> Line(uint32_t line) { return buffer_.GetWithOffset<int32_t>(kKinds, line * 32); }

    // This core's counts: of kind k there are k + core + 1.
    void Add()
    {
        LocalTensor<int32_t> mine = Line(0);
        const int32_t core = static_cast<int32_t>(GetBlockIdx());
        ArithProgression(mine, core + 1, 1, static_cast<int32_t>(kKinds));
        Order<HardEvent::V_MTE3>();
        if (Is("SetAtomicAdd of another type")) {
            SetAtomicAdd<int16_t>();
        } else if (!Is("SetAtomicAdd is missing")) {
            SetAtomicAdd<int32_t>();
        }
        DataCopy(counts_, mine, kKinds);
        if (!Is("SetAtomicNone is missing")) {
            SetAtomicNone();
        }
        if (Is("a flag of cores that SyncAll uses")) {
            CrossCoreSetFlag<0, PIPE_MTE3>(13);
        }
    }

    void Prefix()
    {
        LocalTensor<int32_t> sums = Line(1);
        LocalTensor<int32_t> prefix = Line(2);
        DataCopy(sums, counts_, kKinds);
        Order<HardEvent::MTE2_S>();
        int32_t before = 0;
        for (uint32_t kind = 0; kind < kKinds; ++kind) {
            prefix.SetValue(kind, before);
            before += Is("sum of the wrong half") && kind > 3 ? 0 : sums.GetValue(kind);
        }
        Order<HardEvent::S_MTE3>();
        DataCopy(prefix_, prefix, kKinds);
        if (Is("two stores to one place")) {
            DataCopy(prefix_, prefix, kKinds);
        }
        if (Is("no event between store and load of the same core")) {
            DataCopy(Line(9), prefix_, kKinds);
        }
        if (Is("GM that is not aligned to its type")) {
            DataCopy(Line(10), Global<int32_t>(gm_, 2), kKinds);
        }
        if (Is("offsets in elements where Gather takes bytes")) {
            CreateVecIndex(Line(11), 0, kKinds);
            Order<HardEvent::S_V>();
            Gather(Line(12), prefix, Line(11).ReinterpretCast<uint32_t>(), 0, kKinds);
        }
        if (Is("Compare of a tail")) {
            Order<HardEvent::S_V>();
            Compares(Line(13).ReinterpretCast<uint8_t>(), prefix.ReinterpretCast<float>(), 1.0f, CMPMODE::LT,
                     kKinds);
        }
    }

    void Publish(int64_t core)
    {
        if (Is("flag that nobody sets") && core == 2) {
            return;
        }
        LocalTensor<int32_t> flag = Line(3);
        if (core == 0) {
            Duplicate(flag, 1, static_cast<int32_t>(kKinds));
            Order<HardEvent::V_MTE3>();
        }
        if (!Is("flag before the data is stored")) {
            PipeBarrier<PIPE_MTE3>();
        }
        const int64_t line = Is("flag on the line of a neighbour") ? core * 4 : core * 8;
        ASCENDC_MODEL_FLAG_SCOPE();
        DataCopy(Global<int32_t>(gm_, kFlagBytes)[static_cast<uint64_t>(line)], flag, kKinds);
    }

    bool IsPublished()
    {
        const uint64_t line = static_cast<uint64_t>(GetBlockIdx()) * 8;
        ASCENDC_MODEL_FLAG_SCOPE();
        if (Is("flag read through the data cache")) {
            return Global<int32_t>(gm_, kFlagBytes)[line].GetValue(0) == 1;
        }
        DataCopy(Line(4), Global<int32_t>(gm_, kFlagBytes)[line], kKinds);
        Order<HardEvent::MTE2_S>();
        const bool is_set = Line(4).GetValue(0) == 1;
        Order<HardEvent::S_MTE2>();
        return is_set;
    }

    void Read()
    {
        while (!IsPublished()) {
        }
        DataCopy(Line(5), prefix_, kKinds);
        Order<HardEvent::MTE2_MTE3>();
        DataCopy(Global<int32_t>(gm_, kResultBytes)[static_cast<uint64_t>(GetBlockIdx()) * 8], Line(5),
                 kKinds);
    }

    int mistake_;
    uint8_t *gm_;
    TPipe pipe_;
    TBuf<TPosition::VECCALC> buffer_;
    GlobalTensor<int32_t> counts_;
    GlobalTensor<int32_t> prefix_;
};

}  // namespace harness
