"""Writes an instrumented copy of a folder and of the program that runs it."""

from __future__ import annotations

import pickle
import re
import shutil
import sys
from collections import defaultdict
from pathlib import Path

from benchmarks.gpu import rewrite
from benchmarks.gpu.rewrite import CannotWriteError, Wrap
from benchmarks.gpu.sites import Plan, Site, plan
from portcheck.analysis import analyse
from portcheck.analysis.engine import Analysis
from portcheck.source.place import Place
from portcheck.syntax import expand_call, parse_text, split_arguments

MAX_BYTES = 262_144  # of what a macro call expands to
_INCLUDE = re.compile(rb'^(\s*#\s*include\s*")([^"]+)(")', re.MULTILINE)
_MAIN = re.compile(rb"\bint\s+main\s*\(")
_MACRO_CALL = re.compile(rb"([A-Za-z_]\w*)\s*\(")


def instrument(folder: Path, drivers: list[Path], out: Path) -> Plan:
    """Analyse `folder`; write `out`/tree, `out`/program.cu and `out`/plan.pickle."""
    analysis = analyse([str(folder)])
    made = plan(analysis)
    tree = out / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(folder, tree)
    wraps, replaced = _edits(analysis, made, folder)
    for path in sorted(set(wraps) | set(replaced)):
        data = (folder / path).read_bytes()
        (tree / path).write_bytes(_written(data, wraps[path], replaced[path]))
    _program(made, folder, drivers, out)
    sys.setrecursionlimit(20_000)
    (out / "plan.pickle").write_bytes(pickle.dumps(made))
    return made


def _edits(
    analysis: Analysis, made: Plan, folder: Path
) -> tuple[dict[str, list[Wrap]], dict[str, dict[tuple[int, int], bytes]]]:
    wraps: dict[str, list[Wrap]] = defaultdict(list)
    replaced: dict[str, dict[tuple[int, int], bytes]] = defaultdict(dict)
    texts: dict[str, bytes] = {}

    def text_of(place: Place) -> bytes:
        if place.path not in texts:
            texts[place.path] = (folder / place.path).read_bytes()
        return texts[place.path][place.start_byte : place.end_byte]

    in_macros: dict[Place, list[Site]] = defaultdict(list)
    for site in made.sites.values():
        if site.problem:
            continue
        text = text_of(site.place)
        name = _MACRO_CALL.match(text)
        macro = analysis.reading.context.macros.get(name[1].decode(), site.place.path) if name else None
        if macro is not None and macro.parameters is not None:
            in_macros[site.place].append(site)
            continue
        try:
            wraps[site.place.path] += rewrite.site_wraps(site, text, site.place.start_byte)
        except CannotWriteError as problem:
            site.problem = str(problem)
    for place, sites in in_macros.items():
        _expanded(analysis, place, text_of(place), sites, replaced[place.path])
    for place, number in made.calls.items():
        inside = any(s <= place.start_byte and place.end_byte <= e for s, e in replaced[place.path])
        try:
            node, _tree = rewrite.expression(text_of(place))
        except CannotWriteError as problem:
            made.bad_calls[place] = str(problem)
            continue
        if inside or node.type != "call_expression":
            made.bad_calls[place] = "it stands in a macro call" if inside else f"it is no call ({node.type})"
            continue
        wraps[place.path].append(rewrite.call(number, place.start_byte, place.end_byte))
    for kernel in made.kernels:
        entry = b" pc::entry(%d);" % kernel.number
        for index, (_, given) in enumerate(kernel.values):
            entry += b" pc::parameter(%d, %d, %s);" % (kernel.number, index, given.encode())
        wraps[kernel.path].append(Wrap(kernel.body, kernel.body, entry, b""))
        for index, (variable, at) in enumerate(kernel.shared):
            note = b" pc::base(%d, %d, (const void*)&%s);" % (kernel.number, index, variable.encode())
            wraps[kernel.path].append(Wrap(at, at, note, b""))
    return wraps, replaced


