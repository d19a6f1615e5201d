// Runs a kernel on every block, and looks at what is left when it ends.
#pragma once

#include <functional>

#include "machine.h"

namespace ascendc_model {

// What a block must have brought to an end when its kernel returns.
inline void CheckEnd(Where where)
{
    Block &core = Core();
    if (core.atomic.operation != 0) {
        Report(Check::atomic_left_on, core.atomic_where);
    }
    if (core.is_mask_counter || core.is_mask_set) {
        Report(Check::mask_left_on, where);
    }
    for (uint32_t kind = 0; kind < kEventKinds; ++kind) {
        for (uint32_t id = 0; id < kEventIds; ++id) {
            const Event &event = core.events[kind][id];
            if (event.is_set) {
                Report(Check::event_not_waited, event.where, kEvents[kind].name, id, event.where.line);
            }
        }
    }
}

// No block can go on: say what each of them waits for.
inline void ReportStuck(Machine &machine)
{
    for (const auto &block : machine.Blocks()) {
        if (block->waits_for == nullptr) {
            continue;
        }
        const Block *missing = nullptr;
        for (const auto &other : machine.Blocks()) {
            const bool has_ended = machine.Turns().At(other->number).state == FiberState::kDone;
            if (has_ended && other->rank == block->rank && other->sync_alls < block->sync_alls) {
                missing = other.get();
            }
        }
        if (missing != nullptr) {
            machine.Report(Check::sync_all_count, *block, block->wait_where,
                           {Text(block->sync_alls), Text(missing->index)});
        } else {
            machine.Report(Check::deadlock, *block, block->wait_where, {Text(block->index), block->waits_for});
        }
    }
}

// `kernel` on every block of the machine, then the buffers back to the host. `where` stands for the end.
inline void RunBlocks(Machine &machine, const std::function<void(const Block &)> &kernel, Where where)
{
    g_machine = &machine;
    machine.Turns().Run(
        [&](uint32_t number) {
            try {
                kernel(*machine.Blocks()[number]);
                CheckEnd(where);
                machine.Progress();
            } catch (const Stop &) {
            }
        },
        [&] { ReportStuck(machine); });
    machine.Memory().CopyBack();
    g_machine = nullptr;
}

}  // namespace ascendc_model
