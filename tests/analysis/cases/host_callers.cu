// What the callers of a launching function require.
#define HOST_ASSERT(cond) do { if (not (cond)) throw 1; } while (0)
struct Tensor { long size(int) const; long stride(int) const; };
__host__ __device__ void use(long) {}

__global__ void checked_by_caller(int n) {
  // prove: n => holds via by_caller
  use(n);
}
void launch_checked(int n) { checked_by_caller<<<1, 32>>>(n); }
void method_checked(const Tensor& x) {
  int rows = x.size(0);
  HOST_ASSERT(rows % 32 == 0);  // (by_caller)
  launch_checked(rows);
}

__global__ void given_a_product(int n) {
  // prove: n mod 64 => holds via by_product
  use(n);
}
void launch_product(int n) { given_a_product<<<1, 32>>>(n * 2); }
void method_product(int heads) {
  HOST_ASSERT(heads % 4 == 0);  // (by_product)
  launch_product(heads * 8);
}

__global__ void checked_two_levels_up(int n) {
  // prove: n => holds via by_second
  use(n);
}
void launch_two(int n) { checked_two_levels_up<<<1, 32>>>(n); }
void between_two(int n, int m) { launch_two(n); }
void method_two(int n) {
  if (n % 32 != 0) throw 1;  // (by_second)
  between_two(n, n + 1);
}

__global__ void checked_after_call(int n) {
  // prove: n => depends n % 32 == 0
  use(n);
}
void launch_after(int n) { checked_after_call<<<1, 32>>>(n); }
void method_after(int n) {
  launch_after(n);
  HOST_ASSERT(n % 32 == 0);
}

__global__ void checked_on_one_path(int n) {
  // prove: n => not holds
  use(n);
}
void launch_path(int n) { checked_on_one_path<<<1, 32>>>(n); }
void method_path(int n, bool c) {
  if (c) HOST_ASSERT(n % 32 == 0);
  launch_path(n);
}

__global__ void one_of_two_callers(int n) {
  // prove: n => not holds
  use(n);
}
void launch_either(int n) { one_of_two_callers<<<1, 32>>>(n); }
void method_checking(int n) { HOST_ASSERT(n % 32 == 0); launch_either(n); }
void method_trusting(int n) { launch_either(n); }

__global__ void both_callers(int n) {
  // prove: n mod 16 => holds via in_first, in_second ;; n => not holds
  use(n);
}
void launch_both(int n) { both_callers<<<1, 32>>>(n); }
void method_first(int n) {
  HOST_ASSERT(n % 32 == 0);  // (in_first)
  launch_both(n);
}
void method_second(int n) {
  HOST_ASSERT(n % 16 == 0);  // (in_second)
  launch_both(n);
}

__global__ void address_taken(int n) {
  // prove: n => not holds
  use(n);
}
void launch_taken(int n) { address_taken<<<1, 32>>>(n); }
void method_taken(int n) { HOST_ASSERT(n % 32 == 0); launch_taken(n); }
void (*table[])(int) = {launch_taken};

__global__ void exported(int n) {
  // prove: n => not holds
  use(n);
}
extern "C" void launch_exported(int n) { exported<<<1, 32>>>(n); }
void method_exported(int n) { HOST_ASSERT(n % 32 == 0); launch_exported(n); }

__global__ void called_by_a_macro(int n) {
  // prove: n => not holds
  use(n);
}
void launch_by_macro(int n) { called_by_a_macro<<<1, 32>>>(n); }
#define RUN_IT(n) launch_by_macro(n)
void method_by_macro(int n) { HOST_ASSERT(n % 32 == 0); launch_by_macro(n); }
void other_by_macro(int n) { RUN_IT(n); }

__global__ void pasted(int n) {
  // prove: n => not holds
  use(n);
}
void kernel_of_pasted(int n) { pasted<<<1, 32>>>(n); }
#define RUN_OF(what, n) kernel_of_##what(n)
void method_pasted(int n) { HOST_ASSERT(n % 32 == 0); kernel_of_pasted(n); }
void other_pasted(int n) { RUN_OF(pasted, n); }

__global__ void in_a_lambda_that_counts(int n) {
  // prove: n => not holds
  use(n);
}
void launch_in_lambda(int n) { in_a_lambda_that_counts<<<1, 32>>>(n); }
template <typename F> void often(F f) { f(); f(); }
void each_time(void (*)());
void method_in_lambda(int n) {
  HOST_ASSERT(n % 32 == 0);
  each_time([&] { launch_in_lambda(n); n += 1; });
}

__global__ void check_is_caught(int n) {
  // prove: n => not holds
  use(n);
}
void launch_caught(int n) { check_is_caught<<<1, 32>>>(n); }
void method_caught(int n) {
  try { HOST_ASSERT(n % 32 == 0); } catch (...) {}
  launch_caught(n);
}

__global__ void changed_between(int n) {
  // prove: n => not holds ;; n is 1 => holds
  use(n);
}
void launch_changed(int n) { changed_between<<<1, 32>>>(n); }
void method_changed(int n) {
  HOST_ASSERT(n % 32 == 0);
  n += 1;
  launch_changed(n);
}

namespace one { 
__global__ void same_name(int n) {
  // prove: n => holds
  use(n);
}
void launch_same(int n) { same_name<<<1, 32>>>(n); }
}
namespace two {
__global__ void same_name(int n) {
  // prove: n => not holds
  use(n);
}
void launch_same(int n) { same_name<<<1, 32>>>(n); }
}
void method_same(int n, int m) {
  HOST_ASSERT(n % 32 == 0);
  one::launch_same(n);
  two::launch_same(m);
}

template <typename T>
__global__ void typed(T* x, int n) {
  // prove: n * sizeof(T) => holds
  use(n);
}
template <typename T>
void launch_typed(T* x, int n) { typed<T><<<1, 32>>>(x, n); }
void method_typed(float* x, double* y, int n) {
  HOST_ASSERT(n % 8 == 0);
  launch_typed<float>(x, n);
  launch_typed<double>(y, n);
}

__global__ void mixed(int a, int b) {
  // prove: a => holds ;; b => depends b % 32 == 0 ;; a + b => depends b % 32 == 0
  use(a + b);
}
void launch_mixed(int a, int b) { mixed<<<1, 32>>>(a, b); }
void method_mixed(const Tensor& x) {
  int rows = x.size(0);
  HOST_ASSERT(rows % 32 == 0);
  launch_mixed(rows, x.size(1));
}

__global__ void own_check_and_callers(int n) {
  // prove: n mod 96 => holds via at_home, abroad
  use(n);
}
void launch_own(int n) {
  HOST_ASSERT(n % 3 == 0);  // (at_home)
  own_check_and_callers<<<1, 32>>>(n);
}
void method_own(int n) {
  HOST_ASSERT(n % 32 == 0);  // (abroad)
  launch_own(n);
}
