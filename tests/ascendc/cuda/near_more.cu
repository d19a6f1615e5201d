// SPDX-License-Identifier: Apache-2.0
// Kernels that look like archetypes and do something else in one place, a few that are what they seem.
// clang-format off
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cstdint>

namespace near_misses {

// Operands that are not always evaluated, and what the parser does not understand.
__device__ bool put1(float* p, float v) { *p = v; return true; }
__global__ void and_call(float* out, const float* in, const int* f, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) { bool b = f[i] > 0 && put1(out + i, in[i]); (void) b; }
}
__global__ void or_call(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n || put1(out + i, in[i])) return;
}
__global__ void tern_store(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    i < n ? put1(out + i, in[i]) : false;
}
__global__ void or_store(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    i >= n || (out[i] = in[i] * 2.0f, true);
}

// Unsigned numbers below zero are large ones.
__global__ void uwrap(float* out, const float* in, unsigned n) {
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i - 1 < n) out[i] = in[i];
}
__global__ void uwrap2(float* out, const float* in, unsigned n) {
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i - 1u < n - 1u) out[i] = in[i];
}
__global__ void neg_unsigned_skip(float* out, const float* in, const int* idx, int n, int hidden) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) for (int h = threadIdx.x; h < hidden; h += blockDim.x) { int r = idx[t]; if (r < 0u) continue; out[t * hidden + h] = in[r * hidden + h]; }
}
__global__ void neg_unsigned_skip2(float* out, const float* in, const int* idx, int n, int hidden) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) for (int h = threadIdx.x; h < hidden; h += blockDim.x) { unsigned r = idx[t]; if (r >= 0) out[t * hidden + h] = in[r * hidden + h]; }
}
__global__ void neg_unsigned_skip3(float* out, const float* in, const int* idx, int n, int hidden) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) for (int h = threadIdx.x; h < hidden; h += blockDim.x) { if ((unsigned) idx[t] < 0u) continue; out[t * hidden + h] = in[idx[t] * hidden + h]; }
}

// Numbers that lose bits.
__global__ void trunc64(long long* out, const long long* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) { int v = in[i]; out[i] = v; }
}
__global__ void trunc64u(uint64_t* out, const uint64_t* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) { uint32_t v = in[i]; out[i] = v; }
}
__global__ void u2s(int64_t* out, const uint32_t* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) { int v = in[i]; out[i] = v; }
}
__global__ void u2f(float* out, const uint32_t* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) { int v = in[i]; out[i] = v; }
}
__global__ void e_i8(int8_t* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = in[i];
}
__device__ int helper_i(float x) { return x * 2.0f; }
__global__ void e_helpi(float* out, const float* a, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = helper_i(a[i]);
}
__global__ void lam_ret(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    auto f = [](float x) -> int { return x; }; if (i < n) out[i] = f(in[i]);
}

// Literals without an f are double.
__global__ void dbl_literal(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = in[i] * 0.1;
}
__global__ void dbl_literal2(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = (in[i] * 1.1 + 0.7) * 3.3;
}

// Closures that keep a copy.
__global__ void lam_mut(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    float s = 1.0f; auto f = [s](float x) mutable { s = 5.0f; return x * s; }; if (i < n) { float y = f(in[i]); out[i] = y * s; }
}
__global__ void lam_value(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    float s = 1.0f; auto f = [=](float x) { return x * s; }; s = 2.0f; if (i < n) out[i] = f(in[i]);
}
__global__ void lam_ret_h(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    auto f = [](float x) -> __half { return x * 3.0f; }; if (i < n) out[i] = f(in[i]);
}

