"""Carving of memory: arrays, sizes, offsets, cursors and records."""

from __future__ import annotations

import pytest
from marks import cases

LAYOUTS = {
    "shared arrays": """
constexpr int kTile = 8;
__global__ void k() {
    extern __shared__ __align__(1024) uint8_t smem[];\
  // expect: smem_layout ? step="shared array" space=shared name=smem
    __shared__ float tile[4][32];  // expect: smem_layout 512 step="shared array"
    __shared__ int4 rows[64];  // expect: smem_layout 1024 expression="int4 rows[64]"
    __shared__ int counts[kTile];  // expect: smem_layout ? expression="int counts[kTile]"
    int local[64];  // expect: nothing
}""",
    "pointer plus offset": """
__global__ void k(int n, float* x) {
    extern __shared__ uint8_t smem[];  // expect: smem_layout step="shared array"
    auto bar = reinterpret_cast<uint64_t*>(smem + n * 64);\
  // expect: smem_layout step=offset space=shared name=bar
    float* row = x + n * 7;  // expect: smem_layout step=offset space="global or shared" name=row
    auto cell = &x[n * 4];  // expect: smem_layout step=offset name=cell
    x += n;  // expect: smem_layout step=offset
    int m = n + 3;  // expect: nothing
    float v = x[n] + 1.0f;
}""",
    "byte sizes": """
constexpr int kSlotBytes = 7168;  // expect: smem_layout step="byte size" space=size name=kSlotBytes
constexpr int kRows = 7168;  // expect: nothing
__global__ void k(int n) {
    const int row_bytes = n * sizeof(float);  // expect: smem_layout step="byte size" name=row_bytes
    int smem_size = n * 4 * sizeof(int4) + 128;  // expect: smem_layout step="byte size"
    int half_bytes = row_bytes / 2;  // expect: smem_layout step="byte size"
    int last = n * 4;  // expect: nothing
}""",
    "a record's sum, one fact a part": """
int h(int n) {
    const size_t message_bytes = sizeof(int4)  // expect: smem_layout step="byte size" expression=sizeof(int4)
        + n * sizeof(half)  // expect: smem_layout step="byte size" expression="n * sizeof(half)"
        + n / 128 * sizeof(float);  // expect: smem_layout step="byte size"
    const size_t one_line_bytes = sizeof(int4) + n * sizeof(half);  // expect: smem_layout name=one_line_bytes
    return message_bytes;  // expect: nothing
}""",
    "a cursor class": """
struct Span {
    char* base;
    __device__ Span(void*& cursor, int n) {
        base = static_cast<char*>(cursor) + n;  // expect: smem_layout step=offset name=base
        cursor = static_cast<char*>(cursor) + n * 4;  // expect: smem_layout step=offset name=cursor
    }
    __device__ float* row(int i) { return reinterpret_cast<float*>(base + i * 4); }\
  // expect: smem_layout step=offset
};
struct Plain { int at; __device__ Plain(int n) { at = n; } };
__global__ void k(void* buffer, int n) {
    auto span = Span(buffer, n);  // expect: smem_layout step=cursor name=span through=Span
    Span other(buffer, n * 2);  // expect: smem_layout step=cursor name=other
    float v = *span.row(3);  // expect: smem_layout step=part expression=span.row(3) through=row
    auto plain = Plain(n);  // expect: nothing
    int w = plain.at;
}""",
    "a cursor made from names alone": """
struct Span {
    char* base;
    __device__ Span(char*& cursor, int n) {
        base = cursor + n;  // expect: smem_layout step=offset name=base
    }
};
__global__ void k(char* buffer, int n) {
    Span span(buffer, n);  // expect: smem_layout step=cursor name=span
}""",
    "a function that returns its address": """
__device__ char* slot(char* base, int i) { return base + i * 48; }  // expect: smem_layout step=offset
__device__ char* same(char* base) { return base; }
__global__ void k(char* x, int i) {
    use(slot(x, i));  // expect: smem_layout step=part through=slot
    use(same(x));  // expect: nothing
}""",
}


@pytest.mark.parametrize("code", cases(LAYOUTS))
def test_layouts(check, code: str) -> None:
    check(code, "smem_layout")
