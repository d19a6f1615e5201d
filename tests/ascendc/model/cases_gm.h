// GM: extent, copies, order between cores, the scalar data cache, atomics.
#pragma once

#include "harness.h"

namespace harness {

inline void Copies()
{
    Fires("gm_out_of_range", [](const Gm &gm) {
        Work work;
        DataCopy(work.At<float>(0), Global<float>(gm[1])[kBufferBytes / 4 - 32], 64);
    });
    Silent("gm_out_of_range", [](const Gm &gm) {
        Work work;
        DataCopy(work.At<float>(0), Global<float>(gm[1])[kBufferBytes / 4 - 64], 64);
    });
    Fires("gm_out_of_range", [](const Gm &gm) { Global<float>(gm[1]).GetValue(kBufferBytes / 4); });
    Fires("copy_length", [](const Gm &gm) {
        Work work;
        DataCopy(work.At<half>(0), Global<half>(gm[0]), 10);
    });
    Silent("copy_length", [](const Gm &gm) {
        Work work;
        DataCopy(work.At<half>(0), Global<half>(gm[0]), 16);
    });
    Fires("gm_alignment", [](const Gm &gm) {
        Work work;
        DataCopy(work.At<half>(0), Global<half>(gm[0], 1), 16);
    });
    Silent("gm_alignment", [](const Gm &gm) {
        Work work;
        DataCopy(work.At<half>(0), Global<half>(gm[0], 2), 16);
    });
    Fires("copy_limit", [](const Gm &gm) {
        Work work;
        DataCopy(work.At<float>(0), Global<float>(gm[1]), DataCopyParams(4096, 0, 0, 0));
    });
    Silent("copy_limit", [](const Gm &gm) {
        Work work;
        DataCopy(work.At<float>(0), Global<float>(gm[1]), DataCopyParams(128, 1, 7, 0));
    });
    Fires("field_overflow", [](const Gm &gm) {
        Work work;
        const int strides = 65536 + 1;
        DataCopy(work.At<float>(0), Global<float>(gm[1]), DataCopyParams(1, 1, strides, 0));
    });
    Fires("field_overflow", [](const Gm &) {  // 256 repeats are none
        Work work;
        const uint32_t repeats = 256;
        Duplicate(work.At<float>(0), 1.0f, uint64_t{64}, repeats, 1, 8);
    });
    Fires("field_overflow", [](const Gm &) {
        Work work;
        Duplicate(work.At<float>(0), 1.0f, 1024);
        const int stride = 264;
        Adds(work.At<float>(0), work.At<float>(0), 1.0f, uint64_t{64}, 2,
             UnaryRepeatParams(1, 1, stride, stride));
    });
    Silent("field_overflow", [](const Gm &) {
        Work work;
        Duplicate(work.At<float>(0, 8192), 1.0f, uint64_t{8}, 255, 1, 1);
    });
}

// DataCopyPad of 2 rows of 9 halves.
inline void PaddedCopies()
{
    if (ascendc_model::kIs310P) {
        Fires("not_on_target", [](const Gm &gm) {
            Work work;
            DataCopyPad(work.At<half>(0), Global<half>(gm[0]), DataCopyExtParams(1, 18, 0, 0, 0),
                        DataCopyPadExtParams<half>(false, 0, 0, 0));
        });
        Silent("not_on_target", [](const Gm &gm) {
            Work work;
            DataCopy(work.At<half>(0), Global<half>(gm[0]), 16);
        });
        return;
    }
    Fires("copy_block_length", [](const Gm &gm) {
        Work work;
        DataCopyPad(work.At<half>(0), Global<half>(gm[0]), DataCopyExtParams(1, 17, 0, 0, 0),
                    DataCopyPadExtParams<half>(false, 0, 0, 0));
    });
    Silent("copy_block_length", [](const Gm &gm) {
        Work work;
        DataCopyPad(work.At<half>(0), Global<half>(gm[0]), DataCopyExtParams(1, 18, 0, 0, 0),
                    DataCopyPadExtParams<half>(false, 0, 0, 0));
    });
    Fires("copy_padding", [](const Gm &gm) {
        Work work;
        DataCopyPad(work.At<half>(0), Global<half>(gm[0]), DataCopyExtParams(1, 18, 0, 0, 0),
                    DataCopyPadExtParams<half>(true, 0, 17, 0));
    });
    Fires("copy_padding", [](const Gm &gm) {
        Work work;
        DataCopyPad(work.At<int64_t>(0), Global<int64_t>(gm[0]), DataCopyExtParams(1, 24, 0, 0, 0),
                    DataCopyPadExtParams<int64_t>(true, 0, 1, 5));
    });
    Silent("copy_padding", [](const Gm &gm) {
        Work work;
        DataCopyPad(work.At<half>(0), Global<half>(gm[0]), DataCopyExtParams(1, 18, 0, 0, 0),
                    DataCopyPadExtParams<half>(true, 0, 7, 0));
    });
    Fires("ub_out_of_range", [](const Gm &gm) {  // 2 rows of 18 bytes are 64 bytes of UB
        Work work;
        DataCopyPad(work.At<half>(0, 32), Global<half>(gm[0]), DataCopyExtParams(2, 18, 0, 0, 0),
                    DataCopyPadExtParams<half>(false, 0, 0, 0));
    });
    Buffers padded = Computes("pads", [](const Gm &gm) {
        Work work;
        DataCopyPad(work.At<uint16_t>(0), Global<uint16_t>(gm[0], 2), DataCopyExtParams(2, 18, 6, 1, 0),
                    DataCopyPadExtParams<uint16_t>(false, 0, 0, 0));
        DataCopyPad(work.At<uint16_t>(4096), Global<uint16_t>(gm[0], 2), DataCopyExtParams(1, 18, 0, 0, 0),
                    DataCopyPadExtParams<uint16_t>(true, 2, 3, uint16_t{0xabcd}));
        PipeBarrier<PIPE_ALL>();
        DataCopy(Global<uint16_t>(gm[2]), work.At<uint16_t>(0), 16);
        DataCopy(Global<uint16_t>(gm[2])[16], work.At<uint16_t>(64), 16);
        DataCopy(Global<uint16_t>(gm[2])[32], work.At<uint16_t>(4096), 16);
    });
    Require(padded.Result<uint16_t>(8) == 0x1312 && padded.Result<uint16_t>(9) == 0x0302,
            "filler: the first element");
    Require(padded.Result<uint16_t>(15) == 0x0302, "filler up to the block");
    Require(padded.Result<uint16_t>(16) == 0x1b1a, "GM gap in bytes, UB gap in blocks");
    Require(padded.Result<uint16_t>(32) == 0xabcd && padded.Result<uint16_t>(34) == 0x0302, "left padding");
    Require(padded.Result<uint16_t>(43) == 0xabcd && padded.Result<uint16_t>(47) == 0xabcd, "right padding");
    Buffers stored = Computes("exact store", [](const Gm &gm) {
        Work work;
        Duplicate(work.At<uint16_t>(0), uint16_t{0x5555}, 64);
        PipeBarrier<PIPE_ALL>();
        DataCopyPad(Global<uint16_t>(gm[2], 2), work.At<uint16_t>(0), DataCopyExtParams(2, 18, 0, 4, 0));
    });
    Require(stored.Result<uint16_t>(0) == 0 && stored.Result<uint16_t>(9) == 0x5555,
            "stores begin where they should");
    Require(stored.Result<uint16_t>(10) == 0 && stored.Result<uint16_t>(11) == 0,
            "the neighbour is not written");
    Require(stored.Result<uint16_t>(12) == 0x5555 && stored.Result<uint16_t>(21) == 0,
            "stores end where they should");
}

inline void Cores()
{
    const Setup two{2, 48, 0};
    Fires(
        "gm_race",
        [](const Gm &gm) {  // both store 32 bytes at 16-byte distance
            Work work;
            Duplicate(work.At<float>(0), 1.0f, 8);
            PipeBarrier<PIPE_ALL>();
            DataCopy(Global<float>(gm[2])[GetBlockIdx() * 4], work.At<float>(0), 8);
        },
        two);
    Silent(
        "gm_race",
        [](const Gm &gm) {
            Work work;
            Duplicate(work.At<float>(0), 1.0f, 8);
            PipeBarrier<PIPE_ALL>();
            DataCopy(Global<float>(gm[2])[GetBlockIdx() * 8], work.At<float>(0), 8);
        },
        two);
    for (uint64_t seed = 0; seed < 6; ++seed) {
        const Setup several{5, 48, seed};
        const auto exchange = [](const Gm &gm, bool with_order) {
            Work work;
            Duplicate(work.At<float>(0), 1.0f, 8);
            PipeBarrier<PIPE_ALL>();
            DataCopy(Global<float>(gm[2])[GetBlockIdx() * 8], work.At<float>(0), 8);
            if (with_order) {
                SyncAll();
            }
            DataCopy(work.At<float>(4096), Global<float>(gm[2])[(GetBlockIdx() + 1) % GetBlockNum() * 8], 8);
        };
        if (!ascendc_model::kIs310P) {
            Silent("gm_race", [&](const Gm &gm) { exchange(gm, true); }, several);
        }
        Fires("gm_race", [&](const Gm &gm) { exchange(gm, false); }, several);
    }
    Fires("gm_pipe_order", [](const Gm &gm) {  // reading back what the same core stored
        Work work;
        Duplicate(work.At<float>(0), 1.0f, 8);
        PipeBarrier<PIPE_ALL>();
        DataCopy(Global<float>(gm[2]), work.At<float>(0), 8);
        DataCopy(work.At<float>(4096), Global<float>(gm[2]), 8);
    });
    Silent("gm_pipe_order", [](const Gm &gm) {
        Work work;
        Duplicate(work.At<float>(0), 1.0f, 8);
        PipeBarrier<PIPE_ALL>();
        DataCopy(Global<float>(gm[2]), work.At<float>(0), 8);
        Order<HardEvent::MTE3_MTE2>();
        DataCopy(work.At<float>(4096), Global<float>(gm[2]), 8);
    });
    Fires("gm_pipe_order", [](const Gm &gm) {  // two stores to one place
        Work work;
        Duplicate(work.At<float>(0), 1.0f, 8);
        PipeBarrier<PIPE_ALL>();
        DataCopy(Global<float>(gm[2]), work.At<float>(0), 8);
        DataCopy(Global<float>(gm[2]), work.At<float>(0), 8);
    });
    Silent("gm_pipe_order", [](const Gm &gm) {
        Work work;
        Duplicate(work.At<float>(0), 1.0f, 8);
        PipeBarrier<PIPE_ALL>();
        DataCopy(Global<float>(gm[2]), work.At<float>(0), 8);
        PipeBarrier<PIPE_MTE3>();
        DataCopy(Global<float>(gm[2]), work.At<float>(0), 8);
    });
}

inline void Atomics()
{
    for (uint64_t seed = 0; seed < 4; ++seed) {
        const Setup eight{8, 48, seed};
        const Buffers sums = Computes(
            "atomic sums",
            [](const Gm &gm) {
                Work work;
                Duplicate(work.At<float>(0), static_cast<float>(GetBlockIdx() + 1), 16);
                PipeBarrier<PIPE_ALL>();
                SetAtomicAdd<float>();
                DataCopy(Global<float>(gm[2]), work.At<float>(0), 16);
                SetAtomicNone();
            },
            eight);
        Require(sums.Result<float>(0) == 36.0f && sums.Result<float>(15) == 36.0f, "eight cores add up");
    }
    Fires("gm_race",
          [](const Gm &gm) {  // one of the cores without the atomic
              Work work;
              Duplicate(work.At<float>(0), 1.0f, 16);
              PipeBarrier<PIPE_ALL>();
              if (GetBlockIdx() != 0) {
                  SetAtomicAdd<float>();
              }
              DataCopy(Global<float>(gm[2]), work.At<float>(0), 16);
              SetAtomicNone();
          },
          {3, 48, 0});
    Fires("atomic_left_on", [](const Gm &) { SetAtomicAdd<float>(); });
    Silent("atomic_left_on", [](const Gm &) {
        SetAtomicAdd<float>();
        SetAtomicNone();
    });
    Fires("dtype", [](const Gm &) {
        SetAtomicAdd<int64_t>();
        SetAtomicNone();
    });
}

inline void DataCache()
{
    using Line = GlobalTensor<int32_t>;
    const auto clean = [](const Line &line) {
        DataCacheCleanAndInvalid<int32_t, CacheLine::SINGLE_CACHE_LINE>(line);
    };
    const Setup two{2, 48, 0};
    Fires("dcache_shared_line", [](const Gm &gm) { Global<int32_t>(gm[2]).SetValue(GetBlockIdx(), 7); }, two);
    Silent(
        "dcache_shared_line", [](const Gm &gm) { Global<int32_t>(gm[2]).SetValue(GetBlockIdx() * 16, 7); },
        two);
    Fires("dcache_not_cleaned", [](const Gm &gm) {
        Work work;
        Global<int32_t>(gm[2]).SetValue(0, 7);
        Order<HardEvent::S_MTE2>();
        DataCopy(work.At<int32_t>(0), Global<int32_t>(gm[2]), 8);
    });
    Silent("dcache_not_cleaned", [&](const Gm &gm) {
        Work work;
        Global<int32_t>(gm[2]).SetValue(0, 7);
        clean(Global<int32_t>(gm[2]));
        Order<HardEvent::S_MTE2>();
        DataCopy(work.At<int32_t>(0), Global<int32_t>(gm[2]), 8);
    });
    const auto reread = [&](const Gm &gm, bool is_cleaned) {
        Work work;
        Line line = Global<int32_t>(gm[2]);
        line.GetValue(3);
        Duplicate(work.At<int32_t>(0), 5, 8);
        PipeBarrier<PIPE_ALL>();
        DataCopy(line, work.At<int32_t>(0), 8);
        Order<HardEvent::MTE3_S>();
        if (is_cleaned) {
            clean(line);
        }
        Require(line.GetValue(3) == 5, "what was stored is read");
    };
    Fires("dcache_stale", [&](const Gm &gm) { reread(gm, false); });
    Silent("dcache_stale", [&](const Gm &gm) { reread(gm, true); });
}

}  // namespace harness