// Macros that are text.
#define PITCH hidden + 8
__global__ void macro_expr(float* out, const float* in, int n, int hidden) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) for (int h = threadIdx.x; h < hidden; h += blockDim.x) out[t * hidden + h] = in[t * PITCH + h];
}
#define AT(r, c) r * hidden + c
__global__ void macro_call(float* out, const float* in, int n, int hidden) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) for (int h = threadIdx.x; h < hidden; h += blockDim.x) out[t * hidden + h] = in[2 * AT(t, h)];
}
#define TWICE(v) v + v
__global__ void macro_call2(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = 3.0f * TWICE(in[i]);
}
#define NEGF -1.0f + 3.0f
__global__ void macro_obj2(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = in[i] * NEGF;
}
#define KSTEP 1
__global__ void macro_redef1(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = in[i] * KSTEP;
}
#undef KSTEP
#define KSTEP 2
__global__ void macro_redef2(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = in[i] * KSTEP;
}
__device__ float sum_of(float a, float b) { return a + b; }
#define fminf sum_of
__global__ void redefined(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = fminf(in[i], 1.0f);
}
#undef fminf
__global__ void octal(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = in[i] * 010;
}

// Loops that change their own bound, step or counter.
__global__ void bound_shrinks(float* out, const float* in, int n) {
    if (threadIdx.x == 0 && blockIdx.x == 0) { int m = n; for (int i = 0; i < m; ++i) { out[i] = in[i]; m -= 1; } }
}
__global__ void bound_shrinks2(float* out, const float* in, int n) {
    for (int i = threadIdx.x; i < n; i += blockDim.x) { out[i] = in[i]; n = n - 1; }
}
__global__ void bound_shrinks3(float* out, const float* in, int n, int hidden) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) { int m = hidden; for (int h = 0; h < m; ++h) { out[t * hidden + h] = in[t * hidden + h]; if (in[t * hidden + h] < 0.0f) m = h; } }
}
__global__ void step_grows(float* out, const float* in, int n) {
    int s = 1; for (int i = 0; i < n; i += s) { out[i] = in[i]; s = 2; }
}
__device__ void bump_p(int* k) { *k += 1; }
__global__ void l_bound_ref(float* out, const float* in, int n) {
    for (int i = threadIdx.x; i < n; i += blockDim.x) { out[i] = in[i]; bump_p(&n); }
}
__global__ void l_skip_inside(float* out, const float* in, int n) {
    for (int i = threadIdx.x; i < n; i += blockDim.x) { out[i] = in[i]; ++i; }
}
__global__ void l_by_ref(float* out, const float* in, int n) {
    for (int i = threadIdx.x; i < n; i += blockDim.x) { int& k = i; out[i] = in[i]; k += 1; }
}
__device__ void bump(int& k) { k += 1; }
__global__ void l_by_ref2(float* out, const float* in, int n) {
    for (int i = threadIdx.x; i < n; i += blockDim.x) { out[i] = in[i]; bump(i); }
}
__global__ void l_by_ptr(float* out, const float* in, int n) {
    for (int i = threadIdx.x; i < n; i += blockDim.x) { out[i] = in[i]; bump_p(&i); }
}

// A NaN decides a choice.
__global__ void e_relu(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = in[i] > 0.0f ? in[i] : 0.0f;
}
__global__ void e_relu_lt(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = in[i] < 0.0f ? 0.0f : in[i];
}
__global__ void e_relu_weird(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = in[i] > 0.0f ? 0.0f : in[i];
}
__device__ float helper_pred(float x) { if (x > 3.0f) return 3.0f; return x; }
__global__ void e_helpp(float* out, const float* a, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = helper_pred(a[i]);
}
__global__ void e_nan(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = in[i] == in[i] ? in[i] : 0.0f;
}

