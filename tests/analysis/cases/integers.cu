// Integer arithmetic as C++ has it.
#include <cstdint>
#include <algorithm>
__host__ __device__ void use(long) {}
template <class T> __host__ __device__ constexpr T align_up(T a, T b) { return (a + b - 1) / b * b; }
template <class T> __host__ __device__ constexpr T align_down(T a, T b) { return a / b * b; }
__host__ __device__ constexpr int ceil_div(int a, int b) { return (a + b - 1) / b; }

__global__ void divisions(int n, unsigned u) {
  int k = n - 5;
  // prove: k / 2 * 32 => holds ;; k / 2 * 16 => depends (n - 5) / 2 % 2 == 0 ;; k % 2 * 32 => holds ;; (k / 2 * 2 - k) * 32 => holds
  // prove: k % 4 mod 4 is 3 => depends (n - 5) % 4 == 3 || (n - 5) % 4 == -1 ;; k % 4 mod 8 is 7 => depends n == 4 || n == 0 ;; -7 / 2 is 29 => holds ;; -7 % 4 is 29 => holds ;; 7 % -4 is 3 => holds
  // prove: k >> 1 mod 8 is 7 => depends n == 3 || n == 4 || n >= 5 && (n - 5) / 2 % 8 == 7 ;; k / 2 mod 8 is 7 => depends n == 2 || n == 3 || n >= 5 && (n - 5) / 2 % 8 == 7
  // prove: n / 32 * 32 => holds ;; n / 3 * 32 => holds ;; (n / 2) * 16 => depends n / 2 % 2 == 0 ;; n - n % 32 => holds ;; u / 4 * 8 => depends u / 4 % 4 == 0 ;; n * n => depends n % 8 == 0
  use(n);
}

__global__ void bits(int n, unsigned u, uint64_t w) {
  // prove: n & ~31 => holds ;; n & ~15 => depends n % 32 < 16 ;; n & 32 => holds ;; (n & 31) - n => holds ;; n & 31 => depends n % 32 == 0 ;; n << 5 => holds ;; n << 4 => depends n % 2 == 0 ;; n >> 5 << 5 => holds ;; (n + 31) & -32 => holds ;; (n + 31) & ~31u => holds ;; n | 32 => depends n % 32 == 0 ;; n | 1 => violated ;; n ^ 32 => depends n % 32 == 0 ;; n ^ n => holds
  // prove: (n & 15 == 0) * 32 => holds ;; (w << 32 | u) => depends u % 32 == 0
  use(n);
  int x = n & 15 == 0;
  // prove: x => holds
  use(x);
  int y = n & 16 == 16;
  // prove: y => depends n % 2 == 0
  use(y);
}

__global__ void narrowing(int n) {
  uint8_t a = n;
  uint8_t b = 250;
  b += 10;
  uint8_t c = 255;
  c++;
  uint8_t d = 255;
  ++d;
  int8_t e = 200;
  uint16_t f = 65536 + 32;
  bool g = n;
  unsigned char h = 256 + 5;
  // prove: a mod 256 => depends n % 256 == 0 ;; a mod 512 => depends n % 256 == 0 ;; a => depends n % 32 == 0 ;; b mod 512 is 4 => holds ;; c mod 512 => holds ;; d mod 512 => holds ;; e mod 512 is 456 => holds xfail unknown: a constant in int8_t ;; f mod 65536 is 32 => holds ;; g * 32 => holds ;; g => depends n == 0 ;; h mod 512 is 5 => holds
  use(n);
  int back = (uint8_t)n;
  int kept = static_cast<uint8_t>(n) * 2;
  // prove: back / 256 => holds ;; kept mod 64 => depends n % 32 == 0
  use(n);
  unsigned minus = -1;
  // prove: minus is 31 => holds ;; minus / 2 mod 64 is 63 => holds ;; (unsigned)-1 >> 27 is 31 => holds ;; (unsigned)-1 >> 27 mod 64 is 31 => holds
  use(n);
}

__global__ void booleans(int n, bool b) {
  // prove: (n > 5) * 32 => holds ;; !n * 32 => holds ;; !!n => depends n == 0 ;; b * 32 => holds ;; b * 16 => depends b == 0 ;; (n > 5) + (n > 5) mod 2 => holds ;; (n % 2 == 0 ? 32 : 64) => holds ;; (n % 2 == 0 ? 32 : 16) => depends n % 2 == 0
  use(n);
  int x = (use(n), 64);
  int y;
  int z = (y = n, y * 32);
  // prove: x => holds ;; z => holds ;; y => depends n % 32 == 0
  use(n);
}

__global__ void extremes(int n, int m) {
  // prove: min(n, 32) => depends n >= 32 || n == 0 ;; max(n, 32) => depends n <= 32 || n % 32 == 0 ;; min(n * 32, 64) => holds ;; std::min(n, 32) * 32 => holds ;; max(min(n, 5), 7) is 7 => holds ;; min(n * 32, m * 32) => holds ;; std::max<int>(32, 64) => holds
  use(n);
  for (int i = 0; i < n; i += 32) {
    // prove: min(32, n - i) => not holds
    use(i);
  }
  if (n % 32 != 0) return;
  for (int i = 0; i < n; i += 32) {
    // prove: min(32, n - i) => holds ;; i => holds ;; n - i => holds
    use(i);
  }
}

__global__ void helpers(int n, int m) {
  // prove: align_up(n, 32) => holds ;; align_up(n, 16) => depends (n + 15) / 16 % 2 == 0 ;; align_down(n, 64) => holds ;; ceil_div(n, 32) * 32 => holds ;; ceil_div(n, 32) => depends (n + 31) / 32 % 32 == 0 ;; align_up(n, 32) + 16 => violated ;; align_up<int>(n, 48) mod 48 => holds
  use(n);
}

__global__ void side_effects(int n) {
  int i = 32;
  int a = i++;
  int b = ++i;
  int c = i--;
  // prove: a => holds ;; b is 2 => holds ;; c is 2 => holds ;; i is 1 => holds
  use(i);
  int x = 32;
  int y = (x += 5);
  // prove: x is 5 => holds ;; y is 5 => holds
  x -= 5; x *= 2; x /= 4; x <<= 3; x |= 1; x &= ~1; x ^= 0; x %= 1000; x >>= 1;
  // prove: x => holds
  use(x);
  int k = 32;
  if (k = n) use(k);
  // prove: k => depends n % 32 == 0
  use(k);
  int l = 32;
  if (n > 5 && (l = 7)) use(l);
  // prove: l => depends n <= 5
  use(l);
  int m = 32;
  if (n > 5 || ++m) use(m);
  // prove: m => depends n > 5
  use(m);
  int t = 32;
  int r = n > 5 ? t++ : --t;
  // prove: t is 1 => depends n > 5 ;; r => depends n > 5
  use(t);
}

// An argument of a signed type is not negative, by an assumption that each answer lists.
__global__ void signed_arguments(int n) {
  int x = n < 0 ? 5 : 32;
  // prove: x => holds
  use(x);
  int y = n % 2 == -1 ? 5 : 32;
  // prove: y => holds
  use(y);
  if (n < 0) {
    use(n);
  }
}
