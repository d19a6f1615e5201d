// What is known of every byte of a memory: who wrote it last, who has read it since, and in which order.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "clock.h"

namespace ascendc_model {

// An access that an instruction makes.
struct Access {
    Stamp stamp;
    const Clock *known = nullptr;  // what is done before the instruction starts
    bool is_in_order = false;      // its pipe runs its instructions one after the other (S, V)
    uint32_t atomic = 0;           // not 0: added to what is there; equal kinds commute
    bool is_flag = false;          // a release or an acquire: never a race with another one
    uint64_t sequence = 0;         // of the run's calls
    const char *api = "";
    Where where = Here();

    bool IsAfter(const Stamp &other) const
    {
        return other.time == 0 || (is_in_order && other.pipe == stamp.pipe) || known->Knows(other);
    }
};

// What is remembered of an access.
struct Trace {
    Stamp stamp;
    uint32_t atomic = 0;
    bool is_flag = false;
    uint64_t sequence = 0;
    const char *api = "";
    Where where = Here();
};

struct Cell {
    bool is_written = false;
    std::vector<Trace> writers;  // the last one; several if they are atomic
    std::vector<Trace> readers;  // since the last write, one a pipe
};

enum class Conflict { kNone, kReadAfterWrite, kWriteAfterRead, kWriteAfterWrite, kUnwritten };

struct Finding {
    Conflict conflict = Conflict::kNone;
    uint64_t begin = 0;
    uint64_t end = 0;
    Trace other;
};

class Shadow {
public:
    Shadow(uint64_t bytes, bool is_written)
    {
        cells_[0].is_written = is_written;
        cells_[bytes];  // the end
    }

    Finding Read(uint64_t begin, uint64_t end, const Access &access)
    {
        Finding finding;
        for (auto cell = Split(begin, end); cell->first < end; ++cell) {
            Judge(finding, cell, access, cell->second.writers, Conflict::kReadAfterWrite);
            if (!cell->second.is_written && finding.conflict == Conflict::kNone) {
                finding = {Conflict::kUnwritten, cell->first, std::next(cell)->first, Trace()};
            }
            Remember(cell->second.readers, access);
        }
        return finding;
    }

    Finding Write(uint64_t begin, uint64_t end, const Access &access)
    {
        Finding finding;
        auto cell = Split(begin, end);
        const auto first = cell;
        for (; cell->first < end; ++cell) {
            Judge(finding, cell, access, cell->second.readers, Conflict::kWriteAfterRead);
            Judge(finding, cell, access, cell->second.writers, Conflict::kWriteAfterWrite);
            if (access.atomic != 0) {
                Add(cell->second, access);
            }
        }
        if (access.atomic == 0) {
            Replace(first, end, access);
        }
        return finding;
    }

    // The last writers of every byte of the range.
    template <typename Visit>
    void EachWriter(uint64_t begin, uint64_t end, Visit visit)
    {
        for (auto cell = Split(begin, end); cell->first < end; ++cell) {
            for (const Trace &trace : cell->second.writers) {
                visit(trace);
            }
        }
    }

private:
    using Cells = std::map<uint64_t, Cell>;

    // Cells start at `begin` and at `end`; the first of them.
    Cells::iterator Split(uint64_t begin, uint64_t end)
    {
        SplitAt(end);
        return SplitAt(begin);
    }

    Cells::iterator SplitAt(uint64_t at)
    {
        auto after = cells_.lower_bound(at);
        if (after->first == at) {
            return after;
        }
        return cells_.emplace_hint(after, at, std::prev(after)->second);
    }

    static void Judge(Finding &finding, Cells::iterator cell, const Access &access,
                      const std::vector<Trace> &others, Conflict conflict)
    {
        if (finding.conflict != Conflict::kNone) {
            return;
        }
        for (const Trace &other : others) {
            const bool commutes = access.atomic != 0 && other.atomic == access.atomic;
            if (!commutes && !(access.is_flag && other.is_flag) && !access.IsAfter(other.stamp)) {
                finding = {conflict, cell->first, std::next(cell)->first, other};
                return;
            }
        }
    }

    static Trace TraceOf(const Access &access)
    {
        return {access.stamp, access.atomic, access.is_flag, access.sequence, access.api, access.where};
    }

    static void Remember(std::vector<Trace> &traces, const Access &access)
    {
        for (Trace &trace : traces) {
            if (trace.stamp.pipe == access.stamp.pipe) {
                trace = TraceOf(access);
                return;
            }
        }
        traces.push_back(TraceOf(access));
    }

    static void Add(Cell &cell, const Access &access)
    {
        const bool is_first = cell.writers.empty() || cell.writers.front().atomic != access.atomic;
        if (is_first) {
            cell.writers.clear();
        }
        cell.readers.clear();
        cell.is_written = true;
        Remember(cell.writers, access);
    }

    void Replace(Cells::iterator first, uint64_t end, const Access &access)
    {
        first->second.is_written = true;
        first->second.readers.clear();
        first->second.writers.assign(1, TraceOf(access));
        cells_.erase(std::next(first), cells_.find(end));
    }

    Cells cells_;
};

}  // namespace ascendc_model
