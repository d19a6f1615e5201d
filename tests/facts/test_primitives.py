"""Bulk copies, mbarriers, warp collectives, scoped synchronisation and remote operations."""

from __future__ import annotations

import pytest
from marks import cases

LOAD = """
__device__ uint32_t smem_of(const void* p) { return (uint32_t)__cvta_generic_to_shared(p); }
__device__ void tma_load(void* to, const void* from, uint64_t* bar, int bytes) {
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];"\
  // expect: tma_copy definition direction="global to shared"
                 :: "r"((uint32_t)__cvta_generic_to_shared(to)), "l"(from), "r"(bytes),
                    "r"((uint32_t)__cvta_generic_to_shared(bar)) : "memory");
}
__device__ void tma_store(void* to, const void* from, int bytes) {
    asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2;"\
  // expect: tma_copy definition direction="shared to global"
                 :: "l"(to), "r"((uint32_t)__cvta_generic_to_shared(from)), "r"(bytes) : "memory");
    asm volatile("cp.async.bulk.commit_group;");  // expect: copy_wait
}
template <int N> __device__ void tma_wait() {
    asm volatile("cp.async.bulk.wait_group.read %0;" :: "n"(N));  // expect: copy_wait definition
}
"""

COPIES = {
    "wrappers and their calls": LOAD
    + """
__global__ void k(char* x, int n) {
    extern __shared__ char smem[];
    uint64_t* bar = (uint64_t*)smem;
    tma_load(smem + 64, x + n, bar, n * 16);\
  // expect: tma_copy length="n * 16" source="x + n" destination="smem + 64" through=tma_load ?
    tma_store(x, smem, 4096);\
  // expect: tma_copy length=4096 source=smem destination=x direction="shared to global" 4096
    tma_wait<0>();  // expect: copy_wait through=tma_wait
}""",
    "a wrapper of a wrapper": LOAD
    + """
struct Stage { int at; };
__device__ void fetch(void* stage, const void* row, uint64_t* bar, int bytes) {
    tma_load(stage, row, bar, bytes);  // expect: tma_copy definition
}
__global__ void k(char* x, char* s, uint64_t* b) {
    fetch(s, x, b, 256);  // expect: tma_copy 256 length=256 source=x destination=s through=fetch
}""",
    "cp.async": """
__device__ void copy16(uint32_t to, const void* from) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" :: "r"(to), "l"(from));\
  // expect: tma_copy definition
}
__device__ void wait_all() { asm volatile("cp.async.wait_all;"); }  // expect: copy_wait definition
__global__ void k(uint32_t s, const char* x) {
    copy16(s, x);  // expect: tma_copy direction="global to shared" source=x destination=s
    wait_all();  // expect: copy_wait
    __pipeline_memcpy_async(&s, x, 16);  // expect: tma_copy
    __pipeline_commit();  // expect: copy_wait
}""",
    "PTX in a kernel is a use": """
__global__ void k(uint32_t s, const char* x) {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 8;" :: "r"(s), "l"(x));  // expect: tma_copy source=x
    asm volatile("fence.proxy.async;");  // expect: copy_wait
}""",
    "other functions and instructions": """
__device__ void copy(void* to, const void* from, int bytes) { memcpy(to, from, bytes); }  // expect: nothing
__global__ void k(char* a, char* b, uint64_t* w) {
    copy(a, b, 16);
    asm volatile("prefetch.global.L2 [%0];" :: "l"(b));
}
void host(void* a, void* b) { cudaMemcpyAsync(a, b, 16); }
""",
}


@pytest.mark.parametrize("code", cases(COPIES))
def test_bulk_copies(check, code: str) -> None:
    check(code, "tma_copy", "copy_wait")


