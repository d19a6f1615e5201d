"""Casts to vector pointers, and loads and stores of vectors."""

from __future__ import annotations

import pytest
from marks import cases

CASTS = {
    "reinterpret_cast": """
__global__ void k(const float* x, float* y) {
    auto v = reinterpret_cast<const int4*>(x);  // expect: vec_cast 16 target="const int4*" operand=x
    auto w = reinterpret_cast<float2*>(y + 2);  // expect: vec_cast 8 operand="y + 2"
    auto d = reinterpret_cast<double2* __restrict__>(y);  // expect: vec_cast 16
}""",
    "static_cast from void": """
__global__ void k(void* x) { auto v = static_cast<uint4*>(x); }  // expect: vec_cast 16
""",
    "C-style": """
__global__ void k(half* x) {
    uint4 v = *(uint4*)x;  // expect: vec_cast 16
    int2 w = ((const int2*)(x + 8))[0];  // expect: vec_cast 8
}""",
    "reference": """
__device__ void f(float* x) { reinterpret_cast<float4&>(x[0]).x = 1; }  // expect: vec_cast 16
""",
    "several on one line": """
__device__ void f(char* a, char* b) {
    *reinterpret_cast<int4*>(a) = *reinterpret_cast<int4*>(b);  // expect: vec_cast 16; vec_cast 16
}""",
    "local alias": """
__global__ void k(float* x) {
    using vec_t = float4;
    auto v = reinterpret_cast<vec_t*>(x);  // expect: vec_cast 16
}""",
    "typedef at file scope": """
typedef uint4 Pack;
__global__ void k(float* x) { auto v = reinterpret_cast<Pack*>(x); }  // expect: vec_cast 16
""",
    "member typedef of a specialised trait": """
template <int N> struct Bytes;
template <> struct Bytes<4> { using type = int; };
template <> struct Bytes<16> { using type = int4; };
__global__ void k(char* x) {
    auto v = reinterpret_cast<Bytes<16>::type*>(x);  // expect: vec_cast 16
    auto w = reinterpret_cast<Bytes<4>::type*>(x);  // expect: nothing
    auto u = reinterpret_cast<typename Bytes<16>::type*>(x);  // expect: vec_cast 16
}""",
    "conditional_t between two vectors has no one width": """
template <bool kFp8> __global__ void k(char* x) {
    using vec_t = std::conditional_t<kFp8, int2, int4>;
    auto v = reinterpret_cast<vec_t*>(x);  // expect: vec_cast ?
    using mixed_t = std::conditional_t<kFp8, int, int4>;
    auto w = reinterpret_cast<mixed_t*>(x);  // expect: nothing
}""",
    "through a helper": """
template <typename T> __device__ T* advance_ptr(void* p, long n) {
    return reinterpret_cast<T*>(static_cast<char*>(p) + n);
}
__global__ void k(void* p) {
    auto v = advance_ptr<int4>(p, 32);  // expect: vec_cast 16 through=advance_ptr operand=p
    auto w = advance_ptr<float>(p, 32);  // expect: nothing
}""",
    "a helper that does not cast is none": """
template <typename T> __device__ T* keep(T* p) { return p; }
__global__ void k(int4* p) { auto v = keep<int4>(p); }  // expect: nothing
""",
    "aligned struct": """
struct alignas(16) Eight { half values[8]; };
struct __align__(8) Pair { float a, b; };
struct Header { int count; float scale; };
__global__ void k(half* x) {
    auto v = reinterpret_cast<Eight*>(x);  // expect: vec_cast 16
    auto w = reinterpret_cast<const Pair*>(x);  // expect: vec_cast 8
    auto h = reinterpret_cast<Header*>(x);  // expect: nothing
}""",
    "template struct with its width in the arguments": """
template <typename T, int N> struct alignas(sizeof(T) * N) Vec { T at[N]; };
__global__ void k(float* x) { auto v = reinterpret_cast<Vec<float, 4>*>(x); }  // expect: vec_cast 16
""",
    "scalars and qualifiers stay silent": """
__global__ void k(char* x, const int4* c, uint64_t n) {
    auto f = reinterpret_cast<float*>(x);  // expect: nothing
    auto u = reinterpret_cast<uint64_t*>(x);
    auto d = (double*)x;
    auto p = reinterpret_cast<char2*>(x);
    auto h = reinterpret_cast<half2*>(x);
    auto w = const_cast<int4*>(c);
    auto s = static_cast<int4>(c[0]);
    auto i = reinterpret_cast<uintptr_t>(c);
    auto t = static_cast<size_t>(n);
}""",
    "the same type again is no view": """
__global__ void k(int4* x) { auto v = reinterpret_cast<const int4*>(x); }  // expect: nothing
""",
    "registers viewed as a vector are no memory": """
__device__ void f() {
    half h[8];
    auto v = reinterpret_cast<int4*>(&h[0]);  // expect: nothing
}""",
    "a template's own parameter is decided where it is used": """
template <typename vec_t> __global__ void k(char* x) {
    auto v = reinterpret_cast<vec_t*>(x);  // expect: nothing
}""",
    "comments and strings": """
// auto v = reinterpret_cast<int4*>(x);
__global__ void k(char* x) {
    const char* s = "reinterpret_cast<int4*>(x)";  // expect: nothing
    /* (int4*)x */
}""",
}


@pytest.mark.parametrize("code", cases(CASTS))
def test_casts(check, code: str) -> None:
    check(code, "vec_cast")


