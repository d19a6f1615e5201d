// Events, meetings of cores, flags in GM, waits that never end.
#pragma once

#include "harness.h"

namespace harness {

inline void Events()
{
    Fires("event_not_set", [](const Gm &) { WaitFlag<HardEvent::MTE2_V>(0); });
    Silent("event_not_set", [](const Gm &) {
        SetFlag<HardEvent::MTE2_V>(0);
        WaitFlag<HardEvent::MTE2_V>(0);
    });
    Fires("event_not_waited", [](const Gm &) { SetFlag<HardEvent::MTE2_V>(0); });
    Silent("event_not_waited", [](const Gm &) {
        SetFlag<HardEvent::MTE2_V>(0);
        SetFlag<HardEvent::MTE2_V>(1);
        WaitFlag<HardEvent::MTE2_V>(1);
        WaitFlag<HardEvent::MTE2_V>(0);
    });
    Fires("event_set_twice", [](const Gm &) {
        SetFlag<HardEvent::MTE2_V>(0);
        SetFlag<HardEvent::MTE2_V>(0);
        WaitFlag<HardEvent::MTE2_V>(0);
    });
    Silent("event_set_twice", [](const Gm &) {
        SetFlag<HardEvent::MTE2_V>(0);
        SetFlag<HardEvent::V_MTE2>(0);
        WaitFlag<HardEvent::MTE2_V>(0);
        WaitFlag<HardEvent::V_MTE2>(0);
    });
    Fires("event_id", [](const Gm &) { SetFlag<HardEvent::MTE2_V>(8); });
    Silent("event_id", [](const Gm &) {
        TPipe pipe;
        Order<HardEvent::MTE2_V>();
    });
    Fires("event_ids", [](const Gm &) {
        TPipe pipe;
        for (int i = 0; i < 9; ++i) {
            pipe.AllocEventID<HardEvent::MTE2_V>();
        }
    });
    Silent("event_ids", [](const Gm &) {
        TPipe pipe;
        for (int i = 0; i < 9; ++i) {
            const TEventID id = pipe.AllocEventID<HardEvent::MTE2_V>();
            pipe.ReleaseEventID<HardEvent::MTE2_V>(id);
        }
    });
    Fires("ub_read_before_write_done", [](const Gm &gm) {  // the event was set before the load
        Work work;
        SetFlag<HardEvent::MTE2_V>(0);
        DataCopy(work.At<float>(0), Global<float>(gm[1]), 64);
        WaitFlag<HardEvent::MTE2_V>(0);
        Adds(work.At<float>(4096), work.At<float>(0), 1.0f, 64);
    });
    Fires("mask_left_on", [](const Gm &) { SetMaskCount(); });
    Silent("mask_left_on", [](const Gm &) {
        SetMaskCount();
        SetMaskNorm();
    });
}

inline void Meetings()
{
    const Setup four{4, 48, 3};
    const auto once = [](const Gm &) { SyncAll(); };
    if (ascendc_model::kIs310P) {
        Fires("not_on_target", once, four);
    } else {
        Silent("sync_all_count", once, four);
        Silent("sync_all", once, four);
        Fires(
            "sync_all_count",
            [](const Gm &) {
                if (GetBlockIdx() != 2) {
                    SyncAll();
                }
            },
            four);
        Fires(
            "sync_all_count",
            [](const Gm &) {
                for (int i = 0; i < 3 + (GetBlockIdx() == 1 ? 1 : 0); ++i) {
                    SyncAll();
                }
            },
            four);
        Fires("sync_all", [](const Gm &) { SyncAll<false>(); }, four);
        Fires("sync_all", once, {4, 2, 0});
        Silent(
            "cross_core_flag",
            [](const Gm &) {
                CrossCoreSetFlag<0, PIPE_MTE3>(8);
                CrossCoreWaitFlag(8);
            },
            four);
        Fires(
            "cross_core_flag",
            [](const Gm &) {
                CrossCoreSetFlag<0, PIPE_MTE3>(12);
                CrossCoreWaitFlag(12);
            },
            four);
        Fires(
            "gm_race",
            [](const Gm &gm) {  // the flag is set by a pipe that did not store
                Work work;
                Duplicate(work.At<float>(0), 1.0f, 8);
                PipeBarrier<PIPE_ALL>();
                DataCopy(Global<float>(gm[2])[GetBlockIdx() * 8], work.At<float>(0), 8);
                CrossCoreSetFlag<0, PIPE_MTE2>(8);
                CrossCoreWaitFlag(8);
                DataCopy(work.At<float>(4096), Global<float>(gm[2])[(GetBlockIdx() + 1) % 4 * 8], 8);
            },
            four);
        Silent(
            "gm_race",
            [](const Gm &gm) {
                Work work;
                Duplicate(work.At<float>(0), 1.0f, 8);
                PipeBarrier<PIPE_ALL>();
                DataCopy(Global<float>(gm[2])[GetBlockIdx() * 8], work.At<float>(0), 8);
                CrossCoreSetFlag<0, PIPE_MTE3>(8);
                CrossCoreWaitFlag(8);
                DataCopy(work.At<float>(4096), Global<float>(gm[2])[(GetBlockIdx() + 1) % 4 * 8], 8);
            },
            four);
    }
    const auto soft = [](const Gm &gm, uint64_t workspace_bytes, uint32_t ub_bytes) {
        Work work;
        SyncAll(Global<int32_t>(gm[2], kBufferBytes - workspace_bytes), work.At<int32_t>(0, ub_bytes));
    };
    Silent("sync_all", [&](const Gm &gm) { soft(gm, 128, 128); }, four);
    Silent("sync_all_count", [&](const Gm &gm) { soft(gm, 128, 128); }, four);
    Fires("gm_out_of_range", [&](const Gm &gm) { soft(gm, 96, 128); }, four);
    Fires("ub_out_of_range", [&](const Gm &gm) { soft(gm, 128, 96); }, four);
    Fires(
        "sync_all",
        [](const Gm &gm) {  // a workspace that is not 0
            Work work;
            SyncAll(Global<int32_t>(gm[0]), work.At<int32_t>(0, 128));
        },
        four);
    Fires(
        "sync_all_count",
        [&](const Gm &gm) {
            if (GetBlockIdx() != 3) {
                soft(gm, 128, 128);
            }
        },
        four);
}

// Block 0 stores a row and sets a flag, the others wait for it and read the row.
inline void PublishAndRead(const Gm &gm, bool has_barrier, bool has_scope)
{
    Work work;
    GlobalTensor<int32_t> row = Global<int32_t>(gm[2]);
    GlobalTensor<int32_t> flag = Global<int32_t>(gm[2], 4096);
    LocalTensor<int32_t> line = work.At<int32_t>(0, 32);
    if (GetBlockIdx() == 0) {
        Duplicate(work.At<int32_t>(4096), 7, 64);
        Duplicate(line, 1, 8);
        PipeBarrier<PIPE_ALL>();
        DataCopy(row, work.At<int32_t>(4096), 64);
        if (has_barrier) {
            PipeBarrier<PIPE_MTE3>();
        }
        if (has_scope) {
            ASCENDC_MODEL_FLAG_SCOPE();
            DataCopy(flag, line, 8);
        } else {
            DataCopy(flag, line, 8);
        }
        return;
    }
    while (true) {
        if (has_scope) {
            ASCENDC_MODEL_FLAG_SCOPE();
            DataCopy(line, flag, 8);
        } else {
            DataCopy(line, flag, 8);
        }
        Order<HardEvent::MTE2_S>();
        const bool is_set = line.GetValue(0) == 1;
        Order<HardEvent::S_MTE2>();
        if (is_set) {
            break;
        }
    }
    DataCopy(work.At<int32_t>(8192), row, 64);
    Order<HardEvent::MTE2_S>();
    Require(work.At<int32_t>(8192).GetValue(63) == 7, "the row is there when the flag is");
}

inline void Flags()
{
    for (uint64_t seed = 0; seed < 6; ++seed) {
        const Setup three{3, 48, seed};
        Silent("deadlock", [](const Gm &gm) { PublishAndRead(gm, true, true); }, three);
        Silent("gm_race", [](const Gm &gm) { PublishAndRead(gm, true, true); }, three);
        Fires("gm_race", [](const Gm &gm) { PublishAndRead(gm, false, true); }, three);
        Fires("gm_race", [](const Gm &gm) { PublishAndRead(gm, true, false); }, three);
        Fires(
            "deadlock",
            [](const Gm &gm) {  // nobody sets the flag
                if (GetBlockIdx() != 0) {
                    PublishAndRead(gm, true, true);
                }
            },
            three);
        Fires(
            "deadlock",
            [](const Gm &gm) {  // polled through the scalar unit
                if (GetBlockIdx() == 1) {
                    while (Global<int32_t>(gm[2]).GetValue(0) == 0) {
                        DataCacheCleanAndInvalid<int32_t, CacheLine::SINGLE_CACHE_LINE>(
                            Global<int32_t>(gm[2]));
                    }
                }
            },
            three);
    }
}

inline void Limits()
{
    Fires("step_limit",
          [](const Gm &) {
              while (true) {
                  GetBlockIdx();
              }
          },
          {2, 48, 0, 10000});
    Silent("step_limit", [](const Gm &) { GetBlockIdx(); }, {2, 48, 0, 10000});
}

}  // namespace harness
