"""Offsets of layout tables against what a C++ compiler makes of the same declarations, written anew here."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from portcheck.analysis import analyse
from portcheck.plan.layout_model import LayoutKind, Layouts, LayoutTable
from portcheck.plan.layouts import layouts
from portcheck.targets import targets

SAMPLES = Path(__file__).parents[2] / "samples"
DEEP_EP = Path("/work/corpus/DeepEP/csrc/kernels/legacy")
COMPILER = shutil.which("g++") or shutil.which("clang++")
pytestmark = pytest.mark.skipif(COMPILER is None, reason="there is no C++ compiler")

PROGRAM = """\
#include <cstddef>
#include <cstdint>
#include <cstdio>
struct alignas(16) Quad { int x, y, z, w; };
template <int H, bool F> struct Msg {
  static constexpr size_t elements = F ? sizeof(uint8_t) * H : sizeof(uint16_t) * H;
  static constexpr size_t payload = sizeof(Quad), scales = payload + elements;
  static constexpr size_t all = scales + (F ? H / 128 : 0) * sizeof(float);
  static void say() { std::printf("msg %d %d %zu %zu %zu\\n", H, F, payload, scales, all); }
};
template <int H> struct TopK {
  struct alignas(16) Type { uint64_t full, empty; Quad row[H * 2 / 16]; Quad tail; };
  static void say() {
    std::printf("topk %d %zu %zu %zu\\n", H, offsetof(Type, empty), offsetof(Type, row), sizeof(Type));
  }
};
template <int R> struct Sum {
  struct Type { Quad part[R + 1][32]; uint64_t barrier; uint64_t pad; };
  static void say() { std::printf("sum %d %zu %zu\\n", R, offsetof(Type, barrier), sizeof(Type)); }
};
template <int H> struct Reduce {
  static constexpr int unroll = H % 1024 == 0 ? 4 : 2;
  struct Type { Quad part[32 * unroll]; uint64_t full, empty; };
  static void say() { std::printf("reduce %d %zu %zu\\n", H, offsetof(Type, full), sizeof(Type)); }
};
struct alignas(16) Wide { float lane[4]; };
struct Source { int rank, bits; };
int main() {
#define EACH(H) Msg<H, false>::say(); Msg<H, true>::say(); TopK<H>::say(); Reduce<H>::say();
  EACH(2048) EACH(2560) EACH(3072) EACH(4096) EACH(5120) EACH(6144) EACH(7168) EACH(8192)
  Sum<2>::say(); Sum<4>::say(); Sum<8>::say();
  std::printf("wide %zu\\n", sizeof(Wide));
  std::printf("source %zu %zu\\n", offsetof(Source, bits), sizeof(Source));
}
"""
Truth = dict[tuple[str, ...], tuple[int, ...]]


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    folder = tmp_path_factory.mktemp("compiled")
    (folder / "a.cpp").write_text(PROGRAM)
    assert COMPILER is not None
    subprocess.run([COMPILER, "-std=c++17", "-o", str(folder / "a"), str(folder / "a.cpp")], check=True)
    said = subprocess.run([str(folder / "a")], check=True, capture_output=True, text=True).stdout
    keys = {"msg": 2, "topk": 1, "sum": 1, "reduce": 1, "wide": 0, "source": 0}
    found: Truth = {}
    for line in said.splitlines():
        name, *numbers = line.split()
        count = keys[name]
        found[(name, *numbers[:count])] = tuple(int(n) for n in numbers[count:])
    return found


def read(path: Path) -> Layouts:
    return layouts(analyse([str(path)]), next(t for t in targets() if t.name == "910B"))


@pytest.fixture(scope="module")
def samples() -> Layouts:
    return read(SAMPLES)


@pytest.fixture(scope="module")
def deep_ep() -> Layouts:
    if not DEEP_EP.is_dir():
        pytest.skip("DeepEP is not here")
    return read(DEEP_EP)


def numbers(table: LayoutTable, *names: str) -> dict[tuple[str, ...], tuple[int | None, ...]]:
    """Offsets of all rows but the first and the pitch, by the values of the names."""
    found = {}
    for at, instance in enumerate(table.instances):
        values = dict(word.split("=") for word in instance.label.split(", "))
        offsets = (row.offsets[at] for row in table.rows[1:])
        found[tuple(values[n] for n in names)] = (*offsets, instance.pitch_bytes)
    return found


def one(found: Layouts, kind: LayoutKind, part: str, pitch: str = "") -> LayoutTable:
    (table,) = [t for t in found.tables if t.kind is kind and part in t.id and pitch in f" {t.pitch} "]
    return table


def test_message_of_the_samples(samples: Layouts, truth: Truth) -> None:
    found = numbers(one(samples, LayoutKind.MESSAGE, "send"), "kHidden", "kFp8")
    assert len(found) == 8
    assert all(truth["msg", *key] == values for key, values in found.items())


def test_stages_of_the_samples(samples: Layouts, truth: Truth) -> None:
    found = numbers(one(samples, LayoutKind.STAGE, "topk_combine"), "kHidden")
    assert len(found) == 4
    assert all(truth["topk", *key] == values for key, values in found.items())
    stage = one(samples, LayoutKind.STAGE, "intranode::combine", " 512*kNumRanks + 528 ")
    pitches = {key: values[-1] for key, values in numbers(stage, "kNumRanks").items()}
    assert pitches == {(r,): truth["sum", r][1] for r in ("2", "4", "8")}


def test_record_of_the_samples(samples: Layouts, truth: Truth) -> None:
    record = one(samples, LayoutKind.RECORD, "Vec")
    assert (record.instances[0].pitch_bytes,) == truth[("wide",)]


def test_low_latency_message(deep_ep: Layouts, truth: Truth) -> None:
    found = numbers(one(deep_ep, LayoutKind.MESSAGE, "internode_ll::dispatch"), "kHidden", "kUseFP8")
    assert {("2560", "1"), ("4096", "0"), ("7168", "1"), ("7168", "0")} <= found.keys()
    assert len(found) == 16
    assert all(truth["msg", *key] == values for key, values in found.items())


def test_source_meta(deep_ep: Layouts, truth: Truth) -> None:
    record = one(deep_ep, LayoutKind.RECORD, "SourceMeta")
    assert (record.rows[1].offsets[0], record.instances[0].pitch_bytes) == truth[("source",)]


def test_combine_stages(deep_ep: Layouts, truth: Truth) -> None:
    stage = one(deep_ep, LayoutKind.STAGE, "internode::combine", " 4624 ")
    assert stage.instances[0].pitch_bytes == truth["sum", "8"][1]
    (proposal,) = stage.proposals
    assert proposal is not None
    assert (proposal.pitch_bytes, proposal.cost_bytes) == (4640, 16)
    send = one(deep_ep, LayoutKind.STAGE, "internode_ll::combine", " 512*(kHidden % 1024 == 0 ? 4 : 2) + 16 ")
    found = {key: values[-1] for key, values in numbers(send, "kHidden").items()}
    assert len(found) == 8
    assert all(truth["reduce", *key][1] == pitch for key, pitch in found.items())
