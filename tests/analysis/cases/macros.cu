// Macros: what a text means where it is put.
#define BYTES 16 + 16
#define BYTES_SAFE (16 + 16)
#define ADD(a, b) a + b
#define TWICE(x) x * 2
#define ALIGN_UP(x, a) (((x) + (a)-1) / (a) * (a))
#define SET(x, v) do { x = v; } while (0)
#define NEGATIVE -32 + 1
#define DEVICE_ASSERT(cond) do { if (not (cond)) { asm("trap;"); } } while (0)
#define HOST_ASSERT(cond) do { if (not (cond)) { throw 1; } } while (0)
#define THROW_IF(cond) do { if (cond) { throw 1; } } while (0)
#define THROW_UNLESS(cond) do { if (!(cond)) { throw 1; } } while (0)
#define ERROR_WHEN(cond, what) if (cond) throw what
#define CHECK_FALSE(cond) do { if (cond) { throw 1; } } while (0)
#define NO_ASSERT(cond) ((void)0)
#define LOG_CHECK(cond) do { if (!(cond)) { printf("bad\n"); } } while (0)
#define CHECK_EQ(a, b) do { if ((a) != (b)) throw 1; } while (0)
#define CHECK_NE(a, b) do { if ((a) == (b)) throw 1; } while (0)
#define DIVISIBLE(x, by) HOST_ASSERT((x) % (by) == 0)
#define VALUE_CHECK(x) ((x) > 0 ? (x) : throw 1)
#define CHANGING 32
__host__ __device__ void use(int) {}

__global__ void object_like(int n) {
  // prove: BYTES * 2 mod 64 => violated value 48 ;; BYTES_SAFE * 2 mod 64 => holds ;; 2 * BYTES mod 64 => violated value 48
  use(BYTES * 2);
  int x = BYTES * 2;
  // prove: x mod 64 => violated value 48
  use(x);
  int y = n * BYTES;
  // prove: y mod 16 => holds ;; y => depends n % 2 == 1
  use(y);
  int z = 1 - NEGATIVE;
  // prove: z => violated value 34
  use(z);
}

__global__ void function_like(int n) {
  int x = ADD(16, 16) * 2;
  // prove: x mod 64 => violated value 48
  use(x);
  int y = TWICE(n + 16);
  // prove: y => depends n % 32 == 0
  use(y);
  int z = ALIGN_UP(n, 32);
  // prove: z => holds
  use(z);
  int w = ALIGN_UP(n, 16);
  // prove: w => depends (n + 15) / 16 % 2 == 0
  use(w);
}

__global__ void statement_like(int n) {
  int x = n;
  SET(x, 64);
  // prove: x => holds
  SET(x, 5);
  // prove: x => violated value 5
  use(x);
}

#undef CHANGING
#define CHANGING 5

__global__ void redefined() {
  // prove: CHANGING => violated value 5
  use(CHANGING);
}

__global__ void device_assert(int n) {
  use(n);                      // prove: n => depends n % 32 == 0 not via device
  DEVICE_ASSERT(n % 32 == 0);  // (device)
  // prove: n => holds via device
  use(n);
}

void host_checks(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j) {
  HOST_ASSERT(a % 32 == 0);
  THROW_IF(b % 32 == 0);
  THROW_UNLESS(c % 32 == 0);
  ERROR_WHEN(d % 32, 1);
  CHECK_FALSE(e % 32 != 0);
  NO_ASSERT(f % 32 == 0);
  LOG_CHECK(g % 32 == 0);
  CHECK_EQ(h % 32, 0);
  CHECK_NE(i % 32, 0);
  DIVISIBLE(j, 32);
  // prove: a => holds ;; b => violated ;; c => holds ;; d => holds ;; e => holds ;; f => depends f % 32 == 0 ;; g => depends g % 32 == 0 ;; h => holds ;; i => violated ;; j => holds
  use(a);
}

void throw_if_holds(int n) {
  THROW_IF(n % 32);
  // prove: n => holds
  use(n);
}

#ifdef NOT_DEFINED
#define SIZE 32
#else
#define SIZE 5
#endif

__global__ void conditional_definition() {
  // prove: SIZE => violated value 5
  use(SIZE);
}
