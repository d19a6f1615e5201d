// Which macro, constant, class or constructor a name means.
#define A B + 1
#define B A + 1
#define SELF SELF
#define OPEN(a) a
#define MINUS -1
#define SHIFT 1 << 4
#define COND 1 ? 32 : 5
#define CHECKED(c) if (!c) throw 1
#define LIST 32, 5
#define INV(p) p + 1
#define LOOPA(x) LOOPB(x)
#define LOOPB(x) LOOPA(x)
__host__ __device__ void use(int) {}
__global__ void k(int n, int* p, bool b) {
  // prove: A * 2 => unknown ;; SELF => not holds ;; A => unknown ;; B + A => unknown
  use(A * 2);
  // prove: OPEN(n + 1) * 32 => depends (n + 32) % 32 == 0 ;; 4 - MINUS => violated value 5 ;; SHIFT + 1 => holds ;; (SHIFT) * 2 => holds ;; COND + 4 => holds ;; 3 * SHIFT is 16 => holds
  use(1);
  // prove: OPEN(8) * OPEN(4) => holds ;; &INV(p)[3] => not holds ;; (LIST) is 5 => holds ;; LOOPA(n) => not holds
  use(1);
}
void h(int a, int b) {
  CHECKED(a % 32 == 0);
  // prove: a => not holds
  use(a);
}
template <class T> struct Tr { static constexpr int k = 32; };
template <class T> struct Tr<T*> { static constexpr int k = 5; };
template <int N> struct Sp { static constexpr int k = 32; int a; };
template <> struct Sp<4> { static constexpr int k = 5; int a[8]; };
template <int M> __global__ void sp(int n) {
  // prove: Tr<int>::k => not violated ;; Tr<int*>::k => not holds ;; Sp<M>::k => not holds ;; Sp<3>::k => holds ;; sizeof(Sp<M>) is 4 => not holds ;; sizeof(Sp<4>) is 0 => holds
  use(n);
}
namespace a { constexpr int kX = 32; namespace { constexpr int kAnon = 32; } enum E { kEn = 32 }; struct S { static constexpr int v = 32; int q[8]; }; }
namespace b { constexpr int kX = 5; enum class E { kEn = 5 }; struct S { static constexpr int v = 5; }; 
__global__ void inb(int n) {
  // prove: kX => violated value 5 ;; a::kX => holds ;; a::kAnon => holds ;; (int)E::kEn => violated value 5 ;; a::kEn => holds ;; a::E::kEn => holds ;; S::v => violated value 5 ;; a::S::v => holds
  use(n);
} }
using namespace a;
__global__ void usesa(int n) {
  // prove: kAnon => holds ;; kX => not violated
  use(n);
}
struct Ctor { int a = 32; int b = a; Ctor(int x) : a(x) {} Ctor() : Ctor(64) {} };
struct Order { int b; int a; Order(int x) : a(x), b(a) {} };
struct An { int t; union { int x; unsigned y; }; };
__global__ void ctors(int n) {
  Ctor c(5), d{};
  An an;
  an.x = 32; an.y = 5;
  // prove: c.b => violated value 5 ;; d.b => holds ;; d.a mod 64 => holds ;; an.x => not holds
  use(n);
  an.t = 64;
  // prove: an.t => holds
  use(n);
}
constexpr int kN = 32;
__device__ int local_const() { constexpr int kN = 5; return kN; }
constexpr int kM = kN * 2;
__global__ void shadow() { int kN = 5;
  // prove: kM => holds ;; local_const() => violated value 5
  use(kN);
}
template <class T> struct Inner { static constexpr int w = sizeof(T); static constexpr int twice() { return w * 2; } int m() const { return w * 8; } };
template <class T> __global__ void outer(Inner<T> x, Inner<int> y, int n) {
  // prove: y.m() => holds ;; x.m() => depends sizeof(T) % 4 == 0 ;; Inner<T>::w => depends sizeof(T) % 32 == 0
  use(n);
}
