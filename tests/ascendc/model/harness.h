// Small kernels on the model: what they are expected to set off, and what they must compute.
#pragma once

#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "kernel_operator.h"
#include "machine/launch.h"

namespace harness {

using namespace AscendC;

using Gm = std::vector<uint8_t *>;
using Names = std::set<std::string>;

struct Setup {
    uint32_t blocks = 1;
    uint32_t cores = 48;
    uint64_t seed = 0;
    uint64_t most_calls = 1000000;
};

constexpr uint64_t kBufferBytes = 65536;

inline int g_failures = 0;
inline Names g_fired;
inline Names g_silent;

// Three buffers of 64 KiB: the numbers 0, 1, 2, … as bytes, as floats, and zeros.
struct Buffers {
    std::vector<uint8_t> bytes = std::vector<uint8_t>(kBufferBytes);
    std::vector<float> floats = std::vector<float>(kBufferBytes / sizeof(float));
    std::vector<uint8_t> zeros = std::vector<uint8_t>(kBufferBytes, 0);

    Buffers()
    {
        for (size_t i = 0; i < bytes.size(); ++i) {
            bytes[i] = static_cast<uint8_t>(i);
        }
        for (size_t i = 0; i < floats.size(); ++i) {
            floats[i] = static_cast<float>(i);
        }
    }

    template <typename T>
    T Result(size_t index) const
    {
        T value;
        std::memcpy(&value, zeros.data() + index * sizeof(T), sizeof(T));
        return value;
    }
};

template <typename Kernel>
std::vector<ascendc_model::Violation> Play(const Setup &setup, Buffers &buffers, Kernel kernel)
{
    using namespace ascendc_model;
    Machine machine(1, {setup.blocks}, setup.cores, setup.seed);
    machine.LimitCalls(setup.most_calls);
    machine.Memory().Reserve(3 * kBufferBytes, 3);
    const Gm gm = {machine.Memory().Add(buffers.bytes.data(), kBufferBytes, 0),
                   machine.Memory().Add(buffers.floats.data(), kBufferBytes, 1),
                   machine.Memory().Add(buffers.zeros.data(), kBufferBytes, 2)};
    RunBlocks(machine, [&](const Block &) { kernel(gm); }, Where::At(__FILE__, __LINE__));
    return machine.Violations();
}

inline std::string Join(const Names &names)
{
    std::string text;
    for (const std::string &name : names) {
        text += (text.empty() ? "" : ", ") + name;
    }
    return "{" + text + "}";
}

inline void Require(bool is_true, const std::string &what)
{
    if (!is_true) {
        ++g_failures;
        std::printf("FAIL %s\n", what.c_str());
    }
}

// Names of the API are left in English, sentences are not.
inline bool IsChinese(const std::string &text)
{
    for (const char *word : {" the ", " is ", " of ", " are ", " has ", " was "}) {
        if ((" " + text + " ").find(word) != std::string::npos) {
            return false;
        }
    }
    return true;
}

template <typename Kernel>
void Compare(const std::string &name, const Names &wanted, const Setup &setup, Kernel kernel)
{
    Buffers buffers;
    Names found;
    std::string detail;
    for (const auto &violation : Play(setup, buffers, kernel)) {
        found.insert(ascendc_model::kChecks[static_cast<int>(violation.check)].name);
        Require(IsChinese(violation.zh), name + ": English in " + violation.zh);
        detail += "\n    line " + std::to_string(violation.line) + ": " + violation.en;
        Require(violation.en.find('?') == std::string::npos || violation.buffer < 0,
                name + ": a text lacks a value");
    }
    Require(found == wanted, name + ": wanted " + Join(wanted) + ", found " + Join(found) + detail);
}

// The kernel sets off exactly this check …
template <typename Kernel>
void Fires(const std::string &check, Kernel kernel, Setup setup = {})
{
    g_fired.insert(check);
    Compare("fires " + check, {check}, setup, kernel);
}

// … and its mended form none at all.
template <typename Kernel>
void Silent(const std::string &check, Kernel kernel, Setup setup = {})
{
    g_silent.insert(check);
    Compare("silent " + check, {}, setup, kernel);
}

// Runs without a violation and leaves its result in the third buffer.
template <typename Kernel>
Buffers Computes(const std::string &name, Kernel kernel, Setup setup = {})
{
    Buffers buffers;
    for (const auto &violation : Play(setup, buffers, kernel)) {
        Require(false, name + ": " + violation.en);
    }
    return buffers;
}

inline int Finish()
{
    for (const auto &check : ascendc_model::kChecks) {
        std::printf("check %s fires=%zu silent=%zu\n", check.name, g_fired.count(check.name),
                    g_silent.count(check.name));
    }
    std::printf("%d failures\n", g_failures);
    return g_failures == 0 ? 0 : 1;
}

template <typename T>
GlobalTensor<T> Global(uint8_t *buffer, uint64_t offset_bytes = 0)
{
    GlobalTensor<T> tensor;
    tensor.SetGlobalBuffer(reinterpret_cast<T *>(buffer + offset_bytes),
                           (kBufferBytes - offset_bytes) / sizeof(T));
    return tensor;
}

// An event of its own between two pipes.
template <HardEvent event>
void Order()
{
    const int32_t id = GetTPipePtr()->FetchEventID(event);
    SetFlag<event>(id);
    WaitFlag<event>(id);
}

// A TPipe with one TBuf of 16 KiB.
struct Work {
    TPipe pipe;
    TBuf<TPosition::VECCALC> buffer;

    Work() { pipe.InitBuffer(buffer, 16384); }

    template <typename T>
    LocalTensor<T> At(uint32_t offset_bytes, uint32_t bytes = 4096)
    {
        return buffer.GetWithOffset<T>(bytes / sizeof(T), offset_bytes);
    }
};

}  // namespace harness
