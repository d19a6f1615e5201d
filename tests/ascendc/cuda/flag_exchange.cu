// SPDX-License-Identifier: Apache-2.0
// Flags at system scope: every rank sets one at each peer and waits for one of each.

namespace moewire {

__device__ __forceinline__ void store_release_sys(int* address, int value) {
    asm volatile("st.release.sys.global.s32 [%0], %1;" ::"l"(address), "r"(value) : "memory");
}

__device__ __forceinline__ int load_acquire_sys(const int* address) {
    int value;
    asm volatile("ld.acquire.sys.global.s32 %0, [%1];" : "=r"(value) : "l"(address) : "memory");
    return value;
}

// A thread a rank; `epoch` only grows, so that nobody clears a flag.
__global__ void exchange_flags(int* outgoing, const int* incoming, int num_ranks, int epoch) {
    const int rank = threadIdx.x;
    if (rank < num_ranks) {
        store_release_sys(outgoing + rank, epoch);
        while (load_acquire_sys(incoming + rank) < epoch) {
        }
    }
}

// Flags 32 bytes apart; one side.
__global__ void publish_flags(int* flags, int num_flags, int value) {
    for (int i = threadIdx.x; i < num_flags; i += blockDim.x)
        store_release_sys(flags + i * 8, value);
}

// The other side.
__global__ void await_flags(const int* flags, int num_flags, int value) {
    for (int i = threadIdx.x; i < num_flags; i += blockDim.x)
        while (load_acquire_sys(flags + i * 8) != value)
            ;
    __syncthreads();
}

}  // namespace moewire