ACCESSES = {
    "subscript of a typed pointer": """
__global__ void k(const int4* x, int4* y, int i) {
    int4 v = x[i];  // expect: vec_access 16 direction=load address=x[i]
    y[i] = v;  // expect: vec_access 16 direction=store address=y[i]
    y[i] = x[i];  // expect: vec_access 16 direction=load; vec_access 16 direction=store
}""",
    "dereference": """
__global__ void k(const float2* x, float2* y) {
    float2 v = *x;  // expect: vec_access 8 direction=load
    *(y + 1) = v;  // expect: vec_access 8 direction=store
}""",
    "dereference of a cast": """
__global__ void k(half* x) {
    uint4 v = *reinterpret_cast<uint4*>(x);  // expect: vec_access 16 direction=load
}""",
    "type behind auto": """
__global__ void k(void* x, int i) {
    const auto v = static_cast<int4*>(x) + i;
    int4 w = v[3];  // expect: vec_access 16 direction=load address=v[3]
}""",
    "members of an element": """
__global__ void k(float4* x, int i) {
    float a = x[i].x;  // expect: vec_access 16 direction=load
    x[i].y = a;  // expect: vec_access 16 direction=store
}""",
    "cache-hinted intrinsics": """
__global__ void k(const int4* x, int4* y, const float* f) {
    int4 v = __ldg(x + 1);  // expect: vec_access 16 through=__ldg
    __stcs(y, v);  // expect: vec_access 16 direction=store through=__stcs
    float g = __ldg(f);  // expect: nothing
}""",
    "wrapper around PTX": """
__device__ int4 load_nc(const int4* p) {
    int4 v;
    asm volatile("ld.global.nc.v4.s32 {%0, %1, %2, %3}, [%4];"  // expect: vec_access 16 definition
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "l"(p));
    return v;
}
__global__ void k(const int4* x) { int4 v = load_nc(x); }  // expect: vec_access 16 through=load_nc
""",
    "struct of the tree's own": """
struct alignas(16) Eight { half at[8]; };
__global__ void k(const Eight* x, Eight* y) {
    y[0] = x[0];  // expect: vec_access 16 direction=load; vec_access 16 direction=store
}""",
    "scalars": """
__global__ void k(float* x, uint64_t* u, double* d, half2* h) {
    x[0] = x[1];  // expect: nothing
    u[0] = *u;
    d[0] = *d;
    h[0] = *h;
}""",
    "registers": """
__global__ void k() {
    int4 held[4];
    held[0] = held[1];  // expect: nothing
    int4 one;
    *(&one) = held[2];
    half* h = reinterpret_cast<half*>(&one);
    reinterpret_cast<int4*>(held)[1] = one;
}""",
    "shared memory counts": """
__global__ void k(int i) {
    __shared__ int4 tile[64];
    tile[i] = make_int4(0, 0, 0, 0);  // expect: vec_access 16 direction=store
}""",
    "an address is no access": """
__global__ void k(int4* x) { int4* p = &x[4]; int4* q = x + 1; }  // expect: nothing
""",
}


@pytest.mark.parametrize("code", cases(ACCESSES))
def test_accesses(check, code: str) -> None:
    check(code, "vec_access")


OVERLOADS = """
__device__ int4 load_row(const int4* p) {
    int4 v;
    asm volatile("ld.global.v4.s32 {%0, %1, %2, %3}, [%4];"  // expect: vec_access 16 definition
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "l"(p));
    return v;
}
__device__ float load_row(const float* p) {
    float v;
    asm volatile("ld.global.f32 %0, [%1];" : "=f"(v) : "l"(p));  // expect: nothing
    return v;
}
__device__ void store_row(int4* p, const int4& v) {
    asm volatile("st.global.v4.s32 [%0], {%1, %2, %3, %4};"  // expect: vec_access 16 definition
                 :: "l"(p), "r"(v.x), "r"(v.y), "r"(v.z), "r"(v.w));
}
__device__ void store_row(float* p, const float& v) {
    asm volatile("st.global.f32 [%0], %1;" :: "l"(p), "f"(v));  // expect: nothing
}
#define WARP_COPY(N, TO, FROM, LD, ST) \\
    do { \\
        auto to_ = (TO); \\
        auto from_ = (FROM); \\
        for (int i = 0; i < (N); i += 32) ST(to_ + i, LD(from_ + i)); \\
    } while (0)
"""


@pytest.mark.parametrize(
    "call",
    [
        "int4 v = load_row(x4 + 1);  // expect: vec_access 16 direction=load through=load_row",
        "store_row(y4, v);  // expect: vec_access 16 direction=store through=store_row",
        "float g = load_row(x1);  // expect: nothing",
        "store_row(y1, v.x);  // expect: nothing",
        "WARP_COPY(n, y4, x4, load_row, store_row);  // expect: vec_access 16 element=int4",
        "WARP_COPY(n, y1, x1, load_row, store_row);  // expect: nothing",
    ],
)
def test_the_overload_called_decides(check, call: str) -> None:
    head = "__global__ void k(int4* y4, const int4* x4, float* y1, const float* x1, int4 v, int n) {"
    check(f"{OVERLOADS}{head}\n    {call}\n}}\n", "vec_access")


def test_an_access_of_a_macro_names_the_macro(facts_of) -> None:
    code = f"""{OVERLOADS}
__global__ void k(int4* to, const int4* from, int n) {{ WARP_COPY(n, to, from, load_row, store_row); }}
"""
    (call,) = [f for f in facts_of(code) if f.kind == "vec_access" and not f.definition]
    definition = code[: code.index("#define WARP_COPY")].count("\n") + 1
    assert definition in [p.line for p in call.related]
