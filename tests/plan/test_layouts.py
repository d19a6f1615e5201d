"""Layout tables: what the code lays out, in numbers of each launch, and the proposal beside it."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from portcheck.analysis import analyse
from portcheck.plan.address import Address, residues, take_apart, within_row
from portcheck.plan.layout_model import LayoutKind, Layouts, LayoutTable
from portcheck.plan.layouts import layouts
from portcheck.symbolic.evaluate import evaluate
from portcheck.symbolic.expr import Expr, Role, Symbol, floor_divide, number, of
from portcheck.targets import Target, targets

SAMPLES = Path(__file__).parents[2] / "samples"
RINGS = """\
constexpr int kStage = 4624;
struct alignas(8) Meta { int rank; short bits; };
template <int kStages>
__global__ void ring(const int4* from, int4* to, Meta* metas, int steps) {
  extern __shared__ __align__(1024) unsigned char smem[];
  __shared__ int counts[5];
  for (int i = 0; i < steps; ++i) {
    auto stage = reinterpret_cast<int4*>(smem + (i % kStages) * kStage);
    auto scale = reinterpret_cast<float*>(smem + (i % kStages) * kStage + 4096);
    auto flag = reinterpret_cast<long long*>(smem + (i % kStages) * kStage + 4608);
    stage[threadIdx.x] = from[i];
    to[threadIdx.x] = stage[threadIdx.x];
    *flag = counts[0] + scale[0];
  }
  metas[threadIdx.x] = Meta{1, 2};
}
void run(const int4* f, int4* t, Meta* m, int n) {
  ring<2><<<1, 32, 2 * kStage>>>(f, t, m, n);
  ring<3><<<1, 32, 3 * kStage>>>(f, t, m, n);
}
"""


def target(name: str = "910B") -> Target:
    return next(t for t in targets() if t.name == name)


def of_code(folder: Path, code: str) -> Layouts:
    (folder / "a.cu").write_text(code)
    return layouts(analyse([str(folder / "a.cu")]), target())


@pytest.fixture(scope="module")
def samples() -> Layouts:
    return layouts(analyse([str(SAMPLES)]), target())


@pytest.fixture(scope="module")
def rings(tmp_path_factory: pytest.TempPathFactory) -> Layouts:
    return of_code(tmp_path_factory.mktemp("rings"), RINGS)


def table(found: Layouts, kind: LayoutKind, part: str = "") -> LayoutTable:
    return next(t for t in found.tables if t.kind is kind and part in t.id)


class TestMessage:
    def test_sender_and_receiver_share_one_table(self, samples: Layouts) -> None:
        message = table(samples, LayoutKind.MESSAGE)
        assert message.users == ("moewire::lowlatency::send", "moewire::lowlatency::unpack")
        assert {"outbox", "inbox"} <= set(message.bases)

    def test_numbers_of_each_launch(self, samples: Layouts) -> None:
        message = table(samples, LayoutKind.MESSAGE)
        pitches = {i.label: i.pitch_bytes for i in message.instances}
        for hidden, fp8 in product((2048, 2560, 4096, 7168), (0, 1)):
            whole = 16 + hidden + hidden // 32 if fp8 else 16 + 2 * hidden
            assert pitches[f"kFp8={fp8}, kHidden={hidden}"] == whole
        scales = message.rows[-1]
        assert [r.name for r in message.rows][1:] == ["payload = from", "scales"]
        for instance, start, size in zip(message.instances, scales.offsets, scales.sizes, strict=True):
            assert start is not None
            assert size is not None
            assert start + size == instance.pitch_bytes

    def test_a_part_that_is_not_there_gets_no_slot(self, samples: Layouts) -> None:
        message = table(samples, LayoutKind.MESSAGE)
        counts = {
            i.label[:6]: len(p.slots) for i, p in zip(message.instances, message.proposals, strict=True) if p
        }
        assert counts == {"kFp8=0": 2, "kFp8=1": 3}

    def test_slots_are_blocks_and_rows_are_windows(self, samples: Layouts) -> None:
        for instance, proposal in zip(*_cases(table(samples, LayoutKind.MESSAGE)), strict=True):
            assert proposal is not None
            assert proposal.pitch_bytes % 512 == 0
            assert proposal.cost_bytes == proposal.pitch_bytes - instance.pitch_bytes
            assert all(s.offset % 32 == 0 and s.bytes % 32 == 0 for s in proposal.slots)

    def test_the_residue_covers_every_row(self, samples: Layouts) -> None:
        assert [r.residues for r in table(samples, LayoutKind.MESSAGE).rows] == [(0, 16)] * 3


def _cases(one: LayoutTable) -> tuple[tuple[object, ...], tuple[object, ...]]:
    return one.instances, one.proposals


class TestStage:
    def test_pitch_and_fields(self, rings: Layouts) -> None:
        stage = table(rings, LayoutKind.STAGE)
        assert stage.pitch == "4624"
        assert [(r.name, r.offsets[0], r.sizes[0]) for r in stage.rows] == [
            ("stage", 0, 4096),
            ("scale", 4096, 512),
            ("flag", 4608, 16),
        ]
        assert stage.alternates

    def test_second_stage_starts_off_a_block(self, rings: Layouts) -> None:
        assert table(rings, LayoutKind.STAGE).rows[0].residues == (0, 16)

    def test_proposal_rounds_the_pitch_up(self, rings: Layouts) -> None:
        (proposal,) = table(rings, LayoutKind.STAGE).proposals
        assert proposal is not None
        assert (proposal.pitch_bytes, proposal.cost_bytes) == (4640, 16)
        assert [(s.name, s.offset, s.bytes, s.padding) for s in proposal.slots] == [
            ("stage", 0, 4096, 0),
            ("scale", 4096, 512, 0),
            ("flag", 4608, 32, 16),
        ]

    def test_what_the_repair_breaks_is_a_condition(self, tmp_path: Path) -> None:
        head, body = RINGS.split("  extern __shared__")
        check = "  constexpr int kRoom = 4624;\n  static_assert(kRoom * 2 <= 9248);\n  extern __shared__"
        code = head + check + body.replace(") * kStage", ") * kRoom")
        said = [c.en for c in table(of_code(tmp_path, code), LayoutKind.STAGE).conditions]
        assert any("kRoom 4624 → 4640 makes" in text and "a.cu:6 fail" in text for text in said)

    def test_stages_of_the_samples(self, samples: Layouts) -> None:
        stage = table(samples, LayoutKind.STAGE, "topk_combine")
        assert [i.pitch_bytes for i in stage.instances] == [2 * h + 32 for h in (2048, 2560, 4096, 7168)]
        assert [r.offset for r in stage.rows] == ["0", "8", "16"]


class TestMemoryAndRecord:
    def test_memory_of_a_kernel(self, rings: Layouts) -> None:
        memory = table(rings, LayoutKind.MEMORY)
        assert [(r.name, r.sizes) for r in memory.rows] == [("smem", (9248, 13872)), ("counts", (20, 20))]
        assert [i.pitch_bytes for i in memory.instances] == [9268, 13892]
        assert [p and p.pitch_bytes for p in memory.proposals] == [9280, 13920]

    def test_record(self, rings: Layouts) -> None:
        record = table(rings, LayoutKind.RECORD)
        assert record.name == "Meta"
        assert [(r.name, r.offsets[0], r.sizes[0]) for r in record.rows] == [("rank", 0, 4), ("bits", 4, 2)]
        assert record.instances[0].pitch_bytes == 8
        assert record.proposals[0] is not None
        assert (record.proposals[0].pitch_bytes, record.proposals[0].cost_bytes) == (32, 24)
        assert record.users == ("ring",)

    def test_record_that_nothing_moves_has_no_table(self, tmp_path: Path) -> None:
        found = of_code(tmp_path, RINGS + "struct Other { int a; };\nOther other;\n")
        assert [t.name for t in found.tables if t.kind is LayoutKind.RECORD] == ["Meta"]

    def test_record_whose_layout_is_open_is_unknown(self, tmp_path: Path) -> None:
        found = of_code(tmp_path, RINGS.replace("short bits;", "Foreign bits;"))
        assert [t.name for t in found.tables if t.kind is LayoutKind.RECORD] == []
        assert any(u.name == "Meta" and "not modelled" in u.why for u in found.unknown)


class TestBudget:
    def test_double_buffering_against_the_target(self, rings: Layouts) -> None:
        first, second = rings.budgets
        assert (first.needed, first.padded, first.doubled) == (9268, 9268 + 3 * 16, 2 * (9268 + 3 * 16))
        assert first.has_stages
        assert first.limit == target().number("ub_usable_bytes")
        assert second.left(second.needed) == 196352 - 13892

    def test_an_open_amount_says_why(self, tmp_path: Path) -> None:
        found = of_code(tmp_path, RINGS.replace("3 * kStage>>>", "n>>>"))
        assert any(b.needed is None and b.why and b.left(b.needed) is None for b in found.budgets)


class TestUnknown:
    def test_a_pitch_that_no_launch_fixes(self, tmp_path: Path) -> None:
        code = """\