def _expanded(
    analysis: Analysis, place: Place, text: bytes, sites: list[Site], replaced: dict[tuple[int, int], bytes]
) -> None:
    """A macro call that sites stand in is written out, and instrumented there."""
    name = _MACRO_CALL.match(text)
    assert name is not None
    macros = analysis.reading.context.macros
    macro = macros.get(name[1].decode(), place.path, place.start_byte)
    assert macro is not None
    listed = split_arguments(text[name.end() : text.rstrip().rindex(b")")])
    expansion = expand_call(
        macro, listed, macros, budget_bytes=MAX_BYTES, path=place.path, offset=place.start_byte
    )
    tree = parse_text(expansion.text + b";")
    wraps: list[Wrap] = []
    for site in sites:
        try:
            if not expansion.complete:
                raise CannotWriteError("its macro call expands to too much")
            wraps += rewrite.in_expansion(site, tree.root_node, expansion.text)
        except CannotWriteError as problem:
            site.problem = str(problem)
    if wraps:
        replaced[place.start_byte, place.end_byte] = rewrite.applied(expansion.text, wraps)


def _written(data: bytes, wraps: list[Wrap], replaced: dict[tuple[int, int], bytes]) -> bytes:
    outside = [w for w in wraps if not any(s <= w.start and w.end <= e for s, e in replaced)]
    if not replaced:
        return rewrite.applied(data, outside)
    marks: list[Wrap] = list(outside)
    for (start, end), new in replaced.items():
        marks.append(Wrap(start, end, b"\x00%d\x01" % start, b"\x02"))
        assert b"\x00" not in new
    text = rewrite.applied(data, marks)
    for (start, _), new in replaced.items():
        text = re.sub(rb"\x00%d\x01[^\x02]*\x02" % start, lambda _m, n=new: n, text)  # type: ignore[misc]
    return text


def _program(made: Plan, folder: Path, drivers: list[Path], out: Path) -> None:
    """The driver's copy, included with its `main` renamed, between setting up and writing the records."""
    here = Path(__file__).parent
    shutil.copy(here / "record.cuh", out / "record.cuh")
    rows = ", ".join(str(s.number) for s in made.sites.values() if s.rows)
    lines = ['#include "record.cuh"', "#define cudaMalloc(...) pc::allocate(__VA_ARGS__)"]
    lines += ["#define cudaMallocManaged(...) pc::allocate_managed(__VA_ARGS__)"]
    for index, driver in enumerate(drivers):
        copy = _copied(driver, f"driver_{index}", folder, out)
        text = (out / copy).read_bytes()
        (out / copy).write_bytes(_MAIN.sub(b"int pc_driver_%d(" % index, text))
        lines.append(f'#include "{copy}"')
    lines += [
        "int main(int count, char** given) {",
        "    pc::begin();",
        "    int status = 0;",
        *(f"    status |= pc_driver_{i}();" for i in range(len(drivers))),
        f"    std::vector<bool> rows({len(made.sites) + 1});",
        f"    for (int site : std::initializer_list<int>{{{rows}}})",
        "        rows[site] = true;",
        '    return pc::end(count > 1 ? given[1] : "records.txt", rows) | status;',
        "}",
    ]
    (out / "program.cu").write_text("\n".join(lines) + "\n")


def _copied(source: Path, name: str, folder: Path, out: Path) -> str:
    """Copies a file of the program; what it includes of `folder` is taken from the instrumented copy."""

    def redirected(match: re.Match[bytes]) -> bytes:
        target = (source.parent / match[2].decode()).resolve()
        if target.is_relative_to(folder.resolve()):
            new = f"tree/{target.relative_to(folder.resolve())}"
        elif target.exists():
            new = _copied(target, f"{name}_{target.stem}", folder, out)
        else:
            return match[0]
        return match[1] + new.encode() + match[3]

    (out / f"{name}.cu").write_bytes(_INCLUDE.sub(redirected, source.read_bytes()))
    return f"{name}.cu"
