// The C functions through which a kernel is run; see README.md. Included behind the kernel.
#pragma once

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "kernel_operator.h"
#include "machine/launch.h"

namespace ascendc_model {

// What is to be run, in any of the shapes that the kernel's types give it.
struct Request {
    uint32_t ranks;
    uint32_t vector_cores;
    uint32_t ub_bytes;
    uint64_t seed;
    uint32_t buffer_count;
    void *const *buffers;
    const uint64_t *buffer_bytes;
    uint32_t scalar_count;
    const uint64_t *scalars;
};

constexpr int64_t kRefused = -1;
constexpr int64_t kWrongCounts = -2;

inline std::string g_report = "{}";

inline std::string Quoted(const std::string &text)
{
    std::string json;
    AppendQuoted(json, text);
    return json;
}

inline int64_t Fail(int64_t code, const std::string &error)
{
    g_report = "{\"error\": " + Quoted(error) + ", \"arch\": " + std::to_string(ASCENDC_ARCH) +
               ", \"blocks\": 0, \"violations\": []}";
    return code;
}

inline int64_t Finish(const Machine &machine, uint32_t blocks)
{
    g_report = "{\"error\": \"\", \"arch\": " + std::to_string(ASCENDC_ARCH) +
               ", \"blocks\": " + std::to_string(blocks) + ", \"calls\": " + std::to_string(machine.Steps()) +
               ", \"violations\": [";
    bool is_first = true;
    for (const Violation &violation : machine.Violations()) {
        g_report += (is_first ? "" : ", ") + ToJson(violation);
        is_first = false;
    }
    g_report += "]}";
    return static_cast<int64_t>(machine.Violations().size());
}

template <typename N>
N ScalarOf(uint64_t cell)
{
    if constexpr (std::is_floating_point_v<N>) {
        return static_cast<N>(BitCast<double>(cell));
    } else {
        return static_cast<N>(cell);
    }
}

// A kernel and its tiling function, whose parameters say how many buffers and scalars there are.
template <typename Tiling, typename... Parameters>
class Kernel {
public:
    using Function = void (*)(Parameters...);
    static constexpr size_t kBuffers = sizeof...(Parameters) - 1;

    Kernel(Function function, const char *file, int line) : function_(function), where_(Where::At(file, line))
    {}

    template <typename... Arguments>
    int64_t Run(const Request &request, const char *(*make_tiling)(Arguments...))
    {
        constexpr size_t kScalars = sizeof...(Arguments) - 3;
        if (request.buffer_count != kBuffers || request.scalar_count != kScalars) {
            return Fail(kWrongCounts, std::to_string(kBuffers) + " buffers and " + std::to_string(kScalars) +
                                          " scalars are wanted");
        }
        std::vector<Tiling> tilings(request.ranks);
        std::vector<uint32_t> blocks(request.ranks, 0);
        Platform platform = {};
        platform.vector_cores = request.vector_cores;
        platform.ub_bytes = request.ub_bytes == 0 ? kUbUsableBytes : request.ub_bytes;
        for (uint32_t rank = 0; rank < request.ranks; ++rank) {
            const uint64_t *scalars = request.scalars + rank * kScalars;
            const char *error = Tile(make_tiling, scalars, platform, &tilings[rank], &blocks[rank],
                                     std::make_index_sequence<kScalars>());
            if (error != nullptr || blocks[rank] == 0) {
                return Fail(kRefused, error != nullptr ? error : "MakeTiling answered 0 blocks");
            }
        }
        return Launch(request, tilings, blocks);
    }

private:
    template <typename... Arguments, size_t... index>
    static const char *Tile(const char *(*make_tiling)(Arguments...), const uint64_t *scalars,
                            const Platform &platform, Tiling *tiling, uint32_t *blocks,
                            std::index_sequence<index...>)
    {
        using Types = std::tuple<std::decay_t<Arguments>...>;
        (void)scalars;
        return make_tiling(ScalarOf<std::tuple_element_t<index, Types>>(scalars[index])..., platform, tiling,
                           blocks);
    }

    int64_t Launch(const Request &request, const std::vector<Tiling> &tilings,
                   const std::vector<uint32_t> &blocks)
    {
        Machine machine(request.ranks, blocks, request.vector_cores, request.seed);
        uint64_t total_bytes = 0;
        for (size_t i = 0; i < request.ranks * kBuffers; ++i) {
            total_bytes += request.buffer_bytes[i];
        }
        if (!machine.Memory().Reserve(total_bytes, static_cast<uint32_t>(request.ranks * kBuffers))) {
            return Fail(kRefused, "no memory for the buffers");
        }
        std::vector<uint8_t *> addresses;
        for (size_t i = 0; i < request.ranks * kBuffers; ++i) {
            addresses.push_back(machine.Memory().Add(request.buffers[i], request.buffer_bytes[i],
                                                     static_cast<int>(i % kBuffers)));
        }
        RunBlocks(
            machine,
            [&](const Block &block) {
                Call(addresses.data() + block.rank * kBuffers, tilings[block.rank],
                     std::make_index_sequence<kBuffers>());
            },
            where_);
        return Finish(machine, blocks[0]);
    }

    template <size_t... index>
    void Call(uint8_t *const *addresses, const Tiling &tiling, std::index_sequence<index...>)
    {
        (void)addresses;
        function_(addresses[index]..., tiling);
    }

    Function function_;
    Where where_;
};

template <typename... Parameters>
auto KernelOf(void (*function)(Parameters...), const char *file, int line)
{
    using Tiling = std::tuple_element_t<sizeof...(Parameters) - 1, std::tuple<Parameters...>>;
    return Kernel<Tiling, Parameters...>(function, file, line);
}

}  // namespace ascendc_model

#define ASCENDC_MODEL_ENTRY(NAME)                                                                            \
    extern "C" int64_t portcheck_model_run_ranks(                                                            \
        uint32_t ranks, uint32_t vector_cores, uint32_t ub_bytes, uint64_t seed, uint32_t buffer_count,      \
        void *const *buffers, const uint64_t *buffer_bytes, uint32_t scalar_count, const uint64_t *scalars)  \
    {                                                                                                        \
        return ascendc_model::KernelOf(&NAME, __FILE__, __LINE__)                                            \
            .Run({ranks, vector_cores, ub_bytes, seed, buffer_count, buffers, buffer_bytes, scalar_count,    \
                  scalars},                                                                                  \
                 &MakeTiling);                                                                               \
    }                                                                                                        \
    extern "C" int64_t portcheck_model_run(                                                                  \
        uint32_t vector_cores, uint32_t ub_bytes, uint64_t seed, uint32_t buffer_count,                      \
        void *const *buffers, const uint64_t *buffer_bytes, uint32_t scalar_count, const uint64_t *scalars)  \
    {                                                                                                        \
        return portcheck_model_run_ranks(1, vector_cores, ub_bytes, seed, buffer_count, buffers,             \
                                         buffer_bytes, scalar_count, scalars);                               \
    }                                                                                                        \
    extern "C" const char *portcheck_model_report() { return ascendc_model::g_report.c_str(); }              \
    extern "C" uint32_t ascendc_model_ub_bytes() { return ascendc_model::kUbUsableBytes; }