__global__ void k(unsigned char* out, int a, int b) {
  for (int i = 0; i < a; ++i)
    for (int j = 0; j < b; ++j) {
      auto row = reinterpret_cast<int4*>(out + i * a + j * b);
      row[threadIdx.x] = int4{};
    }
}
"""
        (one,) = [u for u in of_code(tmp_path, code).unknown if u.name == "row"]
        assert "not fixed by a launch" in one.why

    def test_an_offset_that_may_be_less_than_a_row(self, tmp_path: Path) -> None:
        code = """\
__global__ void k(unsigned char* out, int a) {
  for (int i = 0; i < 4; ++i) {
    auto row = reinterpret_cast<int4*>(out + i * 64 + 16 * a);
    row[0] = int4{};
  }
}
void run(unsigned char* o, int n) { k<<<1, 1>>>(o, n); }
"""
        found = of_code(tmp_path, code)
        assert not [t for t in found.tables if t.kind is LayoutKind.SLOT]
        assert any(u.name == "row" and "less than a row of 64 bytes" in u.why for u in found.unknown)

    def test_whole_rows_leave_the_offset(self, tmp_path: Path) -> None:
        code = """\
__global__ void k(unsigned char* out, int a) {
  for (int i = 0; i < 4; ++i) {
    auto row = reinterpret_cast<int4*>(out + i * 64 + 128 * a + 16);
    row[0] = int4{};
  }
}
void run(unsigned char* o, int n) { k<<<1, 1>>>(o, n); }
"""
        slot = table(of_code(tmp_path, code), LayoutKind.SLOT)
        assert (slot.origin, slot.pitch, slot.rows[0].residues) == ("16", "64", (16,))


class TestAddress:
    BASE = of(Symbol("base", Role.BASE))
    I = of(Symbol("i", Role.INDEX, 0))  # noqa: E741
    N = of(Symbol("n", Role.PARAMETER, 0))

    def test_a_remainder_is_one_level(self) -> None:
        wrapped = (self.I + 1) - floor_divide(self.I + 1, self.N) * self.N
        found = take_apart(self.BASE + 48 * wrapped + 8)
        assert isinstance(found, Address)
        (level,) = found.levels
        assert (level.pitch, level.count, found.offset) == (number(48), self.N, number(8))

    def test_two_bases_are_not_followed(self) -> None:
        assert isinstance(take_apart(self.BASE + of(Symbol("other", Role.BASE))), str)
        assert isinstance(take_apart(self.I), str)

    @pytest.mark.parametrize("pitch", [16, 48, 4624, 32])
    @pytest.mark.parametrize("offset", [0, 8, 4608])
    def test_residues_are_never_too_few(self, pitch: int, offset: int) -> None:
        expr = 4 * self.N + offset
        left = residues(expr, (number(pitch),))
        for n, i in product(range(9), range(9)):
            value = evaluate(expr, {next(iter(self.N.symbols())): n}) + pitch * i
            assert value % 32 in left

    def test_rows_that_are_counted(self) -> None:
        def inside(offset: Expr, launches: tuple[dict[str, Expr], ...]) -> Expr | None:
            return within_row(offset, number(64), launches)

        assert inside(64 * self.N + 24, ({"m": number(1)},)) == number(24)
        assert inside(32 * self.N + 24, ({"m": number(1)},)) is None
        assert inside(32 * self.N + 24, ({"n": number(3)},)) == 32 * self.N + 24


def test_ids_are_distinct_and_the_run_is_repeatable(samples: Layouts) -> None:
    ids = [t.id for t in samples.tables]
    assert len(ids) == len(set(ids))
    assert layouts(analyse([str(SAMPLES)]), target()) == samples


class TestMerging:
    CODE = """\
