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
        [&] { machine.ReportWaiting(); });
    machine.Memory().CopyBack();
    g_machine = nullptr;
}

}  // namespace ascendc_model
