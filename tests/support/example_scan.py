"""A small scan by hand, with each thing that a report must show, and the tree it is of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from portcheck.facts.base import Fact, FactKind
from portcheck.result import Call, FileCoverage, Kernel, Parameter, Region, ScanResult
from portcheck.source import Skipped
from portcheck.source.place import Place

DISPATCH = """\
template <int kRanks, bool kCached>
__global__ void dispatch(const int4* x, int n) {
\tauto v = reinterpret_cast<const int4*>(x);
    /* 每个令牌 */ st_release(flag, v);
#ifdef SLOW
    sum += float(x[0]);
#endif
    copy(v,
         n);
    oops ((
}
"""
UTILS = "__device__ void copy(int4 v, int n) { }\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleFact(Fact):
    """Stands for facts of any kind; `kind` is fixed by the subclasses below."""

    kind: ClassVar[FactKind] = FactKind.VEC_CAST
    target: str
    elements: tuple[int, ...] = ()

    @property
    def detail(self) -> str:
        return f"to {self.target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleScope(ExampleFact):
    kind: ClassVar[FactKind] = FactKind.SYNC_SCOPE


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleSum(ExampleFact):
    kind: ClassVar[FactKind] = FactKind.FP32_ACCUM


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleCopy(ExampleFact):
    kind: ClassVar[FactKind] = FactKind.TMA_COPY


def span(path: str, text: str, part: str) -> Place:
    """The place of the first `part` in `text`."""
    start = text.index(part)
    end = start + len(part)
    line = text.count("\n", 0, start) + 1
    end_line = text.count("\n", 0, end) + 1
    return Place(
        path=path,
        start_byte=len(text[:start].encode()),
        end_byte=len(text[:end].encode()),
        line=line,
        column=start - text.rfind("\n", 0, start),
        end_line=end_line,
        end_column=end - text.rfind("\n", 0, end),
    )


def dispatch(part: str) -> Place:
    return span("csrc/dispatch.cu", DISPATCH, part)


def utils(part: str) -> Place:
    return span("csrc/utils.cuh", UTILS, part)


def example(root: str = "/src/ep") -> ScanResult:
    """The scan of the tree that `write_tree` writes."""
    name = "ep::dispatch"
    return ScanResult(
        root=root,
        files=(
            FileCoverage(
                path="csrc/dispatch.cu",
                encoding="utf-8",
                total_bytes=len(DISPATCH.encode()),
                unreadable=(Region(dispatch("oops (("), "syntax error"),),
                inactive=(Region(dispatch("    sum += float(x[0]);\n"), "#ifdef SLOW"),),
            ),
            FileCoverage(path="csrc/utils.cuh", encoding="utf-8-sig", total_bytes=len(UTILS.encode())),
        ),
        skipped=(Skipped("csrc/blob.cu", "binary"),),
        facts=(
            ExampleFact(
                place=dispatch("reinterpret_cast<const int4*>(x)"),
                function=name,
                target="const int4*",
                elements=(4, 4),
                width_bytes=16,
            ),
            ExampleScope(place=dispatch("st_release(flag, v)"), function=name, target="release.sys"),
            ExampleSum(
                place=dispatch("sum += float(x[0])"),
                function=name,
                active=False,
                condition="#ifdef SLOW",
                target="float",
            ),
            ExampleCopy(
                place=dispatch("copy(v,\n         n)"),
                function=name,
                related=(utils("copy"),),
                target="shared",
                width_bytes=16,
            ),
            ExampleCopy(place=utils("{ }"), function="copy", definition=True, target="shared"),
        ),
        kernels=(
            Kernel(
                name=name,
                place=dispatch("dispatch"),
                template_parameters=(Parameter("int", "kRanks"), Parameter("bool", "kCached", "false")),
                parameters=(Parameter("const int4*", "x"), Parameter("int", "n")),
                launch_bounds="768, 1",
                cluster_dims="",
                active=True,
                launches=(utils("copy"),),
                instantiations=(("2", "true"), ("16", "false")),
            ),
        ),
        calls=(
            Call(caller=name, callee="copy", place=dispatch("copy(v"), resolved=True),
            Call(caller=name, callee="st_release", place=dispatch("st_release"), resolved=False),
        ),
        defines=("FAST", "ARCH=90"),
    )


def empty(*skipped: Skipped) -> ScanResult:
    """A scan that found nothing to analyse."""
    return ScanResult(root=".", files=(), skipped=skipped, facts=(), kernels=(), calls=())


def write_tree(folder: Path) -> None:
    """Write the files of `example` below `folder`."""
    (folder / "csrc").mkdir()
    (folder / "csrc/dispatch.cu").write_text(DISPATCH, encoding="utf-8")
    (folder / "csrc/utils.cuh").write_text(UTILS, encoding="utf-8-sig")


def line_text(path: str, line: int) -> str | None:
    """The source lines of `example`, from memory."""
    lines = {"csrc/dispatch.cu": DISPATCH, "csrc/utils.cuh": UTILS}[path].split("\n")
    return lines[line - 1] if line <= len(lines) else None
