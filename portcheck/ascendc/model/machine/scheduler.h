// Blocks as fibers that take turns; the seed says how.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <ucontext.h>

namespace ascendc_model {

// Thrown through a block to end it.
struct Stop {};

class Random {
public:
    explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ULL + 0x2545f4914f6cdd1dULL) {}

    uint64_t Next()
    {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return state_ * 0x2545f4914f6cdd1dULL;
    }

    uint64_t Below(uint64_t end) { return (Next() >> 16) % end; }

private:
    uint64_t state_;
};

enum class FiberState { kReady, kWaiting, kDone };

struct Fiber {
    ucontext_t context;
    std::unique_ptr<char[]> stack;
    FiberState state = FiberState::kReady;
    uint64_t polls = 0;          // reads in a row that waited for other blocks
    uint64_t progress_seen = 0;  // what the machine's progress was at the first of them
};

class Scheduler {
public:
    Scheduler(uint64_t seed, uint32_t fibers) : seed_(seed), random_(seed), fibers_(fibers)
    {
        const uint64_t kMeans[] = {1, 3, 10, 40, 200};
        mean_turn_ = kMeans[random_.Below(5)];
    }

    // Runs `body(i)` for every fiber i until all are done. `stuck` is called when none can go on.
    void Run(const std::function<void(uint32_t)> &body, const std::function<void()> &stuck)
    {
        body_ = &body;
        for (uint32_t i = 0; i < fibers_.size(); ++i) {
            Prepare(i);
        }
        uint32_t next = 0;
        while (Choose(&next)) {
            current_ = next;
            turn_ = NewTurn();
            swapcontext(&main_, &fibers_[next].context);
            if (fibers_[next].state == FiberState::kDone) {
                fibers_[next].stack.reset();
            }
            if (!HasReady() && !IsDone()) {
                stuck();
                is_stopping_ = true;
                WakeAll();
            }
        }
    }

    // A place where another block may go on.
    void MaySwitch()
    {
        if (seed_ < 2 || --turn_ > 0) {
            return;
        }
        Switch();
    }

    void Switch()
    {
        swapcontext(&fibers_[current_].context, &main_);
        if (is_stopping_) {
            throw Stop();
        }
    }

    void Wait()
    {
        fibers_[current_].state = FiberState::kWaiting;
        Switch();
    }

    void Wake(uint32_t fiber)
    {
        if (fibers_[fiber].state == FiberState::kWaiting) {
            fibers_[fiber].state = FiberState::kReady;
        }
    }

    void StopAll()
    {
        is_stopping_ = true;
        WakeAll();
    }

    bool IsStopping() const { return is_stopping_; }
    uint32_t Current() const { return current_; }
    Fiber &At(uint32_t fiber) { return fibers_[fiber]; }
    uint32_t Size() const { return static_cast<uint32_t>(fibers_.size()); }

private:
    static constexpr size_t kStackBytes = 256 * 1024;

    void Prepare(uint32_t i)
    {
        Fiber &fiber = fibers_[i];
        fiber.stack.reset(new char[kStackBytes]);
        getcontext(&fiber.context);
        fiber.context.uc_stack.ss_sp = fiber.stack.get();
        fiber.context.uc_stack.ss_size = kStackBytes;
        fiber.context.uc_link = &main_;
        const uintptr_t self = reinterpret_cast<uintptr_t>(this);
        makecontext(&fiber.context, reinterpret_cast<void (*)()>(&Scheduler::Enter), 2,
                    static_cast<unsigned>(self >> 32), static_cast<unsigned>(self & 0xffffffffU));
    }

    static void Enter(unsigned high, unsigned low)
    {
        Scheduler *self = reinterpret_cast<Scheduler *>((static_cast<uintptr_t>(high) << 32) | low);
        const uint32_t fiber = self->current_;
        if (!self->is_stopping_) {
            (*self->body_)(fiber);
        }
        self->fibers_[fiber].state = FiberState::kDone;
    }

    bool HasReady() const
    {
        for (const Fiber &fiber : fibers_) {
            if (fiber.state == FiberState::kReady) {
                return true;
            }
        }
        return false;
    }

    bool IsDone() const
    {
        for (const Fiber &fiber : fibers_) {
            if (fiber.state != FiberState::kDone) {
                return false;
            }
        }
        return true;
    }

    void WakeAll()
    {
        for (uint32_t i = 0; i < fibers_.size(); ++i) {
            Wake(i);
        }
    }

    int64_t NewTurn() { return static_cast<int64_t>(1 + random_.Below(2 * mean_turn_)); }

    // The next ready fiber: after the current one in turn, or any.
    bool Choose(uint32_t *next)
    {
        const uint32_t count = Size();
        const uint32_t place = seed_ == 1 ? count - 1 - current_ : current_;
        const uint32_t start = is_first_ ? 0 : seed_ < 2 ? place + 1 : static_cast<uint32_t>(random_.Below(count));
        is_first_ = false;
        for (uint32_t i = 0; i < count; ++i) {
            const uint32_t step = (start + i) % count;
            const uint32_t fiber = seed_ == 1 ? count - 1 - step : step;
            if (fibers_[fiber].state == FiberState::kReady) {
                *next = fiber;
                return true;
            }
        }
        return false;
    }

    uint64_t seed_;
    Random random_;
    std::vector<Fiber> fibers_;
    ucontext_t main_;
    const std::function<void(uint32_t)> *body_ = nullptr;
    uint64_t mean_turn_ = 1;
    int64_t turn_ = 0;
    uint32_t current_ = 0;
    bool is_first_ = true;
    bool is_stopping_ = false;
};

}  // namespace ascendc_model
