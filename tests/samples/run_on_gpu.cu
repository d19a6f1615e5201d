// SPDX-License-Identifier: Apache-2.0
// Runs the samples on one GPU against plain host code: two ranks are two streams, their allocations
// are "peers". Build and run:
//   nvcc -arch=sm_90a -std=c++17 -O3 --expt-relaxed-constexpr -I samples -o run_on_gpu tests/samples/run_on_gpu.cu && ./run_on_gpu
#include "../../samples/intranode_combine.cu"
#include "../../samples/intranode_dispatch.cu"
#include "../../samples/layout.cu"
#include "../../samples/lowlatency_dispatch.cu"
#include "../../samples/notify.cu"
#include "../../samples/row_copy.cu"
#include "../../samples/topk_combine.cu"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <utility>
#include <vector>

using namespace moewire;

namespace {

constexpr int kRanks = 2;
int failures = 0;

void report(const char* what, bool good) {
    std::printf("%-44s %s\n", what, good ? "ok" : "WRONG");
    failures += good ? 0 : 1;
}

// Managed memory keeps this file short; the kernels see plain pointers.
template <typename T>
T* make(size_t count) {
    T* p = nullptr;
    CUDA_CHECK(cudaMallocManaged(&p, count * sizeof(T) + 64));
    std::memset(p, 0, count * sizeof(T) + 64);
    return p;
}

float as_float(nv_bfloat16 v) { return __bfloat162float(v); }
nv_bfloat16 some_value(int seed) { return __float2bfloat16(static_cast<float>((seed * 2654435761u >> 8) % 2001) / 500.0f - 2.0f); }

// Different experts for one token; some tokens select nothing in some slots.
void choose_experts(int* topk, float* weight, int tokens, int num_topk, int experts, int seed) {
    for (int t = 0; t < tokens; ++t) {
        for (int k = 0; k < num_topk; ++k) {
            topk[t * num_topk + k] = (t + seed + k * 3) % 11 == 0 ? -1 : (t * 7 + k * (experts / num_topk) + seed) % experts;
            for (int j = 0; j < k; ++j) {
                if (topk[t * num_topk + j] == topk[t * num_topk + k])
                    topk[t * num_topk + k] = -1;
            }
            weight[t * num_topk + k] = 0.125f * static_cast<float>((t + k) % 8 + 1);
        }
    }
}

void intranode_round_trip(int hidden, int tokens) {
    constexpr int kTopk = 4, kExperts = 16, kChannels = 10, kBlocks = 2 * kChannels, kRing = 48, kChunk = 6;
    const int hidden_int4 = hidden / 8;
    const size_t ring_bytes = static_cast<size_t>(3) * 4 * kChannels * kRanks +
        static_cast<size_t>(kChannels) * kRanks * kRing * (hidden_int4 * 16 + 4 + 8 * kTopk);
    const size_t worst_rows = static_cast<size_t>(tokens) * kRanks;

    cudaStream_t streams[kRanks];
    auto rings = make<void*>(kRanks), back = make<void*>(kRanks), boards = make<void*>(kRanks);
    auto signals = make<int*>(kRanks);
    struct Rank {
        nv_bfloat16 *x, *recv_x, *combined, *bias;
        int *topk, *per_expert, *per_channel, *per_rank, *recv_total, *recv_per_expert, *recv_base, *sent_slot, *source, *local_expert;
        int *row_count;
        float *weight, *recv_weight, *combined_weight;
        bool* goes;
    } ranks[kRanks];
    for (int r = 0; r < kRanks; ++r) {
        CUDA_CHECK(cudaStreamCreateWithFlags(&streams[r], cudaStreamNonBlocking));
        rings[r] = make<uint8_t>(ring_bytes);
        back[r] = make<uint8_t>(ring_bytes);
        boards[r] = make<int>(4096);
        signals[r] = make<int>(kRanks);
        Rank& me = ranks[r];
        me.x = make<nv_bfloat16>(static_cast<size_t>(tokens) * hidden);
        me.recv_x = make<nv_bfloat16>(worst_rows * hidden);
        me.combined = make<nv_bfloat16>(static_cast<size_t>(tokens) * hidden);
        me.bias = make<nv_bfloat16>(static_cast<size_t>(tokens) * hidden);
        me.topk = make<int>(tokens * kTopk), me.weight = make<float>(tokens * kTopk);
        me.per_expert = make<int>(kExperts), me.per_channel = make<int>(kRanks * kChannels), me.per_rank = make<int>(kRanks);
        me.recv_total = make<int>(1), me.recv_per_expert = make<int>(kExperts), me.recv_base = make<int>(kRanks * kChannels);
        me.row_count = make<int>(kRanks * kChannels);
        me.sent_slot = make<int>(tokens * kRanks), me.source = make<int>(worst_rows), me.local_expert = make<int>(worst_rows * kTopk);
        me.recv_weight = make<float>(worst_rows * kTopk), me.combined_weight = make<float>(tokens * kTopk);
        me.goes = make<bool>(tokens * kRanks);
        for (int i = 0; i < tokens * hidden; ++i)
            me.x[i] = some_value(i + r * 977), me.bias[i] = some_value(3 * i + r);
        choose_experts(me.topk, me.weight, tokens, kTopk, kExperts, r);
    }

    for (int r = 0; r < kRanks; ++r)
        layout::count(ranks[r].per_expert, ranks[r].goes, ranks[r].per_channel, ranks[r].per_rank, ranks[r].topk, tokens, kTopk, kExperts, kRanks, kChannels, streams[r]);
    CUDA_CHECK(cudaDeviceSynchronize());
    bool good = true;
    for (int r = 0; r < kRanks; ++r) {
        std::vector<int> per_expert(kExperts), per_rank(kRanks);
        for (int t = 0; t < tokens; ++t) {
            bool goes[kRanks] = {};
            for (int k = 0; k < kTopk; ++k) {
                const int e = ranks[r].topk[t * kTopk + k];
                if (e >= 0)
                    ++per_expert[e], goes[e / (kExperts / kRanks)] = true;
            }
            for (int d = 0; d < kRanks; ++d)
                per_rank[d] += goes[d], good = good and goes[d] == ranks[r].goes[t * kRanks + d];
        }
        good = good and std::memcmp(per_expert.data(), ranks[r].per_expert, kExperts * 4) == 0;
        good = good and std::memcmp(per_rank.data(), ranks[r].per_rank, kRanks * 4) == 0;
    }
    report("layout: counts", good);

    for (int r = 0; r < kRanks; ++r)
        intranode::notify(ranks[r].recv_total, ranks[r].recv_per_expert, ranks[r].recv_base, ranks[r].per_rank, ranks[r].per_expert, ranks[r].per_channel, boards, signals, r, kRanks, 0, kExperts, 4, kChannels, streams[r]);
    CUDA_CHECK(cudaDeviceSynchronize());
    good = true;
    for (int r = 0; r < kRanks; ++r) {
        int total = 0;
        for (int s = 0; s < kRanks; ++s) {
            total += ranks[s].per_rank[r];
            for (int c = 0; c < kChannels; ++c)
                ranks[r].row_count[s * kChannels + c] = ranks[s].per_channel[r * kChannels + c];
        }
        good = good and total == *ranks[r].recv_total;
        for (int e = 0; e < kExperts / kRanks; ++e) {
            int sum = 0;
            for (int s = 0; s < kRanks; ++s)
                sum += ranks[s].per_expert[r * (kExperts / kRanks) + e];
            good = good and (sum + 3) / 4 * 4 == ranks[r].recv_per_expert[e];
        }
    }
    report("notify: totals and experts", good);

    for (int r = 0; r < kRanks; ++r)
        intranode::dispatch(ranks[r].recv_x, ranks[r].source, ranks[r].local_expert, ranks[r].recv_weight, ranks[r].sent_slot, ranks[r].x, ranks[r].topk, ranks[r].weight, ranks[r].goes, ranks[r].per_channel, ranks[r].recv_base, rings, r, kRanks, tokens, kExperts, kTopk, hidden * 2, kRing, kChunk, kBlocks, streams[r]);
    CUDA_CHECK(cudaDeviceSynchronize());
    good = true;
    for (int r = 0; r < kRanks; ++r) {
        int row = 0;
        for (int s = 0; s < kRanks; ++s) {
            for (int t = 0; t < tokens; ++t) {
                if (not ranks[s].goes[t * kRanks + r])
                    continue;
                good = good and ranks[r].source[row] == t;
                good = good and std::memcmp(ranks[r].recv_x + static_cast<size_t>(row) * hidden, ranks[s].x + static_cast<size_t>(t) * hidden, hidden * 2) == 0;
                for (int k = 0; k < kTopk; ++k) {
                    const int e = ranks[s].topk[t * kTopk + k] - r * (kExperts / kRanks);
                    const bool here = e >= 0 and e < kExperts / kRanks;
                    good = good and ranks[r].local_expert[row * kTopk + k] == (here ? e : -1);
                    good = good and ranks[r].recv_weight[row * kTopk + k] == (here ? ranks[s].weight[t * kTopk + k] : 0.0f);
                }
                ++row;
            }
        }
        good = good and row == *ranks[r].recv_total;
    }
    report("intranode_dispatch: rows, sources, weights", good);

    for (int r = 0; r < kRanks; ++r)
        intranode::combine(ranks[r].combined, ranks[r].combined_weight, ranks[r].recv_x, ranks[r].recv_weight, ranks[r].bias, nullptr, ranks[r].sent_slot, ranks[r].recv_base, ranks[r].row_count, back, r, kRanks, tokens, kTopk, hidden, kRing, kChunk, kBlocks, streams[r]);
    CUDA_CHECK(cudaDeviceSynchronize());
    good = true;
    for (int r = 0; r < kRanks; ++r) {
        for (int t = 0; t < tokens; ++t) {
            const int copies = ranks[r].goes[t * kRanks] + ranks[r].goes[t * kRanks + 1];
            for (int i = 0; i < hidden; ++i) {
                const size_t at = static_cast<size_t>(t) * hidden + i;
                float sum = as_float(ranks[r].bias[at]);
                for (int c = 0; c < copies; ++c)
                    sum += as_float(ranks[r].x[at]);
                good = good and as_float(__float2bfloat16(sum)) == as_float(ranks[r].combined[at]);
            }
            for (int k = 0; k < kTopk; ++k) {
                const float expected = ranks[r].topk[t * kTopk + k] >= 0 ? ranks[r].weight[t * kTopk + k] : 0.0f;
                good = good and ranks[r].combined_weight[t * kTopk + k] == expected;
            }
        }
    }
    report("intranode_combine: sums and weights", good);
}

float e4m3(uint8_t v) {
    const int exponent = v >> 3 & 15, mantissa = v & 7;
    const float magnitude = exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -9) : std::ldexp(1.0f + mantissa / 8.0f, exponent - 7);
    return v & 0x80 ? -magnitude : magnitude;
}