MBARRIERS = {
    "wrappers": """
__device__ void bar_init(uint64_t* b, int n) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;"  // expect: mbarrier 8 definition
                 :: "r"((uint32_t)__cvta_generic_to_shared(b)), "r"(n));
}
__device__ void bar_wait(uint64_t* b, int phase) {
    asm volatile("{\\n .reg .pred p;\\n"  // expect: mbarrier 8 definition
                 "again: mbarrier.try_wait.parity.shared::cta.b64 p, [%0], %1;\\n"
                 "@!p bra again;\\n}"
                 :: "r"((uint32_t)__cvta_generic_to_shared(b)), "r"(phase));
}
__global__ void k(uint64_t* b) {
    bar_init(b, 1);  // expect: mbarrier 8 through=bar_init operation=mbarrier.init.shared::cta.b64
    bar_wait(b + 1, 0);  // expect: mbarrier through=bar_wait operands="b + 1, 0"
    __syncthreads();  // expect: nothing
}""",
    "fence and arrival": """
__global__ void k(uint32_t b) {
    asm volatile("fence.mbarrier_init.release.cluster;");  // expect: mbarrier
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" :: "r"(b), "r"(64));\
  // expect: mbarrier
}""",
}


@pytest.mark.parametrize("code", cases(MBARRIERS))
def test_mbarriers(check, code: str) -> None:
    check(code, "mbarrier")


COLLECTIVES = {
    "intrinsics": """
__global__ void k(int v) {
    int a = __shfl_sync(0xffffffff, v, 0);  // expect: warp_collective operation=__shfl_sync
    unsigned m = __ballot_sync(0xffffffff, v > 0);  // expect: warp_collective
    int s = __reduce_add_sync(m, a);  // expect: warp_collective
    int n = __popc(m);  // expect: nothing
    __syncwarp();  // expect: block_barrier operation=__syncwarp
    __syncthreads();  // expect: block_barrier
    asm volatile("bar.sync %0, %1;" :: "r"(1), "r"(64));  // expect: block_barrier operation=bar.sync
}""",
    "a reduction that adds in half": """
__device__ half2 add(half2 a, half2 b) { return __hadd2(a, b); }
__device__ half2 warp_sum(half2 v) {
    for (int i = 16; i > 0; i /= 2)
        v = add(v, __shfl_xor_sync(0xffffffff, v, i));  // expect: warp_collective definition
    return v;
}
__device__ half2 block_sum(half2 v) {
    __shared__ half2 sums[32];
    v = warp_sum(v);  // expect: warp_collective definition
    sums[threadIdx.x / 32] = v;
    __syncthreads();  // expect: block_barrier
    return warp_sum(sums[threadIdx.x % 32]);  // expect: warp_collective definition
}
__global__ void k(half2* x) {
    x[0] = block_sum(x[threadIdx.x]);  // expect: warp_collective through=block_sum
}""",
    "reductions by wrapper": """
template <int kLanes, typename T> __device__ T warp_reduce(T v) {
    for (int i = kLanes / 2; i > 0; i /= 2)
        v += __shfl_xor_sync(0xffffffff, v, i);  // expect: warp_collective definition
    return v;
}
template <typename T> __device__ T warp_sum(T v) { return warp_reduce<32>(v); }\
  // expect: warp_collective definition
__global__ void k(float v) {
    float s = warp_reduce<16>(v);  // expect: warp_collective through=warp_reduce
    float t = warp_sum(v);  // expect: warp_collective through=warp_sum operation=__shfl_xor_sync
}""",
    "named barrier": """
__device__ void meet(int id, int n) {
    asm volatile("bar.sync %0, %1;" :: "r"(id), "r"(n));  // expect: block_barrier definition
}
__global__ void k() { meet(1, 64); }  // expect: block_barrier through=meet operands="1, 64"
""",
}

COLLECTIVES["overloads of different kinds leave a call undecided"] = """
__device__ int mix(int v) { return __shfl_sync(~0u, v, 0); }  // expect: warp_collective definition
__device__ float mix(float v) { __syncthreads(); return v; }  // expect: block_barrier definition
__global__ void k(int v) { mix(v); }  // expect: nothing
"""


@pytest.mark.parametrize("code", cases(COLLECTIVES))
def test_warp_collectives(check, code: str) -> None:
    check(code, "warp_collective", "block_barrier")


