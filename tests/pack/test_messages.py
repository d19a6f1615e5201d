"""What a finding says is about its place: the barrier, the wait's need, the row, the counts."""

from __future__ import annotations

from pathlib import Path

from portcheck.analysis import analyse
from portcheck.pack import findings, pack
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Language, targets

WAIT = """
template <int N> __device__ void store_wait() {
  asm volatile("cp.async.bulk.wait_group.read %0;" :: "n"(N) : "memory");
}
__device__ void load(void* s, const void* g, unsigned n, unsigned bar) {
  asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];"
               :: "r"((unsigned)__cvta_generic_to_shared(s)), "l"(g), "r"(n), "r"(bar) : "memory");
}
__device__ void store(void* g, const void* s, unsigned n) {
  asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2;"
               :: "l"(g), "r"((unsigned)__cvta_generic_to_shared(s)), "r"(n) : "memory");
}
__device__ void publish(int* p, int v) {
  asm volatile("st.release.sys.global.s32 [%0], %1;" :: "l"(p), "r"(v));
}
"""


def said(folder: Path, code: str, text: str, language: Language = Language.EN) -> list[str]:
    """The messages of one rule about a file, in the order of places."""
    source = folder / "a.cu"
    source.write_text(text, encoding="utf-8")
    rules = [rule for rule in pack() if rule.code == code]
    return [f.message(language) for f in findings(analyse([str(source)]), rules, targets())]


def test_a_wait_for_stores_says_what_it_is_for(tmp_path: Path) -> None:
    body = """
__global__ void refill(char* g, unsigned bar, int n) {
  extern __shared__ char s[];
  for (int i = 0; i < n; ++i) { store_wait<0>(); load(s, g, 64, bar); store(g, s, 64); }
}
__global__ void computed(char* g, int n) {
  extern __shared__ char s[];
  for (int i = 0; i < n; ++i) { s[threadIdx.x] = i; store(g, s, 64); store_wait<0>(); }
}
__global__ void signalled(char* g, int* flag, unsigned bar, int n) {
  extern __shared__ char s[];
  for (int i = 0; i < n; ++i) { load(s, g, 64, bar); store(g, s, 64); store_wait<0>(); }
  publish(flag, n);
}
__global__ void last(char* g) {
  extern __shared__ char s[];
  store(g, s, 64);
  store_wait<0>();
}
"""
    needs = [m.partition("): ")[2] for m in said(tmp_path, "TMA018", WAIT + body)]
    assert needs == [
        "event MTE3_MTE2 before the next load fills the buffer",
        "event MTE3_V (scalar stores: MTE3_S) before the buffer is refilled",
        "PipeBarrier<PIPE_MTE3> for the flag, MTE3_MTE2 for the next load",
        "an MTE3 event to its next writer, PipeBarrier<PIPE_MTE3> for flags",
    ]


def test_waits_with_one_need_are_one_finding_of_a_function(tmp_path: Path) -> None:
    body = "__global__ void k(char* g) { store_wait<0>(); store_wait<0>(); store_wait<0>(); }\n"
    (message,) = said(tmp_path, "TMA018", WAIT + body)
    assert message.startswith("`store_wait` waits for all stores (places: 3)")


def test_a_library_barrier_depends_only_where_no_block_is_chosen(tmp_path: Path) -> None:
    source = tmp_path / "b.cu"
    source.write_text(
        "__global__ void one(int* f) {\n"
        "  const int sm = blockIdx.x;\n"
        "  if (sm == 0) { if (threadIdx.x == 32) nvshmem_sync_all(); }\n"
        "}\n"
        "__global__ void all(int* f) { nvshmemx_barrier_all_block(); f[threadIdx.x] = 0; }\n"
    )
    rules = [rule for rule in pack() if rule.code == "COM012"]
    found = findings(analyse([str(source)]), rules, targets())
    assert [(f.verdict, f.fields["guard"]) for f in found] == [
        (Verdict.VIOLATED, "sm == 0"),
        (Verdict.DEPENDS, ""),
    ]


def test_float_sums_are_one_finding_for_a_type(tmp_path: Path) -> None:
    text = """
__global__ void k(const __nv_bfloat16* x, float* y, int n) {
  float even = 0, odd = 0;
  for (int i = 0; i < n; i += 2) {
    even += __bfloat162float(x[i]);
    odd += __bfloat162float(x[i + 1]);
  }
  y[0] = even + odd;
}
"""
    (message,) = said(tmp_path, "ACC001", text)
    assert message.startswith("FP32 sums of bf16 values in `even`, `odd`")


def test_a_row_that_a_macro_moves_is_named_by_the_call(tmp_path: Path) -> None:
    text = """
#define COPY(n, dst, src) for (int i = threadIdx.x % 32; i < (n); i += 32) (dst)[i] = (src)[i]
__global__ void k(int4* y, const int4* x, int n) {
  COPY(n, y, x);
}
"""
    (message,) = said(tmp_path, "VEC004", text)
    assert message.startswith("`COPY(n, y, x)`: the lanes move a row")


def test_scales_say_for_which_counts_they_fill_blocks(tmp_path: Path) -> None:
    text = """
size_t message_bytes(int hidden, int num_scales) {
  size_t a = num_scales * sizeof(nv_bfloat162) + hidden;
  size_t b = num_scales * sizeof(pack_t) + hidden;
  return a + b;
}
"""
    first, second = said(tmp_path, "QNT007", text)
    assert first.endswith("only where `num_scales % 8 == 0`")
    assert second.endswith("only where `num_scales * sizeof(pack_t) % 32 == 0`")