// Guards.
__global__ void guard_n1(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n - 1) out[i] = in[i] * 2.0f;
}
__global__ void guard_le(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i <= n) out[i] = in[i] * 2.0f;
}
__global__ void guard_odd(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n && i % 2) out[i] = in[i] * 2.0f;
}
__global__ void guard_odd2(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n && !(i & 1)) out[i] = in[i] * 2.0f;
}
__global__ void start1(float* out, const float* in, int n) {
    for (int i = threadIdx.x + 1; i < n; i += blockDim.x) out[i] = in[i] * 2.0f;
}
__global__ void start1b(float* out, const float* in, int n, int hidden) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) for (int h = threadIdx.x + 1; h < hidden; h += blockDim.x) out[t * hidden + h] = in[t * hidden + h];
}
__global__ void rows_from1(float* out, const float* in, int n, int hidden) {
    for (int t = blockIdx.x + 1; t < n; t += gridDim.x) for (int h = threadIdx.x; h < hidden; h += blockDim.x) out[t * hidden + h] = in[t * hidden + h];
}
__global__ void l_le(float* out, const float* in, int n) {
    for (int i = threadIdx.x; i <= n; i += blockDim.x) out[i] = in[i];
}
__global__ void l_down2(float* out, const float* in, int n) {
    for (int i = n - 1; i > 0; --i) out[i] = in[i];
}
__global__ void l_and2(float* out, const float* in, int n) {
    for (int i = threadIdx.x; i < n && in[i] > 0.0f; i += blockDim.x) out[i] = in[i];
}
__global__ void ret_mid(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return; if (in[i] > 3.0f) return; out[i] = in[i];
}
__global__ void continue_mid(float* out, const float* in, int n, int hidden) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) for (int h = threadIdx.x; h < hidden; h += blockDim.x) { if (h == 7) continue; out[t * hidden + h] = in[t * hidden + h]; }
}
__global__ void continue_mid2(float* out, const float* in, const int* idx, int n, int hidden) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) for (int h = threadIdx.x; h < hidden; h += blockDim.x) { int r = idx[t]; if (r < 0) { if (h > 3) continue; } out[t * hidden + h] = in[r * hidden + h]; }
}
__global__ void break_mid(float* out, const float* in, int n, int hidden) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) { if (t == 5) break; for (int h = threadIdx.x; h < hidden; h += blockDim.x) out[t * hidden + h] = in[t * hidden + h]; }
}
__global__ void skip0_idx(float* out, const float* in, const int* idx, int n, int hidden) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) for (int h = threadIdx.x; h < hidden; h += blockDim.x) { int r = idx[t]; if (r > 0) out[t * hidden + h] = in[r * hidden + h]; }
}
__global__ void skipm2_idx(float* out, const float* in, const int* idx, int n, int hidden) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) for (int h = threadIdx.x; h < hidden; h += blockDim.x) { int r = idx[t]; if (r >= -1) out[t * hidden + h] = in[r * hidden + h]; }
}
__global__ void upper_bound_idx(float* out, const float* in, const int* idx, int n, int hidden, int rows) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) for (int h = threadIdx.x; h < hidden; h += blockDim.x) { int r = idx[t]; if (r >= 0 && r < rows) out[t * hidden + h] = in[r * hidden + h]; }
}
__global__ void scatter_guard_other(float* out, const float* in, const int* idx, const int* oth, int n, int hidden) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) for (int h = threadIdx.x; h < hidden; h += blockDim.x) { if (oth[t] < 0) continue; out[idx[t] * hidden + h] = in[t * hidden + h]; }
}
__global__ void zero_part(float* out, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) if (i != 3) out[i] = 0.0f;
}
__global__ void zero_two_else(int* a, int* b, int n, int m) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) a[i] = 0; else if (i < m) b[i] = 0;
}

