// SPDX-License-Identifier: Apache-2.0
// The samples' own run, and more values of the parameters than correctness needs: sizes that are
// instantiated and not run there, rows that end inside a 32-byte block, one channel of few tokens.
#define main samples_main
#include "../../tests/samples/run_on_gpu.cu"
#undef main

namespace {

// Layout, notify, dispatch and combine between kNum ranks; no results are checked. All blocks of all
// ranks must fit on the GPU at once: kNum * 2 * channels of them, one an SM.
template <int kNum>
void round_trip(int channels, int hidden, int tokens, int topk, int ring, int chunk) {
    constexpr int kExperts = 16;
    const int hidden_int4 = hidden / 8, blocks = 2 * channels, worst = tokens * kNum;
    const size_t ring_bytes = static_cast<size_t>(12) * channels * kNum +
        static_cast<size_t>(channels) * kNum * ring * (hidden_int4 * 16 + 4 + 8 * topk);
    cudaStream_t streams[kNum];
    auto rings = make<void*>(kNum), back = make<void*>(kNum), boards = make<void*>(kNum);
    auto signals = make<int*>(kNum);
    struct Rank {
        nv_bfloat16 *x, *recv_x, *combined;
        int *topk, *per_expert, *per_channel, *per_rank, *total, *recv_per_expert, *base, *slot, *source, *local, *rows;
        float *weight, *recv_weight, *combined_weight;
        bool* goes;
    } ranks[kNum];
    for (int r = 0; r < kNum; ++r) {
        Rank& me = ranks[r];
        CUDA_CHECK(cudaStreamCreateWithFlags(&streams[r], cudaStreamNonBlocking));
        rings[r] = make<uint8_t>(ring_bytes), back[r] = make<uint8_t>(ring_bytes);
        boards[r] = make<int>(4096), signals[r] = make<int>(kNum);
        me.x = make<nv_bfloat16>(tokens * hidden), me.recv_x = make<nv_bfloat16>(static_cast<size_t>(worst) * hidden);
        me.combined = make<nv_bfloat16>(tokens * hidden);
        me.topk = make<int>(tokens * topk), me.weight = make<float>(tokens * topk);
        me.per_expert = make<int>(kExperts), me.per_channel = make<int>(kNum * channels), me.per_rank = make<int>(kNum);
        me.total = make<int>(1), me.recv_per_expert = make<int>(kExperts), me.base = make<int>(kNum * channels);
        me.rows = make<int>(kNum * channels), me.slot = make<int>(tokens * kNum), me.source = make<int>(worst);
        me.local = make<int>(worst * topk), me.recv_weight = make<float>(worst * topk);
        me.combined_weight = make<float>(tokens * topk), me.goes = make<bool>(tokens * kNum);
        choose_experts(me.topk, me.weight, tokens, topk, kExperts, r);
        layout::count(me.per_expert, me.goes, me.per_channel, me.per_rank, me.topk, tokens, topk, kExperts, kNum, channels, streams[r]);
    }
    CUDA_CHECK(cudaDeviceSynchronize());
    for (int r = 0; r < kNum; ++r) {
        Rank& me = ranks[r];
        for (int s = 0; s < kNum; ++s)
            for (int c = 0; c < channels; ++c)
                me.rows[s * channels + c] = ranks[s].per_channel[r * channels + c];
    }
    for (int r = 0; r < kNum; ++r) {
        Rank& me = ranks[r];
        intranode::notify(me.total, me.recv_per_expert, me.base, me.per_rank, me.per_expert, me.per_channel, boards, signals, r, kNum, 0, kExperts, 4, channels, streams[r]);
    }
    CUDA_CHECK(cudaDeviceSynchronize());
    for (int r = 0; r < kNum; ++r) {
        Rank& me = ranks[r];
        intranode::dispatch(me.recv_x, me.source, me.local, me.recv_weight, me.slot, me.x, me.topk, me.weight, me.goes, me.per_channel, me.base, rings, r, kNum, tokens, kExperts, topk, hidden * 2, ring, chunk, blocks, streams[r]);
    }
    CUDA_CHECK(cudaDeviceSynchronize());
    for (int r = 0; r < kNum; ++r) {
        Rank& me = ranks[r];
        intranode::combine(me.combined, me.combined_weight, me.recv_x, me.recv_weight, nullptr, me.x, me.slot, me.base, me.rows, back, r, kNum, tokens, topk, hidden, ring, chunk, blocks, streams[r]);
    }
    CUDA_CHECK(cudaDeviceSynchronize());
}

}  // namespace

int main() {
    int status = samples_main();
    round_trip<2>(8, 2048, 48, 8, 48, 8);
    round_trip<2>(2, 1040, 20, 3, 33, 4);
    round_trip<4>(8, 1024, 64, 8, 32, 8);
    round_trip<4>(3, 2096, 31, 5, 41, 7);
    round_trip<8>(4, 1040, 64, 8, 48, 8);
    round_trip<8>(2, 2048, 31, 6, 33, 5);
    intranode_round_trip(7168, 40);
    for (int hidden : {2048, 4096}) {
        low_latency(hidden, false, false);
        low_latency(hidden, true, false);
        low_latency(hidden, true, true);
        weighted_sum(hidden);
    }
    constexpr int kBytes = 64 * 1024;
    auto from = make<float>(kBytes / 4), to = make<float>(kBytes / 4);
    for (int bytes : {16, 48, 512, 4096 + 16, kBytes}) {
        for (int how = 0; how < 6; ++how)
            rowcopy::copy_flat(to, from, bytes, how, nullptr);
        rowcopy::fill_rows(to, 1.0f, bytes, true, nullptr);
        rowcopy::fill_rows(to, 1.0f, bytes, false, nullptr);
        rowcopy::sum_rows(to, from, 3, bytes < 4096 ? bytes : 4096 + 16, nullptr);
    }
    for (int row_bytes : {16, 32, 48, 64, 512, 2048 + 16})
        rowcopy::copy_rows(to, from, row_bytes, 7, nullptr);
    rowcopy::store_ramps(to, 1.0f, 300, nullptr);
    CUDA_CHECK(cudaDeviceSynchronize());
    return status;
}