void low_latency(int hidden, bool fp8, bool ue8m0) {
    constexpr int kTokens = 37, kTopk = 3, kExperts = 8, kMax = 64, kLocal = kExperts / kRanks;
    const int message_bytes = 16 + (fp8 ? hidden + hidden / 32 : 2 * hidden);
    const size_t rows = static_cast<size_t>(kLocal) * kRanks * kMax;
    auto inbox = make<void*>(kRanks);
    auto counts = make<int*>(kRanks);
    nv_bfloat16* x[kRanks];
    int* topk[kRanks];
    uint8_t *packed[kRanks], *scales[kRanks];
    int *source[kRanks], *packed_count[kRanks];
    cudaStream_t streams[kRanks];
    for (int r = 0; r < kRanks; ++r) {
        CUDA_CHECK(cudaStreamCreateWithFlags(&streams[r], cudaStreamNonBlocking));
        inbox[r] = make<uint8_t>(rows * message_bytes);
        counts[r] = make<int>(kLocal * kRanks);
        x[r] = make<nv_bfloat16>(kTokens * hidden);
        topk[r] = make<int>(kTokens * kTopk);
        packed[r] = make<uint8_t>(rows * hidden * 2), scales[r] = make<uint8_t>(rows * (hidden / 128) * 4);
        source[r] = make<int>(rows), packed_count[r] = make<int>(kLocal);
        for (int i = 0; i < kTokens * hidden; ++i)
            x[r][i] = some_value(i + 31 * r);
        auto weight = make<float>(kTokens * kTopk);
        choose_experts(topk[r], weight, kTokens, kTopk, kExperts, r);
    }
    for (int r = 0; r < kRanks; ++r)
        lowlatency::dispatch(packed[r], scales[r], source[r], packed_count[r], inbox, counts, inbox[r], counts[r], make<uint8_t>(kTokens * message_bytes), make<int>(kExperts), x[r], topk[r], r, kRanks, kTokens, kTopk, kExperts, hidden, kMax, fp8, ue8m0, true, true, 16, streams[r]);
    CUDA_CHECK(cudaDeviceSynchronize());

    bool good = true;
    for (int r = 0; r < kRanks; ++r) {
        for (int e = 0; e < kLocal; ++e) {
            std::map<std::pair<int, int>, int> expected;
            int total = 0;
            for (int s = 0; s < kRanks; ++s)
                for (int i = 0; i < kTokens * kTopk; ++i)
                    if (topk[s][i] == r * kLocal + e)
                        ++total;
            good = good and packed_count[r][e] == total;
            // Rows of one source are together but in any order: match each row with the source whose values fit.
            int matched = 0;
            for (int i = 0; i < packed_count[r][e]; ++i) {
                const size_t row = static_cast<size_t>(e) * kRanks * kMax + i;
                bool any = false;
                for (int s = 0; s < kRanks and not any; ++s) {
                    bool fits = true;
                    for (int h = 0; h < hidden and fits; ++h) {
                        const float original = as_float(x[s][source[r][row] * hidden + h]);
                        float value;
                        if (fp8) {
                            const size_t at = row * (hidden / 128) + h / 128;
                            const float scale = ue8m0 ? std::ldexp(1.0f, static_cast<int>(scales[r][at]) - 127) : reinterpret_cast<float*>(scales[r])[at];
                            value = e4m3(packed[r][row * hidden + h]) * scale;
                        } else {
                            value = as_float(reinterpret_cast<nv_bfloat16*>(packed[r])[row * hidden + h]);
                        }
                        fits = fp8 ? std::fabs(value - original) <= 0.07f * std::fabs(original) + 0.001f : value == original;
                    }
                    if (fits and ++expected[{s, source[r][row]}] == 1)
                        any = true;
                }
                matched += any;
            }
            good = good and matched == total;
        }
    }
    char name[96];
    std::snprintf(name, sizeof name, "lowlatency_dispatch: %d %s", hidden, not fp8 ? "bf16" : ue8m0 ? "fp8 ue8m0" : "fp8");
    report(name, good);
}

