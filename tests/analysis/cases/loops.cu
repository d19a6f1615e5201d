// Loops: what their variables are inside and behind.
__host__ __device__ void use(long) {}
__device__ int flag();

__global__ void counting(int n, int m) {
  for (int i = 0; i < n; i += 32) use(i);  // prove: i => holds
  for (int i = 16; i < n; i += 32) use(i);  // prove: i => violated ;; i is 16 => holds
  for (int i = m; i < n; i += 32) use(i);  // prove: i => depends m % 32 == 0
  for (int i = 0; i < n; ++i) use(i * 16);  // prove: i * 32 => holds ;; i * 16 => violated witness i % 2 == 1
  for (int i = n; i > 0; i -= 32) use(i);  // prove: i => depends n % 32 == 0 where n > 0
  for (int i = 128; i >= 0; i -= 32) use(i);  // prove: i => holds
  for (int i = 0; i < n; i += m) use(i);  // prove: i => not holds ;; i * 32 => holds
  for (int i = 1; i < n; i *= 2) use(i);  // prove: i => not holds ;; i * 32 => holds
  for (int i = 0, j = 0; i < n; ++i, j += 32) use(j);  // prove: j => holds ;; i * 32 - j => holds
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < m; ++j) use(i * 64 + j * 32);  // prove: i * 64 + j * 32 => holds ;; i * m + j mod 1 => holds
}

__global__ void accumulating(int n, int m) {
  int a = 0, b = 0, c = 0, d = 0, e = 32, f = 0, g = 0;
  for (int i = 0; i < n; ++i) {
    // prove: a => holds ;; b => not holds ;; c => holds ;; d => not holds ;; e => not holds ;; g => not holds
    use(a);
    a += 32;
    b += 16;
    if (flag()) c += 32;
    if (flag()) d += 16; else d += 32;
    e = 32 + i;
    if (i % 2) f += 64;
    g += i;
  }
  // prove: a => holds ;; b => not holds ;; b mod 16 => holds ;; c => holds ;; d mod 16 => holds ;; d => not holds ;; e => not holds ;; g => not holds
  use(a);
}

__global__ void changed_in_body(int n) {
  for (int i = 0; i < n; i += 32) {
    // prove: i => not holds
    use(i);
    if (flag()) i += 5;
  }
  for (int i = 0; i < n; i += 32) {
    // prove: i => holds
    use(i);
    i += 32;
    // prove: i => holds
    use(i);
    i += 5;
    // prove: i => not holds
    use(i);
    i -= 5;
  }
}

__global__ void leaving(int n) {
  int x = 32;
  for (int i = 0; i < n; ++i) {
    if (flag()) { x = 5; break; }
    x = 64;
  }
  // prove: x => not holds
  use(x);
  int y = 32;
  for (int i = 0; i < n; ++i) {
    if (flag()) { y += 5; continue; }
    y += 32;
  }
  // prove: y => not holds
  use(y);
  int z = 32;
  for (int i = 0; i < n; ++i) {
    if (flag()) continue;
    z += 32;
  }
  // prove: z => holds
  use(z);
  int w = 0;
  for (;;) {
    w += 32;
    if (w >= n) break;
    w += 32;
  }
  // prove: w => holds
  use(w);
  int k = 0;
  while (true) {
    if (k == 160) break;
    k += 16;
  }
  // prove: k => holds
  use(k);
}

__global__ void whiles(int n) {
  int i = 0;
  while (i < n) {
    // prove: i => holds
    use(i);
    i += 32;
  }
  // prove: i => holds
  use(i);
  int j = n;
  while (j-- > 0) {
    // prove: j => not holds
    use(j);
  }
  // prove: j is 31 => holds
  use(j);
  int k = 0;
  do {
    // prove: k => holds
    use(k);
    k += 32;
  } while (k < n);
  // prove: k => holds ;; k / 32 mod 1 => holds
  use(k);
  int once = 32;
  do { once = 5; } while (0);
  // prove: once => violated value 5
  use(once);
  int at_least_once = 5;
  do { at_least_once = 32; } while (flag());
  // prove: at_least_once => holds
  use(at_least_once);
  int never = 32;
  while (flag()) { never = 5; }
  // prove: never => not holds
  use(never);
}