// Addresses.
__global__ void clamp_idx(float* out, const float* in, const int* idx, int n, int hidden, int rows) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) for (int h = threadIdx.x; h < hidden; h += blockDim.x) { int r = max(idx[t], 0); out[t * hidden + h] = in[r * hidden + h]; }
}
__global__ void clamp_idx2(float* out, const float* in, const int* idx, int n, int hidden, int rows) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) for (int h = threadIdx.x; h < hidden; h += blockDim.x) { int r = idx[t]; r = r < 0 ? 0 : r; out[t * hidden + h] = in[r * hidden + h]; }
}
__global__ void idx_narrow(float* out, const float* in, const int* idx, int n, int hidden) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) for (int h = threadIdx.x; h < hidden; h += blockDim.x) { short r = idx[t]; out[t * hidden + h] = in[r * hidden + h]; }
}
__global__ void and_mask(float* out, const float* in, const int* idx, int n, int hidden) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) for (int h = threadIdx.x; h < hidden; h += blockDim.x) { int r = idx[t] & 7; out[t * hidden + h] = in[r * hidden + h]; }
}
__global__ void scatter_two(float* out, const float* in, const int* idx, int n, int hidden) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) for (int h = threadIdx.x; h < hidden; h += blockDim.x) { int r = idx[t]; if (r < 0) continue; out[r * hidden + h] = in[r * hidden + h]; }
}
__global__ void scatter_plus(float* out, const float* in, const int* idx, int n, int hidden) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) for (int h = threadIdx.x; h < hidden; h += blockDim.x) { int r = idx[t] + 1; if (r < 0) continue; out[r * hidden + h] = in[t * hidden + h]; }
}
__global__ void gather_next(float* out, const float* in, const int* idx, int n, int hidden) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) for (int h = threadIdx.x; h < hidden; h += blockDim.x) { int r = idx[t + 1]; out[t * hidden + h] = in[r * hidden + h]; }
}
__global__ void gather_zero_else(float* out, const float* in, const int* idx, int n, int hidden) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) for (int h = threadIdx.x; h < hidden; h += blockDim.x) { int r = idx[t]; out[t * hidden + h] = r >= 0 ? in[r * hidden + h] : 0.0f; }
}
__global__ void copy_bcast(float* out, const float* in, int n, int hidden) {
    for (int t = blockIdx.x; t < n; t += gridDim.x) for (int h = threadIdx.x; h < hidden; h += blockDim.x) out[t * hidden + h] = in[h];
}
__global__ void copy_off(float* out, const float* in, int n, int off) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = in[i + off];
}
__global__ void copy_neg(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[n - 1 - i] = in[i];
}
__global__ void copy_mod(float* out, const float* in, int n, int m) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = in[i % m];
}
__global__ void copy_divmul(float* out, const float* in, int n, int m) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = in[i / m * m];
}
__global__ void transpose_wrong(float* out, const float* in, int r, int c) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < r * c) { int a = i / c, b = i % c; out[b * c + a] = in[a * c + b]; }
}
__global__ void transpose_wrong2(float* out, const float* in, int r, int c) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < r * c) { int a = i / r, b = i % r; out[b * r + a] = in[a * c + b]; }
}
__global__ void l_two_counters(float* out, const float* in, int n) {
    for (int i = 0, j = n - 1; i < n; ++i, --j) out[i] = in[j];
}
__global__ void l_two_counters2(float* out, const float* in, int n) {
    for (int i = 0, j = 0; i < n; ++i, j += 2) out[i] = in[j];
}
__global__ void l_ptr_moves2(float* out, const float* in, int n, int hidden) {
    for (int t = 0; t < n; ++t) { for (int h = threadIdx.x; h < hidden; h += blockDim.x) out[h] = in[h]; out += hidden; }
}

// Several stores, and stores that are read.
__global__ void two_stores(float* a, float* b, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) { a[i] = in[i]; b[i] = a[i] * 2.0f; }
}
__global__ void two_same(float* a, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) { a[i] = 0.0f; a[i] = in[i]; }
}
__global__ void rmw_twice(float* a, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) { a[i] = a[i] * 2.0f; a[i] = a[i] + 1.0f; }
}
__global__ void zero_then(float* a, float* b, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) { a[i] = 0.0f; b[i] = a[i]; }
}
__global__ void zero_then_set(int* out, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = 0; if (i == 0) out[0] = 1;
}
__global__ void zero_overlap(int* out, int n, int m) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = 0; if (i < m) out[i] = 1;
}
__global__ void inplace_shift(float* x, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) x[i] = x[i + 1];
}
__global__ void inplace_rev(float* x, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) x[i] = x[n - 1 - i] * 2.0f;
}
__global__ void inplace_many(float* x, int n, int k) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) for (int j = 0; j < k; ++j) x[i] = x[i] * 2.0f;
}
__global__ void transpose_inplace(float* out, int r, int c) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < r * c) { int a = i / c, b = i % c; out[b * r + a] = out[a * c + b]; }
}
__global__ void last_wins2(float* out, const float* in, int n, int k) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) for (int j = 0; j < k; ++j) out[i] = in[i] * 2.0f;
}

