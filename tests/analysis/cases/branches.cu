// Branches and what is known behind them.
__host__ __device__ void use(long) {}
__device__ int flag();

__global__ void joins(int n, int c) {
  int x = 5;
  if (c > 3) x = 32; else x = 64;
  // prove: x => holds
  use(x);
  if (c > 3) x = 32;
  if (c <= 3) x = 5;
  // prove: x => depends c > 3
  use(x);
  int y = 32;
  if (flag()) y = 5;
  // prove: y => not holds
  use(y);
  int z = flag() ? 32 : 64;
  // prove: z => holds
  use(z);
  int w;
  if (n % 32 == 0) w = n; else w = 32;
  // prove: w => holds
  use(w);
}

__global__ void early(int n) {
  if (n % 32 != 0) return;  // (guard)
  // prove: n => holds via guard
  use(n);
}

__global__ void early_in_one_branch(int n, int c) {
  if (c > 3) {
    if (n % 32) return;
    // prove: n => holds
    use(n);
  }
  // prove: n => depends n % 32 == 0 || c <= 3 && n % 32 == 0 where c <= 3 ;; n => not holds
  use(n);
}

template <bool kFlag, int kN>
__global__ void pruned(int n) {
  int x = 32;
  if constexpr (kN > 4 && kFlag) x = 5;
  // prove: x => depends kN <= 4 || kFlag == 0
  use(x);
  if constexpr (sizeof(int) == 8) x = 7; else x = 64;
  // prove: x => holds
  use(x);
  if constexpr (false) {
    x = 5;
  }
  // prove: x => holds
  use(x);
}

__global__ void switched(int c, int n) {
  int x = 32;
  switch (c) {
    case 0: x = 64; break;
    case 1: x = 96;  // falls through
    case 2: x += 5; break;
    case 3: { x = n * 32; break; }
    default: x = 128;
  }
  // prove: x => depends c != 1 && c != 2
  use(x);
  int y = 32;
  switch (c) {
    case 0: y = 64; break;
    default: y = 7;
    case 1: y += 32;
  }
  // prove: y => depends c == 0 || c == 1
  use(y);
  int z = 32;
  switch (c) {
    case 4: z = 5;
  }
  // prove: z => depends c != 4
  use(z);
  int w = 32;
  switch (c) {
    case 1: case 2: w = 64; break;
    case 3: return;
  }
  // prove: w => holds
  use(w);
  switch (c) {
    case 1: {
      // prove: c * 32 => holds ;; c is 1 => holds
      use(c);
      break;
    }
    case 2:
    case 4:
      // prove: c mod 2 => holds
      use(c);
  }
  for (int i = 0; i < n; ++i) {
    int v = 32;
    switch (c) { case 1: continue; case 2: v = 5; break; }
    // prove: v => depends c != 2 where c != 1 && c != 3
    use(v);
  }
}

__global__ void shadowing(int n) {
  int x = 32;
  {
    int x = 5;
    // prove: x => violated value 5
    use(x);
    x = 7;
  }
  // prove: x => holds
  use(x);
  for (int x = 5; x < n; x += 32) {
    // prove: x => violated
    use(x);
  }
  // prove: x => holds
  use(x);
  if (int x = flag(); x > 3) {
    // prove: x => not holds
    use(x);
  }
  if (int x = flag()) {
    // prove: x => not holds
    use(x);
  }
  // prove: x => holds
  use(x);
  auto f = [&](int x) { x = 5; return x; };
  int y = f(7);
  // prove: x => holds ;; y => violated value 5
  use(x);
}

__global__ void correlated(int c, int n) {
  int size = c ? 16 : 32;
  int count = c ? 2 : 1;
  // prove: size * count => holds
  use(size);
  char* p = nullptr;
  int k = 0;
  if (n > 5) { k = 1; } else { k = 2; }
  int t = k == 1 ? 32 : 5;
  // prove: t => depends n > 5
  use(t);
}

__global__ void dead(int n) {
  if (n % 32 == 0) {
    if (n % 16 != 0) {
      use(n);
    }
    // prove: n => holds
    use(n);
  } else {
    // prove: n => violated
    use(n);
  }
}

__global__ void pointer_joined(char* a, char* b, int c) {
  char* p = c ? a : b;
  p += 32;
  // prove: p => holds xfail unknown: an offset from one of two bases
  use(c);
}

__device__ void fail() { asm volatile("trap;"); }

__global__ void or_fail(int n) {
  n % 32 == 0 || (fail(), 0);
  // prove: n => holds
  use(n);
}

void caught(int n) {
  try {
    if (n % 32 != 0) throw 1;
  } catch (...) {
  }
  // prove: n => not holds
  use(n);
}

void set_in_catch(int n) {
  int x = 32;
  try {
    if (n > 5) throw 1;
    x = 64;
  } catch (...) {
    x = 5;
  }
  // prove: x => not holds
  use(x);
}
