// Blocks take turns as fibers; the seed says how.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "fiber.h"

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

enum class TaskState { kReady, kWaiting, kDone };

struct Task {
    std::unique_ptr<Fiber> fiber = std::unique_ptr<Fiber>(new Fiber());
    TaskState state = TaskState::kReady;
    uint64_t polls = 0;          // reads in a row that waited for other blocks
    bool is_stuck = false;       // more of them than any other block can need
    uint64_t progress_seen = 0;  // what the machine's progress was at the first of them
};

class Scheduler {
public:
    Scheduler(uint64_t seed, uint32_t tasks) : seed_(seed), random_(seed), tasks_(tasks)
    {
        const uint64_t kMeans[] = {1, 3, 10, 40, 200};
        mean_turn_ = kMeans[random_.Below(5)];
    }

    // Runs `body(i)` for every task i until all are done. `stuck` is called when none can go on.
    void Run(const std::function<void(uint32_t)> &body, const std::function<void()> &stuck)
    {
        for (uint32_t i = 0; i < Size(); ++i) {
            tasks_[i].fiber->Start([this, &body, i] {
                if (!is_stopping_) {
                    body(i);
                }
                tasks_[i].state = TaskState::kDone;
            });
        }
        uint32_t next = 0;
        while (Choose(&next)) {
            current_ = next;
            turn_ = static_cast<int64_t>(1 + random_.Below(2 * mean_turn_));
            tasks_[next].fiber->Resume();
            if (tasks_[next].state == TaskState::kDone) {
                tasks_[next].fiber.reset();
            }
            if (!Has(TaskState::kReady) && Has(TaskState::kWaiting)) {
                stuck();
                StopAll();
            }
        }
    }

    // A place where another block may go on.
    void MaySwitch()
    {
        if (seed_ >= 2 && --turn_ <= 0) {
            Switch();
        }
    }

    void Switch()
    {
        tasks_[current_].fiber->Yield();
        if (is_stopping_) {
            throw Stop();
        }
    }

    void Wait()
    {
        tasks_[current_].state = TaskState::kWaiting;
        Switch();
    }

    void WakeAll()
    {
        for (Task &task : tasks_) {
            task.state = task.state == TaskState::kWaiting ? TaskState::kReady : task.state;
        }
    }

    void StopAll()
    {
        is_stopping_ = true;
        WakeAll();
    }

    bool IsStopping() const { return is_stopping_; }
    uint32_t Current() const { return current_; }
    Task &At(uint32_t task) { return tasks_[task]; }
    uint32_t Size() const { return static_cast<uint32_t>(tasks_.size()); }

private:
    bool Has(TaskState state) const
    {
        for (const Task &task : tasks_) {
            if (task.state == state) {
                return true;
            }
        }
        return false;
    }

    // The next ready task: seed 0 in turn, 1 backwards, others any.
    bool Choose(uint32_t *next)
    {
        const uint32_t count = Size();
        const uint32_t place = seed_ == 1 ? count - 1 - current_ : current_;
        const uint32_t start = is_first_ ? 0
                             : seed_ < 2 ? place + 1
                                         : static_cast<uint32_t>(random_.Below(count));
        is_first_ = false;
        for (uint32_t i = 0; i < count; ++i) {
            const uint32_t step = (start + i) % count;
            const uint32_t task = seed_ == 1 ? count - 1 - step : step;
            if (tasks_[task].state == TaskState::kReady) {
                *next = task;
                return true;
            }
        }
        return false;
    }

    uint64_t seed_;
    Random random_;
    std::vector<Task> tasks_;
    uint64_t mean_turn_ = 1;
    int64_t turn_ = 0;
    uint32_t current_ = 0;
    bool is_first_ = true;
    bool is_stopping_ = false;
};

}  // namespace ascendc_model