// Packs.
__global__ void swap4(float4* out, const float4* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) { float4 v = in[i]; out[i] = make_float4(v.y, v.x, v.z, v.w); }
}
__global__ void swap4b(float4* out, const float4* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) { float4 v = in[i]; v.w = v.x; out[i] = v; }
}
__global__ void e_half2swap2(half2* out, const half2* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) { half2 v = in[i]; half2 r; r.x = v.y; r.y = v.x; out[i] = r; }
}
__global__ void e_half2mix(half2* out, const half2* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) { half2 v = in[i]; v.x = v.x * v.x; out[i] = v; }
}
__global__ void e_f4mix(float4* out, const float4* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) { float4 v = in[i]; v.x *= 2.0f; v.y *= 2.0f; v.z *= 2.0f; v.w *= 3.0f; out[i] = v; }
}
__global__ void e_packodd(bf* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) { out[2 * i] = in[2 * i] * 2.0f; out[2 * i + 1] = in[2 * i] * 2.0f; }
}
__global__ void e_packeven(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) { out[2 * i] = in[2 * i] * 2.0f; }
}
__global__ void e_pack_cross(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) { out[2 * i] = in[2 * i + 1] * 2.0f; out[2 * i + 1] = in[2 * i] * 2.0f; }
}

// Threads that are not all of them.
__global__ void only_block1(float* out, const float* in, int n) {
    if (blockIdx.x != 1) return; for (int i = threadIdx.x; i < n; i += blockDim.x) out[i] = in[i];
}
__global__ void stride_blk(float* out, const float* in, int n) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x;
    i < n; i += blockDim.x) out[i] = in[i];
}
__global__ void grid_yx(float* out, const float* in, int n, int hidden) {
    for (int t = blockIdx.y; t < n; t += gridDim.x) for (int h = threadIdx.x; h < hidden; h += blockDim.x) out[t * hidden + h] = in[t * hidden + h];
}
__global__ void l_half_warp(float* out, const float* in, int n, int hidden) {
    int w = threadIdx.x / 16, l = threadIdx.x % 32; for (int t = w; t < n; t += blockDim.x / 16) for (int h = l; h < hidden; h += 32) out[t * hidden + h] = in[t * hidden + h];
}
__global__ void l_warp_rows_bad2(float* out, const float* in, int n, int hidden) {
    int w = threadIdx.x / 32, l = threadIdx.x % 32; for (int t = w; t < n; t += 4) for (int h = l; h < hidden; h += 64) out[t * hidden + h] = in[t * hidden + h];
}
__global__ void l_chunk_gap(float* out, const float* in, int n, int per) {
    int b = blockIdx.x * per; for (int i = b + threadIdx.x; i < b + per - 1; i += blockDim.x) out[i] = in[i];
}
__global__ void shfl_width(float* out, const float* in, int n) {
    int t = blockIdx.x; float m = 0.0f; for (int h = threadIdx.x; h < n; h += 32) m = fmaxf(m, fabsf(in[t * n + h])); m = fmaxf(m, __shfl_xor_sync(0xffffffff, m, 16, 16)); m = fmaxf(m, __shfl_xor_sync(0xffffffff, m, 8, 16)); m = fmaxf(m, __shfl_xor_sync(0xffffffff, m, 4, 16)); m = fmaxf(m, __shfl_xor_sync(0xffffffff, m, 2, 16)); m = fmaxf(m, __shfl_xor_sync(0xffffffff, m, 1, 16)); if (threadIdx.x == 0) out[t] = m / 127.0f;
}
__global__ void e_shuf(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) { float v = in[i]; v += __shfl_xor_sync(0xffffffff, v, 1); out[i] = v; }
}