SCOPES = {
    "intrinsics": """
__global__ void k(int* p) {
    __threadfence();  // expect: sync_scope scope=device
    __threadfence_block();  // expect: sync_scope scope=block
    __threadfence_system();  // expect: sync_scope scope=system
    atomicAdd(p, 1);  // expect: sync_scope scope=device
    atomicAdd_system(p, 1);  // expect: sync_scope scope=system
    atomicMax_block(p, 1);  // expect: sync_scope scope=block
    int v = *p;  // expect: nothing
}""",
    "PTX through wrappers": """
__device__ int load_acquire(const int* p) {
    int v;
    asm volatile("ld.acquire.sys.global.s32 %0, [%1];" : "=r"(v) : "l"(p));\
  // expect: sync_scope definition scope=system order=acquire
    return v;
}
__device__ void store_release(int* p, int v) {
    asm volatile("st.release.gpu.global.s32 [%0], %1;" :: "l"(p), "r"(v));  // expect: sync_scope definition
}
__device__ int plain_load(const int* p) {
    int v;
    asm volatile("ld.global.s32 %0, [%1];" : "=r"(v) : "l"(p));
    return v;
}
__global__ void k(int* p) {
    while (load_acquire(p) == 0) {}  // expect: sync_scope scope=system order=acquire through=load_acquire
    store_release(p, 1);  // expect: sync_scope scope=device order=release
    int v = plain_load(p);  // expect: nothing
}""",
    "fences, atomics and reductions in PTX": """
__global__ void k(int* p) {
    asm volatile("fence.acq_rel.sys;" ::: "memory");  // expect: sync_scope scope=system order=acq_rel
    asm volatile("fence.sc.cluster;" ::: "memory");  // expect: sync_scope scope=cluster order=sc
    asm volatile("red.release.gpu.global.add.s32 [%0], %1;" :: "l"(p), "r"(1));\
  // expect: sync_scope scope=device
    asm volatile("atom.add.relaxed.cta.s32 %0, [%1], 1;" : "=r"(*p) : "l"(p));\
  // expect: sync_scope scope=block order=relaxed
    asm volatile("membar.gl;");  // expect: sync_scope
}""",
    "libcu++ atomics": """
__global__ void k(int* p) {
    cuda::atomic_ref<int, cuda::thread_scope_system> flag(*p);
    flag.store(1, cuda::memory_order_release);  // expect: sync_scope
    flag.fetch_add(1);  // expect: sync_scope
}""",
}


@pytest.mark.parametrize("code", cases(SCOPES))
def test_scoped_synchronisation(check, code: str) -> None:
    check(code, "sync_scope")


