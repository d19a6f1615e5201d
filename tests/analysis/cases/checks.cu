// Checks count where they dominate, and nowhere else.
#include <cassert>
#define DEVICE_ASSERT(cond) do { if (not (cond)) { printf("no"); asm("trap;"); } } while (0)
#define CHECK_EQ(a, b) do { if ((a) != (b)) throw 1; } while (0)
#define STATIC_ASSERT(cond, why) static_assert(cond, why)
__host__ __device__ void use(long) {}
__device__ int flag();

__global__ void order(int h, int n) {
  // prove: h => depends h % 32 == 0
  use(h);
  DEVICE_ASSERT(h % 32 == 0);  // (h)
  // prove: h * 16 mod 512 => holds via h ;; n => depends n % 32 == 0 not via h
  use(h);
  h += n;
  // prove: h => depends n % 32 == 0
  use(h);
}

__global__ void in_a_branch(int n, int c) {
  if (c > 3) {
    DEVICE_ASSERT(n % 32 == 0);
    // prove: n => holds
    use(n);
  } else {
    // prove: n => depends n % 32 == 0
    use(n);
  }
  // prove: n => not holds
  use(n);
  if (c > 5) {
    // prove: n => holds
    use(n);
  }
}

__global__ void in_a_loop(int n, int m) {
  for (int i = 0; i < m; ++i) {
    DEVICE_ASSERT(n % 32 == 0);
    // prove: n => holds
    use(n);
  }
  // prove: n => not holds
  use(n);
}

__global__ void in_a_loop_later(int n, int m) {
  for (int i = 0; i < m; ++i) {
    // prove: n => not holds
    use(n);
    DEVICE_ASSERT(n % 32 == 0);
  }
}

__global__ void about_a_loop_variable(int n, int m) {
  int x = n;
  for (int i = 0; i < m; ++i) {
    // prove: x => not holds
    use(x);
    DEVICE_ASSERT(x % 32 == 0);
    // prove: x => holds
    use(x);
    x += flag();
  }
}

__global__ void joined(int a, int b, int c, int d) {
  DEVICE_ASSERT(a % 32 == 0 && b % 32 == 0);
  DEVICE_ASSERT(c % 32 == 0 || d % 32 == 0);
  DEVICE_ASSERT(not (flag() || flag()));
  // prove: a => holds ;; b => holds ;; a + b => holds ;; c => not holds ;; d => not holds ;; c * d => holds
  use(a);
}

__global__ void with_text(int a, int b, int c) {
  assert(a % 32 == 0 && "a message");
  assert(b % 64 == 16);
  assert(c == 96 || c == 32);
  // prove: a => holds ;; b is 16 => holds ;; b mod 64 is 16 => holds ;; b => violated ;; c => holds xfail weak: unknown (no values were found for c % 32 == 1, where it would fail) instead of holds ;; c mod 64 is 32 => holds xfail weak: unknown (no values were found for c % 64 == 0, where it would fail) instead of holds
  use(a);
}

__global__ void about_products(int h, int k) {
  DEVICE_ASSERT(h % 4 == 0 && k % 8 == 0);
  DEVICE_ASSERT(h * 2 % 128 == 0);
  // prove: h * k => holds ;; h => holds ;; h mod 64 => holds ;; k => depends k % 32 == 0 ;; h / 4 * 8 => holds
  use(h);
}

__global__ void bounds(int n, int m) {
  DEVICE_ASSERT(n < 32 and n >= 0);
  DEVICE_ASSERT(m == 64);
  // prove: n / 32 => holds ;; n => depends n == 0 where n < 32 ;; m => holds ;; n + m => depends n == 0 where n < 32 ;; n * m => holds
  use(n);
}

template <int kN, bool kA>
__global__ void compile_time(int n) {
  // prove: kN => holds via later
  use(n);
  if (n > 5) {
    static_assert(kN % 32 == 0, "counts everywhere");  // (later)
  }
}

template <int kN, bool kA>
__global__ void discarded(int n) {
  if constexpr (kA) {
    static_assert(kN % 32 == 0, "");
    // prove: kN => holds
    use(n);
  }
  // prove: kN => depends kN % 32 == 0 where kA == 0 ;; kN => not holds
  use(n);
}

template <int kN>
__global__ void by_macro(int n) {
  STATIC_ASSERT(kN % 32 == 0, "text");
  // prove: kN => holds
  use(n);
}

template <class T> __device__ void needs_wide() { static_assert(sizeof(T) == 16, ""); }
template <class T>
__global__ void in_callee(int n) {
  needs_wide<T>();
  // prove: sizeof(T) * 2 => holds
  use(n);
}

__device__ void check_in_callee(int n) { DEVICE_ASSERT(n % 32 == 0); }
__device__ bool aligned(int n) { return n % 32 == 0; }
__device__ int checked(int n) { DEVICE_ASSERT(n % 32 == 0); return n; }

__global__ void through_calls(int n, int m, int k) {
  check_in_callee(n);
  DEVICE_ASSERT(aligned(m));
  // prove: n => holds ;; m => holds ;; k => not holds
  use(n);
  int x = checked(k);
  // prove: x => holds ;; k => holds
  use(x);
}

void host(int n, int m, const char* p) {
  if (n % 4) throw 1;
  // prove: n mod 4 => holds ;; m mod 4 => depends m % 4 == 0
  use(n);
  CHECK_EQ(m % 32, 0);
  // prove: m => holds
  use(n);
  if (n % 32 != 0) {
    printf("bad");
    exit(1);
  }
  // prove: n => holds
  use(n);
}

void host_warns(int n) {
  if (n % 32 != 0) {
    printf("bad");
  }
  // prove: n => depends n % 32 == 0
  use(n);
}

__global__ void assumed(int n, char* p) {
  __builtin_assume(n % 32 == 0);
  // prove: n => holds
  use(n);
}

__global__ void of_old_value(int n) {
  int x = n;
  DEVICE_ASSERT(x % 32 == 0);
  x = n + 1;
  // prove: x => violated ;; n => holds
  use(x);
}

__global__ void contradictory_branch(int n) {
  DEVICE_ASSERT(n == 64);
  int x = 32;
  if (n > 100) x = 5;
  // prove: x => holds
  use(x);
}

__global__ void asks_with_given(int n, int m) {
  // prove: n + m given n = 64; m % 32 == 0 => holds ;; n given n = 5 => violated value 5 ;; n + m given n = 16 => depends m % 32 == 16
  use(n);
}