// Lanes that do not take part, or hold no shares.
__global__ void r2_full(float* out, const float* in, int n, int hidden) {
    for (int t = (blockIdx.x * blockDim.x + threadIdx.x) / 32; t < n; t += gridDim.x * blockDim.x / 32) { float m = 0.0f; for (int h = (threadIdx.x % 32); h < hidden; h += 32) m = fmaxf(m, fabsf(in[t * hidden + h])); for (int k = 16; k; k >>= 1) m = fmaxf(m, __shfl_xor_sync(0xffffffff, m, k)); if ((threadIdx.x % 32) == 0) out[t] = m; }
}
__global__ void r2_width_ok(float* out, const float* in, int n, int hidden) {
    for (int t = (blockIdx.x * blockDim.x + threadIdx.x) / 32; t < n; t += gridDim.x * blockDim.x / 32) { float m = 0.0f; for (int h = (threadIdx.x % 32); h < hidden; h += 32) m = fmaxf(m, fabsf(in[t * hidden + h])); for (int k = 16; k; k >>= 1) m = fmaxf(m, __shfl_xor_sync(0xffffffff, m, k, 32)); if ((threadIdx.x % 32) == 0) out[t] = m; }
}
__global__ void r2_cond(float* out, const float* in, int n, int hidden) {
    for (int t = (blockIdx.x * blockDim.x + threadIdx.x) / 32; t < n; t += gridDim.x * blockDim.x / 32) { float m = 0.0f; for (int h = (threadIdx.x % 32); h < hidden; h += 32) m = fmaxf(m, fabsf(in[t * hidden + h])); if ((threadIdx.x % 32) < 16) for (int k = 16; k; k >>= 1) m = fmaxf(m, __shfl_xor_sync(0xffffffff, m, k)); if ((threadIdx.x % 32) == 0) out[t] = m; }
}
__global__ void r2_width(float* out, const float* in, int n, int hidden) {
    for (int t = (blockIdx.x * blockDim.x + threadIdx.x) / 32; t < n; t += gridDim.x * blockDim.x / 32) { float m = 0.0f; for (int h = (threadIdx.x % 32); h < hidden; h += 32) m = fmaxf(m, fabsf(in[t * hidden + h])); for (int k = 16; k; k >>= 1) m = fmaxf(m, __shfl_xor_sync(0xffffffff, m, k, 16)); if ((threadIdx.x % 32) == 0) out[t] = m; }
}
__global__ void r2_mask(float* out, const float* in, int n, int hidden) {
    for (int t = (blockIdx.x * blockDim.x + threadIdx.x) / 32; t < n; t += gridDim.x * blockDim.x / 32) { float m = 0.0f; for (int h = (threadIdx.x % 32); h < hidden; h += 32) m = fmaxf(m, fabsf(in[t * hidden + h])); for (int k = 16; k; k >>= 1) m = fmaxf(m, __shfl_xor_sync(0xffff, m, k)); if ((threadIdx.x % 32) == 0) out[t] = m; }
}
__global__ void r2_down(float* out, const float* in, int n, int hidden) {
    for (int t = (blockIdx.x * blockDim.x + threadIdx.x) / 32; t < n; t += gridDim.x * blockDim.x / 32) { float m = 0.0f; for (int h = (threadIdx.x % 32); h < hidden; h += 32) m = fmaxf(m, fabsf(in[t * hidden + h])); for (int k = 16; k; k >>= 1) m = fmaxf(m, __shfl_down_sync(0xffffffff, m, k)); if ((threadIdx.x % 32) == 31) out[t] = m; }
}
__global__ void r2_k8(float* out, const float* in, int n, int hidden) {
    for (int t = (blockIdx.x * blockDim.x + threadIdx.x) / 32; t < n; t += gridDim.x * blockDim.x / 32) { float m = 0.0f; for (int h = (threadIdx.x % 32); h < hidden; h += 32) m = fmaxf(m, fabsf(in[t * hidden + h])); for (int k = 16; k > 1; k >>= 1) m = fmaxf(m, __shfl_xor_sync(0xffffffff, m, k)); if ((threadIdx.x % 32) == 0) out[t] = m; }
}
__global__ void r2_skip(float* out, const float* in, int n, int hidden) {
    for (int t = (blockIdx.x * blockDim.x + threadIdx.x) / 32; t < n; t += gridDim.x * blockDim.x / 32) { float m = 0.0f; for (int h = (threadIdx.x % 32); h < hidden; h += 32) { if (h % 3 == 0) continue; m = fmaxf(m, fabsf(in[t * hidden + h])); } for (int k = 16; k; k >>= 1) m = fmaxf(m, __shfl_xor_sync(0xffffffff, m, k)); if ((threadIdx.x % 32) == 0) out[t] = m; }
}
__global__ void r2_other(float* out, const float* in, int n, int hidden) {
    for (int t = (blockIdx.x * blockDim.x + threadIdx.x) / 32; t < n; t += gridDim.x * blockDim.x / 32) { float m = 0.0f, q = 0.0f; for (int h = (threadIdx.x % 32); h < hidden; h += 32) { m = fmaxf(m, fabsf(in[t * hidden + h])); q = fmaxf(q, in[t * hidden + h]); } for (int k = 16; k; k >>= 1) m = fmaxf(m, __shfl_xor_sync(0xffffffff, q, k)); if ((threadIdx.x % 32) == 0) out[t] = m; }
}
__global__ void r2_init(float* out, const float* in, int n, int hidden) {
    for (int t = (blockIdx.x * blockDim.x + threadIdx.x) / 32; t < n; t += gridDim.x * blockDim.x / 32) { float m = (threadIdx.x % 32); for (int h = (threadIdx.x % 32); h < hidden; h += 32) m = fmaxf(m, fabsf(in[t * hidden + h])); for (int k = 16; k; k >>= 1) m = fmaxf(m, __shfl_xor_sync(0xffffffff, m, k)); if ((threadIdx.x % 32) == 0) out[t] = m; }
}
__global__ void r2_carry(float* out, const float* in, int n, int hidden) {
    float m = 0.0f; for (int t = 0; t < n; ++t) { for (int h = 0; h < hidden; ++h) m = fmaxf(m, fabsf(in[t * hidden + h])); out[t] = m; }
}