void weighted_sum(int hidden) {
    constexpr int kTokens = 53, kTopk = 5, kRows = 70;
    auto rows = make<nv_bfloat16>(kRows * hidden), out = make<nv_bfloat16>(kTokens * hidden);
    auto row_of = make<int>(kTokens * kTopk);
    auto weight = make<float>(kTokens * kTopk);
    for (int i = 0; i < kRows * hidden; ++i)
        rows[i] = some_value(i);
    for (int i = 0; i < kTokens * kTopk; ++i)
        row_of[i] = i % 7 == 3 ? -1 : i * 13 % kRows, weight[i] = 0.0625f * static_cast<float>(i % 16);
    lowlatency::combine(out, rows, row_of, weight, kTokens, kTopk, hidden, 8, nullptr);
    CUDA_CHECK(cudaDeviceSynchronize());
    bool good = true;
    for (int t = 0; t < kTokens; ++t)
        for (int h = 0; h < hidden; ++h) {
            float sum = 0.0f;
            for (int k = 0; k < kTopk; ++k)
                if (row_of[t * kTopk + k] >= 0)
                    sum = std::fma(weight[t * kTopk + k], as_float(rows[row_of[t * kTopk + k] * hidden + h]), sum);
            good = good and std::fabs(sum - as_float(out[t * hidden + h])) <= 0.004f * std::fabs(sum) + 1e-5f;
        }
    report("topk_combine", good);
}

