// A launching function that calls itself: its callers do not say what its arguments are.
#define HOST_ASSERT(cond) do { if (not (cond)) throw 1; } while (0)
__host__ __device__ void use(long) {}

__global__ void recursive(int n) {
  // prove: n => not holds
  use(n);
}
void launch_recursive(int n) {
  recursive<<<1, 32>>>(n);
  if (n > 4) launch_recursive(n / 2);
}
void method_recursive(int n) { HOST_ASSERT(n % 32 == 0); launch_recursive(n); }
