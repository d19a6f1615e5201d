"""Measures portcheck's facts against what nvcc really emits.

    python benchmarks/nvcc_witness.py --facts FACTS.jsonl --root SRCROOT UNIT.cu [...] [--nvcc PATH] [-I DIR]

Each unit is compiled to PTX (``-arch=sm_90a -O3 -lineinfo``; a unit that ends in ``.ptx`` is read as it is).
Two sets of witness lines under SRCROOT come out of the instructions that move 16 bytes or more at once (loads
and stores in global, shared or generic space, 16-byte ``cp.async``, vector reductions) and of bulk copies:

* ``inner``: the innermost line under SRCROOT, often the body of a wrapper;
* ``outer``: the outermost line under SRCROOT, in the text of the kernel (a lambda's body is text of the
  kernel; the line that merely calls the lambda is not taken).

Recall is the share of witness lines on which portcheck has a fact of kind ``vec_access`` (16 bytes or more,
or of unknown width) or ``tma_copy``. A fact covers ``line .. end_line``, and one more line on either side,
because a call that spans lines has one ``.loc`` only, not always that of its first line (``--tolerance``
changes this). A line that only facts marked inactive cover counts as found and is named. ``chains`` counts
each different way from the innermost to the outermost line, found when any line of it is: a function that
calls a function that calls a wrapper has its fact in the middle.

The reverse: of the facts that are active and say 16 bytes or more (or are bulk copies), and that lie in a
function which the unit instantiates, the share with a witness line, inner, outer or between. A function's
extent is that of the lines that the PTX shows for it, so a last statement that left no instruction lies
outside.

Registers and local arrays do not count: ``ld.local`` and ``st.local`` are left out. nvcc may also join narrow
neighbours into one wide access. Such lines are no miss, but a person has to say so: they are marked "no
vector type on the line" when they carry no inline asm, no cast and no vector type, and ``--judged FILE``
(lines of ``PATH:LINE REASON``) names those judged to be vectorised by the compiler. Recall is then printed
with and without them.

Exit status: 0 when measured (whatever the numbers), 2 when a unit does not compile or the input is unusable.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ptx import WIDE_BYTES, Instruction, read_ptx

WITNESS_FLAGS = (
    "-arch=sm_90a",
    "-std=c++17",
    "-O3",
    "-lineinfo",
    "--expt-relaxed-constexpr",
    "--extended-lambda",
    "-ptx",
)

_VECTOR_ON_LINE = re.compile(
    r"\b(?:make_)?u?(?:int|float|double|short|char|long|longlong|bfloat16|half)[2348]\b"
    r"|\b(?:__)?(?:nv_)?bfloat162\b|\b__half2\b|\breinterpret_cast\b|\bstatic_cast<[^<>]*\*"
)
_COMMENT = re.compile(r"//.*|/\*.*?\*/")

Line = tuple[str, int]
"""A path relative to the root, and a line number from 1."""


class UnusableInputError(Exception):
    """A unit that does not compile, or facts that cannot be read."""


@dataclass(frozen=True)
class Fact:
    kind: str
    path: str
    line: int
    end_line: int
    bytes: int | None
    active: bool
    definition: bool

    @property
    def may_be_wide(self) -> bool:
        return self.says_wide or (self.kind == "vec_access" and self.bytes is None)

    @property
    def says_wide(self) -> bool:
        if self.kind == "vec_access":
            return self.bytes is not None and self.bytes >= WIDE_BYTES
        return self.kind == "tma_copy"

    def covers(self, line: int, tolerance: int) -> bool:
        return self.line - tolerance <= line <= self.end_line + tolerance


@dataclass
class Witness:
    """What the units show, over all of them."""

    inner: dict[Line, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    outer: dict[Line, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    chains: set[tuple[Line, ...]] = field(default_factory=set)
    """The different ways from an inner line to its outer line."""
    hand_written: set[Line] = field(default_factory=set)
    """Inner lines that are themselves inline asm."""
    intrinsic: set[Line] = field(default_factory=set)
    """Inner lines that call inline asm of a header outside the root, such as ``__ldg``."""
    extents: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """First and last line of each function that was instantiated, by path and PTX label."""
    outside: int = 0
    """Wide instructions without any line under the root."""
    local: int = 0
    """Wide accesses to local memory, left out."""
    ambiguous: int = 0
    """Wide instructions whose call site could be one of several."""
    instructions: int = 0
    kernels: set[str] = field(default_factory=set)

    def any_line(self) -> set[Line]:
        return {line for chain in self.chains for line in chain}

    def instantiates(self, fact: Fact) -> bool:
        return any(
            path == fact.path and first <= fact.end_line and fact.line <= last
            for (path, _), (first, last) in self.extents.items()
        )


# ---- the compiler's side -------------------------------------------------------------------------


def find_nvcc(given: str | None = None) -> str | None:
    """``given``, or nvcc on PATH, under CUDA_HOME, or at the usual place."""
    if given is not None:
        return given
    homes = [os.environ.get("CUDA_HOME"), os.environ.get("CUDA_PATH"), "/usr/local/cuda"]
    candidates = [shutil.which("nvcc"), *(f"{home}/bin/nvcc" for home in homes if home)]
    return next((path for path in candidates if path and os.access(path, os.X_OK)), None)


def compile_to_ptx(unit: Path, nvcc: str, extra: Sequence[str], keep: Path | None = None) -> str:
    """The PTX of ``unit``, also put into ``keep``; raises UnusableInputError with the compiler's words."""
    with tempfile.TemporaryDirectory() as scratch:
        target = (keep or Path(scratch)) / (unit.stem + ".ptx")
        command = [nvcc, *WITNESS_FLAGS, *extra, "-o", str(target), str(unit)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise UnusableInputError(
                f"{unit}: nvcc failed\n  {' '.join(command)}\n{done.stderr.strip()[-2000:]}"
            )
        return target.read_text(encoding="utf-8", errors="replace")


def collect(witness: Witness, instructions: Iterable[Instruction], root: Path) -> None:
    """Adds one unit's instructions to ``witness``."""
    relative: dict[str, str | None] = {}
    for instruction in instructions:
        witness.instructions += 1
        witness.kernels.add(instruction.kernel)
        for place, function in zip(instruction.chain, instruction.functions, strict=True):
            if place.path not in relative:
                relative[place.path] = _relative(place.path, root)
            path = relative[place.path]
            if path is None or place.line == 0:
                continue
            first, last = witness.extents.get((path, function), (place.line, place.line))
            witness.extents[(path, function)] = (min(first, place.line), max(last, place.line))

        access = instruction.access
        if access is None:
            continue
        if access.kind in ("load", "store") and access.space == "local" and (access.bytes or 0) >= WIDE_BYTES:
            witness.local += 1
        if not (access.is_wide_access or access.is_bulk_copy):
            continue
        places = [
            (path, place.line)
            for place in instruction.textual_chain
            if (path := relative[place.path]) is not None and place.line > 0
        ]
        if not places:
            witness.outside += 1
            continue
        witness.ambiguous += instruction.ambiguous
        what = f"{access.kind} {access.space}"
        if access.bytes is not None:
            what += f" {access.bytes} B"
        witness.inner[places[0]][what] += 1
        witness.outer[places[-1]][what] += 1
        witness.chains.add(tuple(places))
        if instruction.inline_asm:
            is_innermost = relative[instruction.chain[0].path] is not None
            (witness.hand_written if is_innermost else witness.intrinsic).add(places[0])


def _relative(path: str, root: Path) -> str | None:
    try:
        return Path(os.path.realpath(path)).relative_to(root).as_posix()
    except ValueError:
        return None


# ---- portcheck's side ----------------------------------------------------------------------------


def read_facts(path: Path) -> list[Fact]:
    """Facts from JSON lines; a line that cannot be used is an error with its number."""
    facts = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
            line = int(row["line"])
            facts.append(
                Fact(
                    kind=str(row["kind"]),
                    path=str(row["path"]),
                    line=line,
                    end_line=int(row.get("end_line") or line),
                    bytes=row.get("bytes"),
                    active=bool(row.get("active", True)),
                    definition=bool(row.get("definition", False)),
                )
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UnusableInputError(f"{path}:{number}: not a fact: {error!r}") from error
    return facts


def read_judged(path: Path) -> dict[Line, str]:
    """``PATH:LINE REASON`` lines; ``#`` begins a comment."""
    judged: dict[Line, str] = {}
    for text in path.read_text(encoding="utf-8").splitlines():
        text = text.strip()
        if not text or text.startswith("#"):
            continue
        where, _, reason = text.partition(" ")
        name, _, line = where.rpartition(":")
        if not line.isdigit():
            raise UnusableInputError(f"{path}: expected PATH:LINE REASON, got {text!r}")
        judged[(name, int(line))] = reason.strip() or "no reason given"
    return judged


# ---- the comparison ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Comparison:
    """Line sets only; the shares follow from their sizes."""

    witness: Witness
    found: frozenset[Line]
    """Witness lines (inner, outer or between) that a fact covers."""
    found_inactive: frozenset[Line]
    """Those of ``found`` that only facts marked inactive cover: the compiler disagrees with the mark."""
    judged: Mapping[Line, str]
    confirmed: tuple[Fact, ...]
    unconfirmed: tuple[Fact, ...]
    not_instantiated: tuple[Fact, ...]
    """Facts that say 16 bytes or more, in functions that no unit instantiates: neither way."""


def compare(
    witness: Witness, facts: Sequence[Fact], tolerance: int, judged: Mapping[Line, str]
) -> Comparison:
    by_path: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.may_be_wide:
            by_path[fact.path].append(fact)
    covering = {
        line: [fact for fact in by_path[line[0]] if fact.covers(line[1], tolerance)]
        for line in witness.any_line()
    }
    found = frozenset(line for line, several in covering.items() if several)
    inactive = frozenset(line for line in found if not any(f.active for f in covering[line]))

    shown: dict[str, set[int]] = defaultdict(set)
    for path, number in witness.any_line():
        shown[path].add(number)
    confirmed, unconfirmed, skipped = [], [], []
    for fact in facts:
        if not (fact.says_wide and fact.active):
            continue
        if any(fact.covers(number, tolerance) for number in shown[fact.path]):
            confirmed.append(fact)
        elif witness.instantiates(fact):
            unconfirmed.append(fact)
        else:
            skipped.append(fact)
    return Comparison(witness, found, inactive, judged, tuple(confirmed), tuple(unconfirmed), tuple(skipped))


# ---- printing ------------------------------------------------------------------------------------


class SourceText:
    """Lines of the files under a root, read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files: dict[str, list[str]] = {}

    def line(self, path: str, number: int) -> str:
        if path not in self._files:
            try:
                text = (self._root / path).read_text(encoding="utf-8", errors="replace")
                self._files[path] = text.splitlines()
            except OSError:
                self._files[path] = []
        lines = self._files[path]
        return lines[number - 1].strip() if 0 < number <= len(lines) else ""


def idiom(line: Line, witness: Witness, source: SourceText) -> str:
    """How a witness line shows its width."""
    if line not in witness.inner:
        return "call of a wrapper"
    if line in witness.hand_written:
        return "inline asm"
    if line in witness.intrinsic:
        return "intrinsic"
    text = _COMMENT.sub("", source.line(*line))
    return "vector type" if _VECTOR_ON_LINE.search(text) else "no vector type on the line"


def render(comparison: Comparison, source: SourceText, list_all: bool) -> str:
    witness = comparison.witness
    out = [
        f"{len(witness.kernels)} kernels and functions, {witness.instructions} instructions",
        f"wide instructions outside the root: {witness.outside}",
        f"wide accesses to local memory (left out): {witness.local}",
        f"wide instructions with more than one possible call site: {witness.ambiguous}",
        "",
        *_recall(comparison, source),
        *_reverse(comparison),
    ]
    lines = set(witness.inner) | set(witness.outer)
    sections = [
        ("missing", lines - comparison.found - set(comparison.judged), True),
        ("found", comparison.found & lines, list_all),
        ("found, but marked inactive", comparison.found_inactive, bool(comparison.found_inactive)),
    ]
    for title, chosen, shown in sections:
        if shown:
            out += ["", f"{title} ({len(chosen)}):"]
            out += [_describe(line, witness, source) for line in sorted(chosen)]
    named = sorted(lines & set(comparison.judged))
    if named:
        out += ["", f"vectorised by the compiler, judged by a person ({len(named)}):"]
        out += [f"{_describe(line, witness, source)}\n      {comparison.judged[line]}" for line in named]
    out += _facts("facts without a witness", comparison.unconfirmed, source)
    if list_all:
        out += _facts("facts in functions that no unit instantiates", comparison.not_instantiated, source)
    return "\n".join(out) + "\n"


def _recall(comparison: Comparison, source: SourceText) -> list[str]:
    witness, out = comparison.witness, []
    inner, outer = set(witness.inner), set(witness.outer)
    for title, lines in (("inner", inner), ("outer", outer), ("together", inner | outer)):
        counts = Counter(idiom(line, witness, source) for line in lines)
        kinds = ", ".join(f"{counts[name]} {name}" for name in sorted(counts)) or "no lines"
        out.append(f"recall {title:9} {_share(len(lines & comparison.found), len(lines))}  ({kinds})")
        left = lines - set(comparison.judged)
        if left != lines:
            share = _share(len(left & comparison.found), len(left))
            out.append(f"  without those vectorised by the compiler: {share}")
    seen = sum(1 for chain in witness.chains if not comparison.found.isdisjoint(chain))
    out.append(f"recall chains    {_share(seen, len(witness.chains))}")
    return out


def _reverse(comparison: Comparison) -> list[str]:
    share = _share(len(comparison.confirmed), len(comparison.confirmed) + len(comparison.unconfirmed))
    skipped = len(comparison.not_instantiated)
    return [
        f"reverse          {share} of the wide facts in instantiated functions have a witness",
        f"  not judged: {skipped} wide facts in functions that no unit instantiates",
    ]


def _facts(title: str, facts: Sequence[Fact], source: SourceText) -> list[str]:
    if not facts:
        return []
    out = ["", f"{title} ({len(facts)}):"]
    for fact in sorted(facts, key=lambda f: (f.path, f.line)):
        mark = "  [definition]" if fact.definition else ""
        out.append(f"  {fact.path}:{fact.line}  {fact.kind} {fact.bytes or '?'} B{mark}")
        out.append(f"      {source.line(fact.path, fact.line)}")
    return out


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole} = {100 * part / whole:.1f} %" if whole else "0/0"


def _describe(line: Line, witness: Witness, source: SourceText) -> str:
    roles = [name for name, lines in (("inner", witness.inner), ("outer", witness.outer)) if line in lines]
    seen = witness.inner.get(line) or witness.outer[line]
    what = ", ".join(f"{count} x {name}" for name, count in sorted(seen.items()))
    head = f"  {line[0]}:{line[1]}  {'+'.join(roles)}  [{idiom(line, witness, source)}]  {what}"
    return f"{head}\n      {source.line(*line)}"


def as_json(comparison: Comparison, source: SourceText) -> str:
    witness = comparison.witness
    rows = [
        {
            "path": line[0],
            "line": line[1],
            "inner": dict(witness.inner.get(line, {})),
            "outer": dict(witness.outer.get(line, {})),
            "idiom": idiom(line, witness, source),
            "found": line in comparison.found,
            "judged": comparison.judged.get(line),
            "text": source.line(*line),
        }
        for line in sorted(set(witness.inner) | set(witness.outer))
    ]
    report = {
        "lines": rows,
        "confirmed": [vars(fact) for fact in comparison.confirmed],
        "unconfirmed": [vars(fact) for fact in comparison.unconfirmed],
        "not_instantiated": [vars(fact) for fact in comparison.not_instantiated],
    }
    return json.dumps(report, indent=1) + "\n"


# ---- command line --------------------------------------------------------------------------------


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="nvcc_witness.py",
        description=(__doc__ or "").split("\n\n", 1)[0],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("units", nargs="+", type=Path, metavar="UNIT", help=".cu to compile, or .ptx to read")
    add("--facts", type=Path, help="portcheck's facts as JSON lines; without it only the witness is shown")
    add("--root", type=Path, required=True, help="the source root that the facts' paths are relative to")
    add("--judged", type=Path, help="PATH:LINE REASON of lines that the compiler vectorised by itself")
    add("--nvcc", help="default: on PATH, under CUDA_HOME, /usr/local/cuda/bin")
    add("-I", dest="include", action="append", default=[], metavar="DIR", help="include directory")
    add("-D", dest="define", action="append", default=[], metavar="NAME[=VALUE]", help="macro")
    add("--flag", action="append", default=[], help="any other nvcc flag: --flag=--diag-suppress=128")
    add("--keep", type=Path, metavar="DIR", help="write the PTX files there")
    add("--tolerance", type=int, default=1, metavar="LINES", help="lines around a fact (default 1)")
    add("--all", action="store_true", dest="list_all", help="also list what was found or not judged")
    add("--json", type=Path, metavar="FILE", help="also write all lines as JSON")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _arguments(argv)
    root = Path(os.path.realpath(arguments.root))
    extra = [*(f"-I{d}" for d in arguments.include), *(f"-D{d}" for d in arguments.define), *arguments.flag]
    nvcc = find_nvcc(arguments.nvcc)
    if arguments.keep is not None:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    witness = Witness()
    try:
        facts = read_facts(arguments.facts) if arguments.facts else []
        judged = read_judged(arguments.judged) if arguments.judged else {}
        for unit in arguments.units:
            if unit.suffix == ".ptx":
                text = unit.read_text(encoding="utf-8", errors="replace")
            elif nvcc is None:
                raise UnusableInputError("no nvcc found: give --nvcc, or .ptx files")
            else:
                text = compile_to_ptx(unit, nvcc, extra, arguments.keep)
            collect(witness, read_ptx(text), root)
    except (UnusableInputError, OSError) as error:
        print(f"nvcc_witness: {error}", file=sys.stderr)
        return 2
    comparison = compare(witness, facts, arguments.tolerance, judged)
    source = SourceText(root)
    sys.stdout.write(render(comparison, source, arguments.list_all))
    if arguments.json is not None:
        arguments.json.write_text(as_json(comparison, source), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
