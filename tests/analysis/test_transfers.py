"""What moves: rows of lanes and loops, bulk copies, layouts, and what the targets ask of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from portcheck.analysis import Analysis, analyse
from portcheck.analysis.transfers import Layout, Transfer
from portcheck.targets import Quantity

HEAD = """
struct alignas(16) int4 { int x, y, z, w; };
typedef unsigned char uint8_t;
typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;
#define DEVICE_ASSERT(c) do { if (not (c)) { asm("trap;"); } } while (0)
__device__ __forceinline__ uint32_t get_lane_id() {
    uint32_t lane;
    asm("mov.u32 %0, %laneid;" : "=r"(lane));
    return lane;
}
__device__ __forceinline__ void load_1d(void* smem, const void* gmem, uint64_t* bar, int num_bytes) {
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];"
                 :: "r"((uint32_t)__cvta_generic_to_shared(smem)), "l"(gmem), "r"(num_bytes),
                    "r"((uint32_t)__cvta_generic_to_shared(bar)) : "memory");
}
"""


def of(tmp_path: Path, text: str) -> Analysis:
    (tmp_path / "k.cu").write_text(HEAD + text)
    return analyse([str(tmp_path)])


def moves(analysis: Analysis) -> list[Transfer]:
    return [j.subject for j in analysis.judged if isinstance(j.subject, Transfer)]


ROWS = {
    "one warp": (
        "const int lane = get_lane_id(); out[lane] = v;",
        ("contiguous", "512"),
    ),
    "the lanes of the rest": (
        "const int lane = get_lane_id(); if (lane < n) out[lane] = v;",
        ("contiguous", "16*min(32, n)"),
    ),
    "a warp's loop over a row": (
        "for (int i = get_lane_id(); i < n; i += 32) out[i] = v;",
        ("contiguous", "16*n"),
    ),
    "a block's loop over a row": (
        "for (int i = threadIdx.x; i < n; i += blockDim.x) out[i] = v;",
        ("contiguous", "16*n"),
    ),
    "a block once": (
        "const int i = blockIdx.x * blockDim.x + threadIdx.x; out[i] = v;",
        ("contiguous", "16*blockDim.x"),
    ),
    "lane and warp from one number": (
        "const int lane = threadIdx.x % 32, warp = threadIdx.x / 32; out[warp * n + lane] = v;",
        ("contiguous", "512"),
    ),
    "the rest of a row": (
        "for (int i = get_lane_id(); i < n; i += 32) if (i >= n / 32 * 32) out[i] = v;",
        ("contiguous", "16*(n % 32)"),
    ),
    "all lanes one place": ("out[n] = v;", ("broadcast", "16")),
    "every other vector": ("out[2 * get_lane_id()] = v;", ("strided", "16")),
    "where a table says": ("out[table[get_lane_id()]] = v;", ("broadcast", "16")),
}


@pytest.mark.parametrize("name", ROWS)
def test_rows(tmp_path: Path, name: str) -> None:
    body, expected = ROWS[name]
    found = moves(of(tmp_path, f"__global__ void k(int4* out, int* table, int n, int4 v) {{ {body} }}"))
    assert [(str(t.pattern), str(t.length)) for t in found] == [expected]


def test_a_row_of_unknown_places_makes_no_claim(tmp_path: Path) -> None:
    """The index comes from memory: each lane may be anywhere."""
    analysis = of(tmp_path, "__global__ void k(int4* out, int* t, int4 v) { out[t[get_lane_id()]] = v; }")
    (judged,) = analysis.judged
    lengths = {s.verdict.value for s in judged.of(Quantity.LENGTH) if s.modulus == 32}
    assert lengths == {"violated"}  # 16 bytes a lane is all that is known to lie together


@pytest.mark.parametrize(
    "test", ["i < n - 1", "i >= 7", "i != 3", "i % 2 == 0", "i >= 7 && i < n", "table[i] == 1"]
)
def test_what_a_test_leaves_out_of_a_row_is_never_said_to_hold(tmp_path: Path, test: str) -> None:
    body = f"const int n = 2 * m; for (int i = get_lane_id(); i < n; i += 32) if ({test}) out[i] = v;"
    analysis = of(tmp_path, f"__global__ void k(int4* out, int* table, int m, int4 v) {{ {body} }}")
    (judged,) = [j for j in analysis.judged if isinstance(j.subject, Transfer)]
    lengths = {s.verdict.value for s in judged.of(Quantity.LENGTH) if s.modulus == 32}
    assert lengths
    assert not lengths & {"holds"}


def test_lanes_that_choose_for_themselves_make_no_row_that_holds(tmp_path: Path) -> None:
    body = "const int lane = get_lane_id(); if (table[lane] == 1) out[lane] = v;"
    analysis = of(tmp_path, f"__global__ void k(int4* out, int* table, int4 v) {{ {body} }}")
    (judged,) = [j for j in analysis.judged if isinstance(j.subject, Transfer)]
    assert {s.verdict.value for s in judged.of(Quantity.LENGTH) if s.modulus == 32} == {"unknown"}


def test_two_stores_side_by_side_may_be_one_row(tmp_path: Path) -> None:
    body = "const int lane = get_lane_id(); out[2 * lane] = v; out[2 * lane + 1] = v;"
    for judged in of(tmp_path, f"__global__ void k(int4* out, int4 v) {{ {body} }}").judged:
        assert {s.verdict.value for s in judged.of(Quantity.LENGTH) if s.modulus == 32} == {"unknown"}


def test_an_array_of_pointers_in_shared_memory_holds_pointers(tmp_path: Path) -> None:
    body = "__shared__ int4* rows[8]; const int lane = get_lane_id(); out[lane] = rows[lane % 8][lane];"
    found = moves(of(tmp_path, f"__global__ void k(int4* out) {{ {body} }}"))
    assert [t.source.space for t in found if t.source is not None and "int4" in t.operation] != ["UB"]


BULK = """
__global__ void k(const int4* x, int hidden_int4) {
    extern __shared__ __align__(1024) uint8_t smem[];
    auto bar = reinterpret_cast<uint64_t*>(smem + 16);
    const int half_bytes = 16 * (hidden_int4 / 2);
    DEVICE_ASSERT(hidden_int4 % 2 == 0);
    for (int stage = 0; stage < 2; ++stage)
        load_1d(smem + stage * 4624, x + stage, bar, half_bytes);
}
"""


def test_a_bulk_copy(tmp_path: Path) -> None:
    analysis = of(tmp_path, BULK)
    (judged,) = [j for j in analysis.judged if isinstance(j.subject, Transfer)]
    assert judged.subject.destination is not None
    assert (judged.subject.destination.space, str(judged.subject.length)) == ("UB", "16*(hidden_int4 / 2)")
    (start,) = judged.of(Quantity.UB_START)
    assert (start.verdict.value, start.proof.witness["stage"], start.proof.value) == ("violated", 1, 4624)
    (length,) = [s for s in judged.of(Quantity.LENGTH) if s.requirement.severity.value == "breaks"]
    assert (length.verdict.value, str(length.proof.condition)) == ("depends", "hidden_int4 % 4 == 0")
    assert set(length.targets) == {"310P", "910B", "910C", "950"}
    assert any("hidden_int4 % 2 == 0" in line.text for line in length.proof.derivation)


def test_only_speed(tmp_path: Path) -> None:
    analysis = of(tmp_path, BULK)
    slow = [s for j in analysis.judged for s in j.statements if s.requirement.quantity is Quantity.GM_START]
    assert slow
    assert {s.severity.value for s in slow} == {"slow"}
    assert all("310P" not in s.targets for s in slow)  # nothing is published for it


def test_layouts_are_notes(tmp_path: Path) -> None:
    analysis = of(tmp_path, BULK)
    layouts = {j.subject.name: j for j in analysis.judged if isinstance(j.subject, Layout)}
    (statement,) = layouts["bar"].statements
    assert (statement.severity.value, statement.verdict.value) == ("note", "violated")


LAUNCHED = """
template <int kHidden, bool kFp8>
__global__ void k(const uint8_t* x) {
    extern __shared__ __align__(1024) uint8_t smem[];
    const int bytes = 16 + (kFp8 ? kHidden + kHidden / 32 : 2 * kHidden);
    load_1d(smem, x, reinterpret_cast<uint64_t*>(smem + 65536), bytes);
}
void host(const uint8_t* x) {
    k<2560, true><<<1, 32, 65544>>>(x);
    k<7168, true><<<1, 32, 65544>>>(x);
    k<7168, false><<<1, 32, 65544>>>(x);
}
"""


def test_a_table_over_the_launches(tmp_path: Path) -> None:
    analysis = of(tmp_path, LAUNCHED)
    (judged,) = [j for j in analysis.judged if isinstance(j.subject, Transfer)]
    (length,) = [s for s in judged.of(Quantity.LENGTH) if s.requirement.severity.value == "breaks"]
    assert length.verdict.value == "depends"
    assert [(r.label, r.verdict.value, r.value) for r in length.proof.table] == [
        ("kHidden=2560, kFp8=true", "holds", None),
        ("kHidden=7168, kFp8=true", "violated", 7408),
        ("kHidden=7168, kFp8=false", "violated", 14352),
    ]


def test_capacity(tmp_path: Path) -> None:
    analysis = of(tmp_path, LAUNCHED.replace("65544", "200 * 1024"))
    for capacity in analysis.capacities:
        assert str(capacity.memory.bytes_needed) == "204800"
        fits = {f.target.name: f.proof.verdict.value for f in capacity.fits if f.requirement.code == "MEM001"}
        assert fits == {"310P": "holds", "910B": "violated", "910C": "violated", "950": "holds"}
    assert len(analysis.capacities) == 3


REPAIRED = """
__global__ void k(const int4* x) {
    extern __shared__ __align__(1024) uint8_t smem[];
    constexpr int kStage = 512 * 9 + 16;
    static_assert(kStage * 2 <= 9248, "too big");
    for (int stage = 0; stage < 2; ++stage)
        load_1d(smem + stage * kStage, x, reinterpret_cast<uint64_t*>(smem), 512);
}
"""


def test_the_repair_and_what_it_breaks(tmp_path: Path) -> None:
    (repair,) = of(tmp_path, REPAIRED).repairs
    assert (repair.name, repair.bytes_now, repair.bytes_needed, repair.cost_bytes) == (
        "kStage",
        4624,
        4640,
        16,
    )
    assert [b.text for b in repair.breaks] == ["static_assert(kStage * 2 <= 9248)"]


def test_a_check_that_bounds_a_size(tmp_path: Path) -> None:
    analysis = of(
        tmp_path,
        "__global__ void k(int n) { const int half = 16 * (n / 2); DEVICE_ASSERT(half + 8 <= 8192); }",
    )
    (check,) = analysis.size_checks
    assert check.proof.verdict.value == "depends"
    assert check.proof.witness["n"] >= 1024
