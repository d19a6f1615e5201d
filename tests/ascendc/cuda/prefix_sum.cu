// SPDX-License-Identifier: Apache-2.0
// Offsets from counts: sums of all counts before an entry.

namespace moewire {

// One thread, one row.
__global__ void offsets_of_ranks(int* offsets, const int* counts, int num_ranks) {
    if (threadIdx.x == 0 and blockIdx.x == 0) {
        int sum = 0;
        for (int r = 0; r < num_ranks; ++r) {
            offsets[r] = sum;
            sum += counts[r];
        }
    }
}

// A thread a row, the entry itself counted in.
__global__ void ends_of_channels(int* ends, const int* counts, int num_ranks, int num_channels) {
    const int rank = blockIdx.x * blockDim.x + threadIdx.x;
    if (rank >= num_ranks)
        return;
    int sum = 0;
    for (int c = 0; c < num_channels; ++c) {
        sum += counts[rank * num_channels + c];
        ends[rank * num_channels + c] = sum;
    }
}

// A block a row, its first thread goes through it.
__global__ void starts_of_channels(int* __restrict__ starts, const int* __restrict__ counts, int num_channels) {
    if (threadIdx.x == 0) {
        int sum = 0;
        for (int c = 0; c < num_channels; ++c) {
            starts[blockIdx.x * num_channels + c] = sum;
            sum += __ldg(counts + blockIdx.x * num_channels + c);
        }
    }
}

}  // namespace moewire
