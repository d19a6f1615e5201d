// Threads, warps, roles, memory.
#include <utility>
__host__ __device__ void use(long) {}
__device__ bool elect_one_sync();
__device__ int lane_of() { int lane; asm("mov.u32 %0, %laneid;" : "=r"(lane)); return lane; }
enum class Role { kLoad, kStore, kNone };

__global__ void indices(int4* p, int n) {
  const int lane_id = threadIdx.x % 32, warp_id = threadIdx.x / 32;
  // prove: warp_id * 32 + lane_id - threadIdx.x => holds ;; lane_id / 32 => holds ;; warp_id * 32 => holds ;; p + threadIdx.x => violated witness threadIdx.x % 2 == 1 ;; p + warp_id * 2 => holds ;; threadIdx.x >> 5 << 5 => holds ;; threadIdx.x & ~31 => holds ;; blockIdx.x * 32 => holds ;; blockDim.x => depends blockDim.x % 32 == 0 ;; blockIdx.x * blockDim.x => not holds ;; blockIdx.x * blockDim.x * 32 => holds
  use(n);
  int x = threadIdx.x < blockDim.x ? 32 : 5;
  int y = threadIdx.x < 1024 ? 32 : 5;
  int z = threadIdx.x < 512 ? 32 : 5;
  // prove: x => holds ;; y => holds ;; z => not holds
  use(x);
  if (lane_id == 0) {
    // prove: threadIdx.x => holds ;; lane_id => holds
    use(x);
  }
  if (threadIdx.x == 0) {
    // prove: warp_id => holds
    use(x);
  }
  for (int i = threadIdx.x; i < n; i += blockDim.x) {
    // prove: i => not holds ;; i * 32 => holds
    use(i);
  }
  for (int i = lane_id; i < n; i += 32) {
    // prove: i - lane_id => holds
    use(i);
  }
}

__global__ void roles(int n) {
  const int warp = threadIdx.x / 32;
  const auto [role, index] = [&]() -> std::pair<Role, int> {
    if (warp < 2) return {Role::kLoad, warp};
    if (warp < 6) return {Role::kStore, warp - 2};
    return {Role::kNone, 0};
  }();
  int bytes = 5;
  if (role == Role::kLoad) bytes = 32;
  if (role == Role::kLoad) {
    // prove: bytes => holds ;; index / 2 => holds
    use(n);
  } else if (role == Role::kStore) {
    // prove: index / 4 => holds ;; bytes => violated value 5
    use(n);
  }
}

__global__ void elected(int n) {
  int x = 5;
  if (elect_one_sync()) x = 32;
  // prove: x => not holds
  use(x);
  if (elect_one_sync()) {
    // prove: x => not violated
    use(x);
  }
}

__global__ void shuffles(int n) {
  const int lane_id = threadIdx.x % 32;
  int uniform = __shfl_sync(~0u, n * 32, 0);
  int other = __shfl_sync(~0u, lane_id * 16, 5);
  int wide = __shfl_sync(~0u, lane_id * 32, 5);
  int warp = __shfl_sync(~0u, threadIdx.x / 32, 0);
  int xored = __shfl_xor_sync(~0u, lane_id, 1);
  int same = __shfl_sync(~0u, n, 0);
  // prove: uniform => holds ;; other => not holds ;; wide => holds ;; xored - lane_id => not holds ;; (warp - threadIdx.x / 32) * 16 => holds ;; same => depends n % 32 == 0
  use(n);
  int zero = 32;
  if (lane_id == 0) zero = 5;
  int got = __shfl_sync(~0u, zero, 0);
  // prove: got => not holds
  use(got);
  if (lane_id == 3) {
    int from = __shfl_sync(~0u, lane_id, 0);
    // prove: from is 3 => not holds
    use(from);
  }
  int votes = __popc(__ballot_sync(~0u, n > 5));
  // prove: votes * 32 => holds ;; votes => not holds
  use(votes);
}

__global__ void shared_memory(int n) {
  __shared__ int s;
  __shared__ int t[32];
  extern __shared__ __align__(1024) char smem[];
  if (threadIdx.x == 0) s = n * 32;
  __syncthreads();
  // prove: s => not holds ;; t[0] => unknown ;; smem + 4624 => violated value 4624 ;; smem + n * 4624 => depends n % 2 == 0
  use(s);
  s = threadIdx.x;
  __syncthreads();
  if (threadIdx.x == 0) {
    // prove: s => not holds
    use(s);
  }
  t[threadIdx.x] = 32;
  // prove: t[0] => not holds
  use(t[0]);
}

__global__ void from_memory(int* p, const int4* v, int n) {
  int a = p[0];
  int b = __ldg(p + 1);
  int c = v[n].x;
  // prove: a => unknown because p[0] ;; b => unknown ;; c => unknown because v[n].x ;; a * 32 => holds ;; a - a => holds ;; p[0] - p[0] => not violated
  use(a);
  p[0] = 32;
  // prove: p[0] => not violated ;; a => not holds
  use(a);
  int d = p[0] & 31;
  // prove: d / 32 => holds
  use(d);
  volatile int* flag = p;
  while (*flag != 32) {}
  // prove: *flag => not holds
  use(n);
}

__global__ void other_writer(int n) {
  __shared__ int count;
  if (threadIdx.x / 32 == 0) count = 32;
  if (threadIdx.x / 32 == 1) count = 5;
  __syncthreads();
  if (threadIdx.x == 0) {
    // prove: count => not holds
    use(count);
  }
}