void row_copies() {
    constexpr int kBytes = 48 * 1000;
    auto from = make<float>(kBytes / 4), to = make<float>(kBytes / 4);
    for (int i = 0; i < kBytes / 4; ++i)
        from[i] = static_cast<float>(i);
    bool good = true;
    for (int how = 0; how < 6; ++how) {
        std::memset(to, 0, kBytes);
        rowcopy::copy_flat(to, from, kBytes, how, nullptr);
        CUDA_CHECK(cudaDeviceSynchronize());
        if (how != 4)
            for (int i = 0; i < kBytes / 4; ++i)
                good = good and to[i] == from[i] * (how == 5 ? 2.0f : 1.0f);
        else
            good = good and to[0] == from[4 * 255] and to[3] == from[4 * 255 + 3];
    }
    std::memset(to, 0, kBytes);
    rowcopy::copy_rows(to, from, 48, 1000, nullptr);
    CUDA_CHECK(cudaDeviceSynchronize());
    good = good and std::memcmp(to, from, kBytes) == 0;
    rowcopy::fill_rows(to, 3.0f, kBytes, true, nullptr);
    CUDA_CHECK(cudaDeviceSynchronize());
    good = good and to[0] == 3.0f and to[kBytes / 4 - 1] == 3.0f;
    rowcopy::store_ramps(to, 1.0f, kBytes / 16, nullptr);
    CUDA_CHECK(cudaDeviceSynchronize());
    good = good and to[4] == 1.0f and to[kBytes / 4 - 1] == 4.0f;
    report("row_copy: copies", good);

    // bf16 loses what FP32 keeps: 256 + 1 = 256 in bf16.
    auto rows = make<nv_bfloat16>(9 * 64), sum = make<nv_bfloat16>(64);
    for (int i = 0; i < 64; ++i)
        rows[i] = __float2bfloat16(256.0f);
    for (int i = 64; i < 9 * 64; ++i)
        rows[i] = __float2bfloat16(1.0f);
    rowcopy::sum_rows(sum, rows, 9, 128, nullptr);
    CUDA_CHECK(cudaDeviceSynchronize());
    report("row_copy: bf16 sum is 256, FP32 would give 264", as_float(sum[0]) == 256.0f and as_float(sum[63]) == 256.0f);
    rowcopy::add_bf16(sum, rows, rows, 64, nullptr);
    CUDA_CHECK(cudaDeviceSynchronize());
    report("row_copy: pairs", as_float(sum[5]) == 512.0f);
}

}  // namespace

int main() {
    intranode_round_trip(2048, 700);
    intranode_round_trip(7184, 300);  // half a row is 7184 bytes = 224 * 32 + 16; the last combine chunk is 2 * 16 bytes
    for (int hidden : {2560, 7168}) {
        low_latency(hidden, false, false);
        low_latency(hidden, true, false);
        low_latency(hidden, true, true);
        weighted_sum(hidden);
    }
    row_copies();
    std::printf("%d failures\n", failures);
    return failures == 0 ? 0 : 1;
}
