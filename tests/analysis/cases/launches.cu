// What the host gives to a kernel.
#define HOST_ASSERT(cond) do { if (not (cond)) throw 1; } while (0)
#define SWITCH(n, launch) switch (n) { case 64: launch(64); break; case 96: launch(96); break; default: throw 1; }
#define SWITCH_BAD(n, launch) switch (n) { case 64: launch(64); break; case 80: launch(80); break; default: throw 1; }
__host__ __device__ void use(long) {}

__global__ void dominated(int n) {
  // prove: n => holds via first
  use(n);
}
void launch_dominated(int n) {
  HOST_ASSERT(n % 32 == 0);  // (first)
  dominated<<<1, 32>>>(n);
}

__global__ void checked_later(int n) {
  // prove: n => depends n % 32 == 0
  use(n);
}
void launch_checked_later(int n) {
  checked_later<<<1, 32>>>(n);
  HOST_ASSERT(n % 32 == 0);
}

__global__ void checked_by_if(int n) {
  // prove: n mod 4 => holds
  use(n);
}
void launch_checked_by_if(int n) {
  if (n % 4) throw 1;
  checked_by_if<<<1, 32>>>(n);
}

__global__ void guarded_in_one(int n) {
  // prove: n => not holds
  use(n);
}
void launch_guarded_in_one(int n, bool c) {
  if (c) {
    HOST_ASSERT(n % 32 == 0);
    guarded_in_one<<<1, 32>>>(n);
  } else {
    guarded_in_one<<<1, 32>>>(n);
  }
}

__global__ void changed_before(int n) {
  // prove: n => violated
  use(n);
}
void launch_changed_before(int n) {
  HOST_ASSERT(n % 32 == 0);
  n += 1;
  changed_before<<<1, 32>>>(n);
}

__global__ void swapped(int a, int b) {
  // prove: a => holds ;; b => not holds
  use(a);
}
void launch_swapped(int a, int b) {
  HOST_ASSERT(b % 32 == 0);
  swapped<<<1, 32>>>(b, a);
}

template <int kN, int kM = 5>
__global__ void by_table(int n) {
  // prove: kN => holds ;; kM => violated value 5
  use(n);
}
void launch_by_table(int n) {
#define LAUNCH(k) by_table<k><<<1, 32>>>(n)
  SWITCH(n, LAUNCH)
}

template <int kN>
__global__ void by_bad_table(int n) {
  // prove: kN => depends kN % 32 == 0 ;; kN mod 16 => holds
  use(n);
}
void launch_by_bad_table(int n) {
#define LAUNCH_BAD(k) by_bad_table<k><<<1, 32>>>(n)
  SWITCH_BAD(n, LAUNCH_BAD)
}

template <int kN>
__global__ void by_ternary(int n) {
  // prove: kN => holds ;; kN mod 64 => not holds
  use(n);
}
void launch_by_ternary(int n, bool c) {
  auto kernel = c ? by_ternary<32> : by_ternary<64>;
  kernel<<<1, 32>>>(n);
}

__global__ void by_launch_ex(int n) {
  // prove: n => holds ;; blockDim.x => holds xfail WRONG: depends (blockDim.x % 32 == 0) witness {'blockDim.x': 1} instead of holds
  use(n);
}
void launch_by_ex(int n) {
  HOST_ASSERT(n % 32 == 0);
  cudaLaunchConfig_t config = {dim3(1), dim3(128), 0, nullptr, nullptr, 0};
  cudaLaunchKernelEx(&config, by_launch_ex, n);
}

__global__ void by_pointer(int n) {
  // prove: n => not holds
  use(n);
}
void launch_by_pointer(int n, void** args) {
  by_pointer<<<1, 32>>>(64);
  cudaLaunchKernel((void*)by_pointer, 1, 32, args, 0, 0);
}

__global__ void by_wrapper(int n) {
  // prove: n => not holds
  use(n);
}
template <class K> void any_launch(K kernel, int n) { kernel<<<1, 32>>>(n); }
void launch_by_wrapper(int n) {
  by_wrapper<<<1, 32>>>(64);
  any_launch(by_wrapper, n);
}

__global__ void stored_pointer(int n) {
  // prove: n => not holds
  use(n);
}
using Kernel = void (*)(int);
Kernel kernels[] = {stored_pointer};
void launch_stored(int n) {
  stored_pointer<<<1, 32>>>(64);
  kernels[0]<<<1, 32>>>(n);
}

__global__ void never_launched(int n) {
  // prove: n => depends n % 32 == 0
  use(n);
}

__global__ void geometry(int n) {
  // prove: blockDim.x => holds xfail WRONG: depends (blockDim.x % 32 == 0) witness {'blockDim.x': 1} instead of holds ;; blockDim.x mod 128 => depends blockDim.x % 128 == 0 ;; threadIdx.x / 128 => holds xfail WRONG: depends witness {'threadIdx.x': 128, 'blockDim.x': 129} instead of holds ;; blockDim.y => not holds
  use(n);
}
void launch_geometry(int n) {
  geometry<<<1, 128>>>(n);
  geometry<<<dim3(4), dim3(96)>>>(n);
}

__global__ void in_loop(int n) {
  // prove: n => holds
  use(n);
}
void launch_in_loop(int n) {
  for (int i = 0; i < n; ++i) in_loop<<<1, 32>>>(i * 32);
}

__global__ void narrowed(unsigned char n) {
  // prove: n mod 256 => not violated
  use(n);
}
void launch_narrowed() { narrowed<<<1, 32>>>(256); }

__global__ void helper_checked(int n) {
  // prove: n => holds
  use(n);
}
void check_it(int n) { HOST_ASSERT(n % 32 == 0); }
void launch_helper_checked(int n) {
  check_it(n);
  helper_checked<<<1, 32>>>(n);
}

__global__ void caught_host(int n) {
  // prove: n => not holds
  use(n);
}
void launch_caught(int n) {
  try { HOST_ASSERT(n % 32 == 0); } catch (...) {}
  caught_host<<<1, 32>>>(n);
}
