// Names that stand for numbers: constants, enumerators, template arguments, members.
__host__ __device__ void use(int) {}
constexpr int kBytes = 32;
const int kDouble = kBytes * 2;
static constexpr int kOffset = kDouble + 4;
int mutable_global = 32;
__device__ int mutable_device = 32;
__constant__ int in_constant_memory = 32;
static int mutable_static = 32;
constexpr int kTable[] = {32, 64, 5};

enum Steps { kZero, kOne, kFive = 5, kSix, kShift = 1 << 5, kMinus = -1, kNought, kAgain = kFive * 2, kNext };
enum class A { kN = 32 };
enum class B { kN = 7 };
struct InA { enum { kM = 32 }; static constexpr int kSize = 32; };
struct InB { enum { kM = 7 }; static constexpr int kSize = 7; };
namespace first { constexpr int kSpaced = 32; }
namespace second { constexpr int kSpaced = 7; }

constexpr int kHidden = 32;
struct Hides { static constexpr int kHidden = 7; __device__ int get() { return kHidden; } };
struct BaseHides { static constexpr int kHidden = 7; };
struct DerivedHides : BaseHides { __device__ int get() { return kHidden; } };
struct Defaults { int a = 32; int b = a + 5; int c{64}; int d; };
template <class T> struct Traits { static constexpr int kWidth = 32; };
template <> struct Traits<float> { static constexpr int kWidth = 7; };
template <int N> struct Sized { static constexpr int kBytes = N * 16; enum { kTwice = N * 2 }; };
template <int N, int M = N * 2> struct Defaulted { static constexpr int kValue = M * 16; };

constexpr int square(int x) { return x * x; }
template <int N> __device__ int scaled() { return N * 16; }
template <> __device__ int scaled<4>() { return 7; }
template <int N, int kStep = 16> __device__ int stepped(int x) { return x * kStep * N; }
template <int N> constexpr int kVariable = N * 16;

__global__ void plain(int n) {
  // prove: kBytes => holds ;; kDouble => holds ;; kOffset => violated value 68 ;; square(8) => holds ;; square(5) => violated value 25
  // prove: kTable[1] => holds xfail unknown: elements of a global constant array ;; kTable[2] => not holds ;; kTable[n] => not holds
  // prove: kOne is 1 => holds ;; kSix is 6 => holds ;; kShift => holds ;; kMinus is 31 => holds ;; kNought => holds ;; kAgain is 10 => holds ;; kNext is 11 => holds
  // prove: (int)A::kN => holds ;; (int)B::kN => violated value 7 ;; InA::kM => holds ;; InB::kM => violated value 7 ;; InA::kSize => holds ;; InB::kSize => violated value 7 ;; first::kSpaced => holds ;; second::kSpaced => violated value 7
  // prove: Traits<int>::kWidth => holds ;; Traits<float>::kWidth => violated value 7 ;; Sized<2>::kBytes => holds ;; Sized<3>::kBytes => violated value 48 ;; Sized<16>::kTwice => holds ;; Sized<3>::kTwice => violated value 6 ;; Defaulted<1>::kValue => holds ;; Defaulted<1, 3>::kValue => violated value 48
  // prove: scaled<2>() => holds ;; scaled<4>() => violated value 7 ;; stepped<1>(2) => holds ;; stepped<1, 3>(2) => violated value 6 ;; kVariable<2> => holds ;; kVariable<3> => violated value 48
  use(n);
}

__global__ void may_be_changed() {
  // prove: mutable_global => not holds xfail weak: refused: 'mutable_global' is not visible ;; mutable_device => not holds xfail weak: refused: 'mutable_device' is not visible ;; in_constant_memory => not holds ;; mutable_static => not holds xfail weak: refused: 'mutable_static' is not visible
  use(1);
  static int calls = 32;
  // prove: calls => not holds
  use(calls);
  calls += 1;
}

__global__ void hidden(Hides h, DerivedHides d) {
  // prove: kHidden => holds ;; h.get() => violated value 7 ;; d.get() => violated value 7 ;; Hides::kHidden => violated value 7
  use(1);
  int kBytes = 7;
  // prove: kBytes => violated value 7 ;; ::kBytes => holds
  use(kBytes);
}

__global__ void members() {
  Defaults d;
  // prove: d.a => holds ;; d.b => violated value 37 ;; d.c => holds ;; d.d => unknown
  use(d.a);
  Defaults e{5};
  // prove: e.a => violated value 5 ;; e.b => violated value 10
  use(e.a);
  Defaults f = {.a = 64, .c = 5};
  // prove: f.a => holds ;; f.c => violated value 5
  use(f.a);
}

template <int kN, bool kFlag, class T = float>
__global__ void templated(int n) {
  constexpr int kBytes = kN * 16;
  constexpr int kPer = kFlag ? 32 : 16;
  // prove: kBytes => depends kN % 2 == 0 ;; kPer => depends kFlag == 1 ;; kFlag * 32 => holds ;; sizeof(T) > 16 ? 5 : 32 => not holds
  use(n);
  if constexpr (kFlag) {
    // prove: kPer => holds
    use(n);
  } else {
    // prove: kPer => violated value 16
    use(n);
  }
}