template <int kRow, int kPart> __global__ void put(unsigned char* out) {
  for (int i = 0; i < 4; ++i) {
    auto head = reinterpret_cast<int4*>(out + i * kRow);
    auto tail = reinterpret_cast<int4*>(out + i * kRow + PART);
    head[0] = tail[0];
  }
}
template <int kRow, int kPart> __global__ void get(const unsigned char* in, int4* to) {
  for (int i = 0; i < 4; ++i) {
    auto start = reinterpret_cast<const int4*>(in + i * kRow);
    to[i] = start[0];
  }
}
void run(unsigned char* o, int4* t) {
  put<256, 64><<<1, 1>>>(o);
  get<ROW, 32><<<1, 1>>>(o, t);
}
"""

    def messages(self, folder: Path, part: str, row: str) -> list[LayoutTable]:
        found = of_code(folder, self.CODE.replace("PART", part).replace("ROW", row))
        return [t for t in found.tables if t.pitch == "kRow"]

    def test_the_same_rows_are_one_layout(self, tmp_path: Path) -> None:
        (message,) = self.messages(tmp_path, "kRow / 4", "256")
        assert (message.users, message.rows[0].name) == (("put", "get"), "head = start")

    def test_rows_of_other_numbers_are_not(self, tmp_path: Path) -> None:
        assert len(self.messages(tmp_path, "kRow / 4", "512")) == 2

    def test_offsets_over_other_names_are_not(self, tmp_path: Path) -> None:
        put = next(t for t in self.messages(tmp_path, "kPart", "256") if t.users == ("put",))
        assert [i.label for i in put.instances] == ["kPart=64, kRow=256"]

    def test_rows_that_lie_backwards_are_unknown(self, tmp_path: Path) -> None:
        code = self.CODE.replace("PART", "16").replace("ROW", "256").replace("out + i", "out - i")
        found = of_code(tmp_path, code)
        assert {u.name for u in found.unknown} >= {"head", "tail"}
        assert [t.users for t in found.tables if t.pitch == "kRow"] == [("get",)]