REMOTE = {
    "table of peers' buffers": """
__global__ void k(int** buffer_ptrs, int rank, int peer) {
    buffer_ptrs[peer][3] = 1;  // expect: remote_comm operation=store address=buffer_ptrs[peer]
    buffer_ptrs[rank][3] = 1;  // expect: nothing
}""",
    "pointer taken from the table": """
__global__ void k(void** ptrs, int rank, int peer, int n) {
    auto there = static_cast<int*>(ptrs[peer]) + n;
    auto here = static_cast<int*>(ptrs[rank]) + n;
    there[0] = 1;  // expect: remote_comm address=ptrs[peer]
    *(there + 4) = 1;  // expect: remote_comm
    here[0] = 1;  // expect: nothing
}""",
    "one of several peers": """
__global__ void k(int** ptrs, int rank, int left, int right, bool back) {
    const int in_node = rank % RANKS_PER_NODE, next = (rank + 1) % left;
    int* there = ptrs[left];
    if (back) there = ptrs[right];
    there[0] = 1;  // expect: remote_comm address="ptrs[left] or ptrs[right]"
    int* here = ptrs[in_node];
    here[0] = 1;  // expect: nothing
    int* beside = ptrs[next];
    beside[0] = 1;  // expect: remote_comm address=ptrs[next]
}""",
    "a pointer that a function fills": """
__device__ int* queue();
__device__ void reserve(int** out_wqes) {
    out_wqes[0] = queue();
    out_wqes[0][1] = 1;  // expect: nothing
}""",
    "through a scoped store": """
__device__ void store_release(int* p, int v) {
    asm volatile("st.release.sys.global.s32 [%0], %1;" :: "l"(p), "r"(v));
}
__global__ void k(int** ptrs, int rank, int peer) {
    store_release(ptrs[peer] + rank, 1);  // expect: remote_comm through=store_release operation=sync_scope
    store_release(ptrs[rank], 1);  // expect: nothing
}""",
    "the role decides whose memory it is": """
__global__ void k(int** ptrs, int rank, int peer, bool is_sender) {
    int* p = ptrs[is_sender ? peer : rank];
    if (is_sender) {
        p[0] = 1;  // expect: remote_comm
    } else {
        p[0] = 1;  // expect: nothing
    }
}""",
    "an array of values is no table": """
__global__ void k(int* counts, int peer) { counts[peer] = 1; }  // expect: nothing
""",
    "nvshmem": """
__global__ void k(float* x, const float* y, int peer) {
    nvshmem_float_put_nbi(x, y, 64, peer);  // expect: remote_comm operation=nvshmem_float_put_nbi
    nvshmemx_quiet_block();  // expect: remote_comm
    int me = nvshmem_my_pe();  // expect: nothing
    float* there = (float*)nvshmem_ptr(x, peer);  // expect: remote_comm
    there[0] = 1;  // expect: remote_comm operation=store
}""",
    "nccl device API": """
__global__ void k(ncclGin gin, ncclTeam team, int peer) {
    gin.put(team, peer, 0, 1, 2, 3);  // expect: remote_comm operation=put
    gin.flush(ncclCoopThread());  // expect: remote_comm
    auto shadow = gin.getSignalShadowPtr(0);  // expect: nothing
}""",
    "host libraries": """
void send(void* p, ncclComm_t comm, cudaStream_t s) {
    ncclSend(p, 4, ncclInt, 1, comm, s);  // expect: remote_comm definition operation=ncclSend
}
void h(void* p, ncclComm_t comm, cudaStream_t s) {
    send(p, comm, s);  // expect: remote_comm through=send operation=ncclSend
    cudaMemcpyAsync(p, p, 4, cudaMemcpyDeviceToDevice, s);  // expect: nothing
}""",
}


@pytest.mark.parametrize("code", cases(REMOTE))
def test_remote_operations(check, code: str) -> None:
    check(code, "remote_comm")


APIS = {
    "runtime, driver, libraries": """
void h(void* p, cudaStream_t s) {
    cudaMalloc(&p, 64);  // expect: api_call api=cudaMalloc arguments="&p, 64"
    cuMemAlloc(&p, 64);  // expect: api_call
    cublasCreate(&p);  // expect: api_call
    ncclGetUniqueId(&p);  // expect: api_call
    custom(p);  // expect: nothing
    cudarun(p);
}""",
    "a function of the tree is none": """
void cudaHelper(int n) {}
void h() { cudaHelper(3); }  // expect: nothing
""",
    "inside a status macro, once": """
#define CUDA_OK(x) do { cudaError_t e = (x); if (e != cudaSuccess) throw e; } while (0)
void h(void* p) { CUDA_OK(cudaFree(p)); }  // expect: api_call api=cudaFree
""",
}


@pytest.mark.parametrize("code", cases(APIS))
def test_api_calls(check, code: str) -> None:
    check(code, "api_call")


LIBRARY_OBJECTS = """
using barrier = cuda::barrier<cuda::thread_scope_block>;
struct mine { __device__ void arrive() {} };
__global__ void k(int* g, mine m) {
    __shared__ barrier bar;
    bar.arrive();  // expect: mbarrier operation=arrive
    m.arrive();  // expect: nothing
    cutlass::arch::ClusterTransactionBarrier::init(&bar, 1);  // expect: mbarrier
    cute::SM90_TMA_LOAD_2D::copy(g, g, 1, 2);  // expect: tma_copy operation=SM90_TMA_LOAD_2D::copy
    std::copy(g, g, g);  // expect: nothing
}
"""


def test_objects_and_copy_atoms_of_libraries(check) -> None:
    check(LIBRARY_OBJECTS, "mbarrier", "tma_copy")