// Arguments that are referred to.
__device__ void acc2(float& s, float v) { s += v; }
__global__ void ref_twice(float* out, const float* in, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) { float v[2] = {1.0f, 2.0f}; int k = 0; acc2(v[k++], in[i]); out[i] = v[0] + v[1] * k; }
}

// What an iteration leaves to the next.
__global__ void l_first_flag(float* out, const float* in, int n) { bool first = true; for (int i = 0; i < n; ++i) {
    if (!first) out[i] = in[i]; first = false; }
}
__global__ void l_prev(float* out, const float* in, int n) {
    float p = 0.0f; for (int i = 0; i < n; ++i) { out[i] = p; p = in[i]; }
}
__global__ void l_toggle(float* out, const float* in, int n) {
    int k = 0; for (int i = 0; i < n; ++i) { if (k == 0) out[i] = in[i]; k = 1 - k; }
}
__global__ void l_count(float* out, const float* in, int n) {
    int c = 0; for (int i = 0; i < n; ++i) { if (in[i] > 0.0f) out[c++] = in[i]; }
}
__global__ void e_growk(float* out, const float* in, int n, int k) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) { float v = in[i]; for (int j = 0; j < k; ++j) v = v * 2.0f; out[i] = v; }
}
__global__ void e_addk(float* out, const float* in, int n, int k) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) { float v = in[i]; for (int j = 0; j < k; ++j) v += 2.0f; out[i] = v; }
}

}  // namespace near_misses
