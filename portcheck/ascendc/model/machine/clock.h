// Which work of which pipe is known to be done: vector clocks over the pipes of all blocks.
#pragma once

#include <cstdint>
#include <vector>

#include "where.h"

namespace ascendc_model {

enum Pipe : uint32_t { kScalar = 0, kVector = 1, kMte2 = 2, kMte3 = 3, kPipes = 4 };

inline const char *PipeName(uint32_t pipe)
{
    static const char *const kNames[] = {"S", "V", "MTE2", "MTE3"};
    return kNames[pipe % kPipes];
}

// One instruction: the number of its pipe (block * 4 + pipe) and its place in the order of that pipe.
struct Stamp {
    uint32_t pipe = 0;
    uint32_t time = 0;  // 0: never
};

class Clock {
public:
    void Resize(size_t pipes) { done_.assign(pipes, 0); }

    bool Knows(const Stamp &stamp) const { return done_[stamp.pipe] >= stamp.time; }

    void Learn(const Stamp &stamp)
    {
        if (done_[stamp.pipe] < stamp.time) {
            done_[stamp.pipe] = stamp.time;
            ++version_;
        }
    }

    void Join(const Clock &other)
    {
        bool is_news = false;
        for (size_t i = 0; i < done_.size(); ++i) {
            if (other.done_[i] > done_[i]) {
                done_[i] = other.done_[i];
                is_news = true;
            }
        }
        version_ += is_news ? 1 : 0;
    }

    uint64_t Version() const { return version_; }

private:
    std::vector<uint32_t> done_;
    uint64_t version_ = 0;
};

}  // namespace ascendc_model
