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
  // prove: kBytes => holds xfail weak: refused: 'N' is not visible ;; kDouble => holds xfail weak: unknown (kBytes (kBytes is not defined in the scanned tree) is not known modulo 32) instead of holds ;; kOffset => violated value 68 xfail weak: unknown (kBytes (kBytes is not defined in the scanned tree) is not known modulo 32) instead of violated ;; square(8) => holds ;; square(5) => violated value 25
  // prove: kTable[1] => holds xfail unknown: elements of a global constant array ;; kTable[2] => not holds ;; kTable[n] => not holds
  // prove: kOne is 1 => holds ;; kSix is 6 => holds ;; kShift => holds ;; kMinus is 31 => holds ;; kNought => holds ;; kAgain is 10 => holds xfail unknown: enumerators computed from others ;; kNext is 11 => holds xfail unknown: an enumerator behind a computed one
  // prove: (int)A::kN => holds ;; (int)B::kN => violated value 7 ;; InA::kM => holds ;; InB::kM => violated value 7 xfail WRONG: holds instead of violated ;; InA::kSize => holds ;; InB::kSize => violated value 7 ;; first::kSpaced => holds xfail weak: unknown (first::kSpaced (first::kSpaced is not defined in the scanned tree) is not known modulo 32) instead of ;; second::kSpaced => violated value 7 xfail weak: unknown (second::kSpaced (second::kSpaced is not defined in the scanned tree) is not known modulo 32) instead 
  // prove: Traits<int>::kWidth => holds xfail weak: unknown (Traits<int>::kWidth (Traits<int>::kWidth is not defined in the scanned tree) is not known modulo 32)  ;; Traits<float>::kWidth => violated value 7 xfail weak: unknown (Traits<float>::kWidth (Traits<float>::kWidth is not defined in the scanned tree) is not known modulo  ;; Sized<2>::kBytes => holds xfail weak: unknown (N (N is not defined in the scanned tree) is not known modulo 32) instead of holds ;; Sized<3>::kBytes => violated value 48 xfail weak: unknown (N (N is not defined in the scanned tree) is not known modulo 32) instead of violated ;; Sized<16>::kTwice => holds xfail weak: unknown (Sized<16>::kTwice (Sized<16>::kTwice is not defined in the scanned tree) is not known modulo 32) inst ;; Sized<3>::kTwice => violated value 6 xfail weak: unknown (Sized<3>::kTwice (Sized<3>::kTwice is not defined in the scanned tree) is not known modulo 32) instea ;; Defaulted<1>::kValue => holds xfail weak: unknown (M (M is not defined in the scanned tree) is not known modulo 32) instead of holds ;; Defaulted<1, 3>::kValue => violated value 48 xfail weak: unknown (M (M is not defined in the scanned tree) is not known modulo 32) instead of violated
  // prove: scaled<2>() => holds ;; scaled<4>() => violated value 7 xfail WRONG: holds instead of violated ;; stepped<1>(2) => holds ;; stepped<1, 3>(2) => violated value 6 ;; kVariable<2> => holds xfail weak: unknown (kVariable<2> (kVariable<2> is not defined in the scanned tree) is not known modulo 32) instead of hol ;; kVariable<3> => violated value 48 xfail weak: unknown (kVariable<3> (kVariable<3> is not defined in the scanned tree) is not known modulo 32) instead of vio
  use(n);
}

__global__ void may_be_changed() {
  // prove: mutable_global => not holds xfail weak: refused: 'mutable_global' is not visible ;; mutable_device => not holds xfail weak: refused: 'mutable_device' is not visible ;; in_constant_memory => not holds xfail WRONG: holds ;; mutable_static => not holds xfail weak: refused: 'mutable_static' is not visible
  use(1);
  static int calls = 32;
  // prove: calls => not holds
  use(calls);
  calls += 1;
}

__global__ void hidden(Hides h, DerivedHides d) {
  // prove: kHidden => holds xfail weak: refused: 'kHidden' is not visible ;; h.get() => violated value 7 ;; d.get() => violated value 7 xfail weak: refused: 'kHidden' is not visible ;; Hides::kHidden => violated value 7
  use(1);
  int kBytes = 7;
  // prove: kBytes => violated value 7 ;; ::kBytes => holds xfail weak: unknown (::kBytes (::kBytes is not defined in the scanned tree) is not known modulo 32) instead of holds
  use(kBytes);
}

__global__ void members() {
  Defaults d;
  // prove: d.a => holds ;; d.b => violated value 37 ;; d.c => holds xfail weak: unknown (int (`{64}` is not followed) is not known modulo 32) instead of holds ;; d.d => unknown
  use(d.a);
  Defaults e{5};
  // prove: e.a => violated value 5 ;; e.b => violated value 10 xfail WRONG: the value is 37 instead of 10
  use(e.a);
  Defaults f = {.a = 64, .c = 5};
  // prove: f.a => holds xfail weak: unknown (int (`.a = 64` is not followed) is not known modulo 32) instead of holds ;; f.c => violated value 5 xfail weak: unknown (int (`{64}` is not followed) is not known modulo 32) instead of violated
  use(f.a);
}

template <int kN, bool kFlag, class T = float>
__global__ void templated(int n) {
  constexpr int kBytes = kN * 16;
  constexpr int kPer = kFlag ? 32 : 16;
  // prove: kBytes => depends kN % 2 == 0 ;; kPer => depends kFlag == 1 ;; kFlag * 32 => holds ;; sizeof(T) > 16 ? 5 : 32 => not holds xfail WRONG: holds
  use(n);
  if constexpr (kFlag) {
    // prove: kPer => holds
    use(n);
  } else {
    // prove: kPer => violated value 16
    use(n);
  }
}
