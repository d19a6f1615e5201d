// A function that runs until it yields, and goes on where it was when it is resumed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

// Linux switches contexts; elsewhere, and with ASCENDC_MODEL_THREADS=1, a thread holds the context.
#ifndef ASCENDC_MODEL_THREADS
#if defined(__linux__)
#define ASCENDC_MODEL_THREADS 0
#else
#define ASCENDC_MODEL_THREADS 1
#endif
#endif

#if ASCENDC_MODEL_THREADS
#include <condition_variable>
#include <mutex>
#include <thread>
#else
#include <ucontext.h>
#endif

namespace ascendc_model {

#if ASCENDC_MODEL_THREADS

class Fiber {
public:
    Fiber() = default;
    Fiber(const Fiber &) = delete;
    Fiber &operator=(const Fiber &) = delete;
    ~Fiber()
    {
        if (thread_.joinable()) {
            thread_.join();
        }
    }

    void Start(std::function<void()> body)
    {
        thread_ = std::thread([this, body] {
            AwaitTurn(true);
            body();
            Pass(false);
        });
    }

    void Resume()
    {
        Pass(true);
        AwaitTurn(false);
    }

    void Yield()
    {
        Pass(false);
        AwaitTurn(true);
    }

private:
    void Pass(bool to_fiber)
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        is_fibers_turn_ = to_fiber;
        changed_.notify_all();
    }

    void AwaitTurn(bool of_fiber)
    {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [&] { return is_fibers_turn_ == of_fiber; });
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_fibers_turn_ = false;
    std::thread thread_;
};

#else

class Fiber {
public:
    Fiber() = default;
    Fiber(const Fiber &) = delete;
    Fiber &operator=(const Fiber &) = delete;

    void Start(std::function<void()> body)
    {
        body_ = std::move(body);
        stack_.reset(new char[kStackBytes]);
        getcontext(&context_);
        context_.uc_stack.ss_sp = stack_.get();
        context_.uc_stack.ss_size = kStackBytes;
        context_.uc_link = &caller_;
        const uint64_t self = static_cast<uint64_t>(reinterpret_cast<uintptr_t>(this));
        makecontext(&context_, reinterpret_cast<void (*)()>(&Fiber::Enter), 2,
                    static_cast<unsigned>(self >> 32), static_cast<unsigned>(self & 0xffffffffU));
    }

    void Resume() { swapcontext(&caller_, &context_); }
    void Yield() { swapcontext(&context_, &caller_); }

private:
    static constexpr size_t kStackBytes = 256 * 1024;

    static void Enter(unsigned high, unsigned low)
    {
        const uint64_t self = (static_cast<uint64_t>(high) << 32) | low;
        reinterpret_cast<Fiber *>(static_cast<uintptr_t>(self))->body_();
    }

    ucontext_t context_;
    ucontext_t caller_;
    std::unique_ptr<char[]> stack_;
    std::function<void()> body_;
};

#endif

}  // namespace ascendc_model
