// Flags in GM that one core sets and another waits for: one number on a line of 32 bytes.
//
// A flag has a line of its own. The line is written and read whole by DataCopy, which does not go
// through the scalar data cache, so that nobody writes back an old neighbour and no poll sees an old
// copy. Every word of the line holds the number.
//
// What a core stored before PublishFlag is seen by a core whose WaitFlag has come back. That is the
// order that published ports rest on: payload by MTE3, a barrier of the pipes, then the line.
#ifndef PORTCHECK_FLAGS_H
#define PORTCHECK_FLAGS_H

#include <cstdint>

#include "kernel_operator.h"

#ifndef ASCENDC_MODEL_FLAG_SCOPE
#define ASCENDC_MODEL_FLAG_SCOPE()  // only the CPU model must be told that a copy publishes or waits
#endif

namespace portcheck {

constexpr uint32_t FLAG_BYTES = 32;
constexpr uint32_t FLAG_ELEMENTS = FLAG_BYTES / sizeof(int32_t);

// What a waiting core looks for.
enum class FlagIs : int32_t { EQUAL, AT_LEAST };

// The pipe that `event` names second waits for what the first was given so far.
template <AscendC::HardEvent event>
__aicore__ inline void SyncPipes()
{
    const int32_t id = static_cast<int32_t>(GetTPipePtr()->FetchEventID(event));
    AscendC::SetFlag<event>(id);
    AscendC::WaitFlag<event>(id);
}

// Sets the flag after everything that this core was told to store. `staged` is a line of UB.
__aicore__ inline void PublishFlag(const AscendC::GlobalTensor<int32_t> &line,
                                   const AscendC::LocalTensor<int32_t> &staged, int32_t number)
{
    AscendC::PipeBarrier<PIPE_ALL>();
    AscendC::Duplicate(staged, number, static_cast<int32_t>(FLAG_ELEMENTS));
    SyncPipes<AscendC::HardEvent::V_MTE3>();
    ASCENDC_MODEL_FLAG_SCOPE();
    AscendC::DataCopy(line, staged, FLAG_ELEMENTS);
    SyncPipes<AscendC::HardEvent::MTE3_V>();
}

// Comes back when the flag holds `number` (or more), and gives what it held. What this core loads
// from then on is what the other had stored. `staged` is a line of UB.
template <FlagIs test = FlagIs::AT_LEAST>
__aicore__ inline int32_t WaitFlag(const AscendC::GlobalTensor<int32_t> &line,
                                   const AscendC::LocalTensor<int32_t> &staged, int32_t number)
{
    AscendC::PipeBarrier<PIPE_ALL>();  // the line of UB may still be in use
    ASCENDC_MODEL_FLAG_SCOPE();
    while (true) {
        AscendC::DataCopy(staged, line, FLAG_ELEMENTS);
        SyncPipes<AscendC::HardEvent::MTE2_S>();
        const int32_t held = staged.GetValue(0);
        if (test == FlagIs::EQUAL ? held == number : held >= number) {
            AscendC::PipeBarrier<PIPE_ALL>();
            return held;
        }
        SyncPipes<AscendC::HardEvent::S_MTE2>();
    }
}

}  // namespace portcheck

#endif
