// SPDX-License-Identifier: Apache-2.0
// The samples' own run, and more values of the parameters than correctness needs: sizes that are
// instantiated and not run there, rows that end inside a 32-byte block, one channel of few tokens.
#define main samples_main
#include "../../tests/samples/run_on_gpu.cu"
#undef main

int main() {
    int status = samples_main();
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