__global__ void pointers(char* base, int4* vec, int n, int stride) {
  char* p = base;
  int4* v = vec;
  for (int i = 0; i < n; ++i) {
    // prove: p => holds ;; v => violated witness i % 2 == 1 ;; base + i * stride => depends stride % 32 == 0
    use(i);
    p += 64;
    ++v;
  }
  // prove: p => holds ;; v mod 16 => holds
  use(n);
  char* q = base;
  for (int i = 0; i < n; ++i) q += i % 2 ? 32 : 64;
  // prove: q => holds
  use(n);
  char* r = base;
  for (int i = 0; i < n; ++i) {
    r = base + 5;
    if (flag()) r = base;
  }
  // prove: r => not holds
  use(n);
}

__global__ void alternating(int n) {
  int phase = 0, stage = 0, a = 32, b = 64;
  for (int i = 0; i < n; ++i) {
    // prove: stage * 4624 => not holds ;; phase * 32 => holds ;; a => not holds
    use(phase);
    phase ^= 1;
    stage = (stage + 1) % 4;
    int t = a; a = b + 1; b = t;
  }
  // prove: a => not holds ;; stage * 4640 => holds
  use(a);
}

__global__ void nested(int n, int m) {
  int x = 0;
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < m; ++j) x += 32;
    // prove: x => holds
    use(x);
  }
  // prove: x => holds
  use(x);
  int y = 0;
  for (int i = 0; i < n; ++i) {
    int k = 0;
    for (int j = 0; j < m; ++j) { k += 16; y += k; }
    // prove: k => not holds ;; k mod 16 => holds ;; y mod 16 => holds xfail weak: unknown (y (`y` changes in the loop in a way that is not followed) is not known modulo 16) instead of holds
    use(k);
  }
  // prove: y => not holds ;; y mod 16 => holds xfail weak: unknown (y (`y` changes in the loop in a way that is not followed) is not known modulo 16) instead of holds
  use(y);
  int z = 0;
  for (int i = 0; i < n; ++i) {
    z = 5;
    for (int j = 0; j < m; ++j) z = 32;
  }
  // prove: z => not holds
  use(z);
  int w = 32;
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < m; ++j) {
      if (flag()) w += 1;
    }
  }
  // prove: w => not holds
  use(w);
}

__device__ int search(int n) {
  for (int i = 0; i < n; ++i)
    if (flag()) return i * 32;
  return 64;
}
__device__ int bad_search(int n) {
  for (int i = 0; i < n; ++i)
    if (flag()) return i * 16;
  return 64;
}

__global__ void returning(int n) {
  int x = search(n), y = bad_search(n);
  // prove: x => holds ;; y => not holds
  use(x);
}

__global__ void backward(int n) {
  int x = 0, y = 32;
again:
  // prove: x => not holds ;; y => holds xfail unknown: variables that a backward goto leaves alone
  use(x);
  x += 16;
  if (x < n) goto again;
  // prove: x => not holds
  use(x);
}

__global__ void forward(int n) {
  int x = 32;
  if (n > 5) goto done;
  x = 5;
done:
  // prove: x => depends n > 5
  use(x);
}

__global__ void phases(int phase, int n) {
  int size = 0;
  if (!(phase & 1)) goto receive;
  size = n * 64;
  // prove: size => holds
  use(size);
receive:
  if (!(phase & 2)) return;
  size += 32;
  // prove: size => holds
  use(size);
}

__global__ void may_not_run(int n, int m) {
  int x = 5;
  for (int i = 0; i < n; ++i) x = 32;
  // prove: x => not holds
  use(x);
  int y = 5;
  for (int i = 0; i < 4; ++i) y = 32;
  // prove: y => holds
  use(y);
  int z = 32;
  for (int i = 0; i < 0; ++i) z = 5;
  // prove: z => holds
  use(z);
}
