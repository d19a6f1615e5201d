// One run: the blocks of all ranks, GM, and what was found.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "block.h"
#include "checks.h"
#include "memory.h"
#include "scheduler.h"

namespace ascendc_model {

// A meeting of all blocks of a rank: SyncAll, or a flag between cores.
struct Meeting {
    uint32_t arrived = 0;
    Clock known;
};

class Machine {
public:
    Machine(uint32_t ranks, const std::vector<uint32_t> &blocks_of_rank, uint32_t vector_cores, uint64_t seed)
        : vector_cores_(vector_cores),
          blocks_of_rank_(blocks_of_rank),
          scheduler_(seed, Sum(blocks_of_rank))
    {
        const uint32_t total = Sum(blocks_of_rank);
        for (uint32_t rank = 0; rank < ranks; ++rank) {
            for (uint32_t index = 0; index < blocks_of_rank[rank]; ++index) {
                const uint32_t number = static_cast<uint32_t>(blocks_.size());
                blocks_.push_back(
                    std::unique_ptr<Block>(new Block(rank, index, number, total, seed + number)));
            }
        }
    }

    Block &Current() { return *blocks_[scheduler_.Current()]; }
    GlobalMemory &Memory() { return memory_; }
    Scheduler &Turns() { return scheduler_; }
    uint32_t BlocksOf(uint32_t rank) const { return blocks_of_rank_[rank]; }
    uint32_t VectorCores() const { return vector_cores_; }
    size_t Pipes() const { return blocks_.size() * kPipes; }
    std::vector<std::unique_ptr<Block>> &Blocks() { return blocks_; }
    std::map<std::tuple<uint32_t, uint32_t, uint32_t>, Meeting> &Meetings() { return meetings_; }

    void Report(Check check, Where where, const std::vector<std::string> &values, int buffer = -1)
    {
        Report(check, Current(), where, values, buffer);
    }

    void Report(Check check, const Block &block, Where where, const std::vector<std::string> &values,
                int buffer = -1)
    {
        const auto key = std::make_tuple(static_cast<int>(check), std::string(where.file), where.line);
        const auto known = index_.find(key);
        if (known != index_.end()) {
            ++violations_[known->second].count;
            return;
        }
        const CheckText &text = kChecks[static_cast<int>(check)];
        std::vector<std::string> chinese;
        for (const std::string &value : values) {
            chinese.push_back(Chinese(value));
        }
        index_[key] = violations_.size();
        violations_.push_back({check, Fill(text.en, values), Fill(text.zh, chinese), where.file, where.line,
                               block.rank, block.index, buffer, 1});
        if (violations_.size() == kMostViolations) {
            Report(Check::too_many, where, {Text(kMostViolations)});
            scheduler_.StopAll();
        }
    }

    // Every call of an API comes here first: another block may go on, and a run does not go on for ever.
    void Step(Where where)
    {
        if (scheduler_.IsStopping()) {
            throw Stop();
        }
        if (++steps_ == most_calls_) {
            Report(Check::step_limit, where, {Text(most_calls_)});
            scheduler_.StopAll();
            throw Stop();
        }
    }

    // Something that another block may be waiting for has happened.
    void Progress() { ++progress_; }

    // The current block has looked at GM for something that is not there yet, perhaps. After `most_polls`
    // without any progress it counts as one that waits for ever.
    void Poll(Where where, const char *what, uint64_t most_polls)
    {
        Task &task = scheduler_.At(scheduler_.Current());
        if (task.progress_seen != progress_) {
            task.progress_seen = progress_;
            task.polls = 0;
        }
        task.is_stuck = ++task.polls > most_polls;
        if (task.is_stuck && AllArePolling()) {
            Report(Check::deadlock, where, {Text(Current().index), what});
            ReportWaiting();
            scheduler_.StopAll();
            throw Stop();
        }
        scheduler_.Switch();
    }

    // No block can go on: what each of those waits for that stand at a meeting.
    void ReportWaiting()
    {
        for (const auto &block : blocks_) {
            if (block->waits_for == nullptr) {
                continue;
            }
            const Block *missing = nullptr;
            for (const auto &other : blocks_) {
                if (other->rank == block->rank && other->sync_alls < block->sync_alls) {
                    missing = other.get();
                }
            }
            if (missing != nullptr) {
                Report(Check::sync_all_count, *block, block->wait_where,
                       {Text(block->sync_alls), Text(missing->index)});
            } else {
                Report(Check::deadlock, *block, block->wait_where, {Text(block->index), block->waits_for});
            }
        }
    }

    void LimitCalls(uint64_t calls) { most_calls_ = calls; }
    uint64_t Steps() const { return steps_; }
    const std::vector<Violation> &Violations() const { return violations_; }

private:
    static constexpr size_t kMostViolations = 200;

    static uint32_t Sum(const std::vector<uint32_t> &numbers)
    {
        uint32_t sum = 0;
        for (const uint32_t number : numbers) {
            sum += number;
        }
        return sum;
    }

    bool AllArePolling()
    {
        for (uint32_t i = 0; i < scheduler_.Size(); ++i) {
            const Task &task = scheduler_.At(i);
            const bool is_polling = task.is_stuck && task.progress_seen == progress_;
            if (task.state == TaskState::kReady && !is_polling) {
                return false;
            }
        }
        return true;
    }

    uint32_t vector_cores_;
    std::vector<uint32_t> blocks_of_rank_;
    Scheduler scheduler_;
    GlobalMemory memory_;
    std::vector<std::unique_ptr<Block>> blocks_;
    std::map<std::tuple<uint32_t, uint32_t, uint32_t>, Meeting> meetings_;
    std::vector<Violation> violations_;
    std::map<std::tuple<int, std::string, int>, size_t> index_;
    uint64_t steps_ = 0;
    uint64_t most_calls_ = 400000000;
    uint64_t progress_ = 1;
};

inline Machine *g_machine = nullptr;

inline Block &Core() { return g_machine->Current(); }

template <typename... Values>
void Report(Check check, Where where, const Values &...values)
{
    g_machine->Report(check, where, {Text(values)...});
}

template <typename... Values>
void ReportBuffer(Check check, Where where, int buffer, const Values &...values)
{
    g_machine->Report(check, where, {Text(values)...}, buffer);
}

}  // namespace ascendc_model
