"""The scan for a person: by file and line, each fact with its source, the summary last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from portcheck.facts.base import Fact
from portcheck.report.snippet import snippet
from portcheck.report.style import Style, counted, safe
from portcheck.report.summary import summary
from portcheck.result import Kernel, Region, ScanResult
from portcheck.source.place import Place

SourceLines = Callable[[str, int], str | None]
"""Gives the text of line `line` (1-based) of the file that the scan calls `path`."""

WIDTH_COLUMNS = 120


@dataclass(frozen=True, slots=True)
class Entry:
    """Something to show at a place; `source` asks for its source line below it."""

    place: Place
    headline: str
    source: bool
    related: tuple[Place, ...] = ()


def render(
    result: ScanResult,
    line_text: SourceLines,
    style: Style | None = None,
    width: int = WIDTH_COLUMNS,
) -> Iterator[str]:
    """The report's lines, `width` columns wide at most where source is quoted."""
    style = style or Style()
    for path, entries in _by_file(result, style).items():
        yield from _file_block(path, entries, line_text, style, width)
    yield from summary(result, style)


def fact_headline(fact: Fact, style: Style) -> str:
    """`path:line:column  kind  detail  in function`, and how the fact is to be taken."""
    where, kind, detail = style.place(fact.place), fact.kind.value, safe(fact.detail)
    tail = f"  in {safe(fact.function)}" if fact.function else ""
    marks = "  definition" if fact.definition else ""
    if not fact.active:
        marks += f"  off: {safe(fact.condition)}" if fact.condition else "  off"
        return style("quiet", f"{where}  {kind}  {detail}{tail}{marks}")
    return f"{where}  {style('kind', kind)}  {detail}{style('quiet', tail + marks)}"


def kernel_signature(kernel: Kernel) -> str:
    """The kernel's name with its template parameters as declared."""
    if not kernel.template_parameters:
        return safe(kernel.name)
    names = (f"{p.type} {p.name}".strip() for p in kernel.template_parameters)
    return safe(f"{kernel.name}<{', '.join(names)}>")


def _by_file(result: ScanResult, style: Style) -> dict[str, list[Entry]]:
    entries: dict[str, list[Entry]] = defaultdict(list)
    for entry in _entries(result, style):
        entries[entry.place.path].append(entry)
    order = {file.path: index for index, file in enumerate(result.files)}
    paths = sorted(entries, key=lambda path: (order.get(path, len(order)), path))
    return {path: sorted(entries[path], key=lambda entry: entry.place.start_byte) for path in paths}


def _entries(result: ScanResult, style: Style) -> Iterator[Entry]:
    for kernel in result.kernels:
        yield Entry(kernel.place, _kernel_headline(kernel, style), source=False)
    for file in result.files:
        for region in file.unreadable:
            yield Entry(region.place, _region_headline(region, style), source=False)
    for fact in result.facts:
        yield Entry(fact.place, fact_headline(fact, style), source=True, related=fact.related)


def _kernel_headline(kernel: Kernel, style: Style) -> str:
    bounds = f"  launch bounds {safe(kernel.launch_bounds)}" if kernel.launch_bounds else ""
    off = "" if kernel.active else "  off"
    where = style.place(kernel.place)
    return f"{where}  {style('kernel', f'kernel  {kernel_signature(kernel)}')}{style('quiet', bounds + off)}"


def _region_headline(region: Region, style: Style) -> str:
    size = counted(region.place.end_byte - region.place.start_byte, "byte")
    what = f"unreadable  {size} to line {region.place.end_line}: {safe(region.reason)}"
    return f"{style.place(region.place)}  {style('warning', what)}"


def _file_block(
    path: str, entries: Iterable[Entry], line_text: SourceLines, style: Style, width: int
) -> Iterator[str]:
    yield style("heading", style.path(path))
    for entry in entries:
        yield entry.headline
        text = line_text(path, entry.place.line) if entry.source else None
        if text is not None:
            yield from snippet(text, entry.place, width, style)
        for place in entry.related:
            yield style("quiet", f"       = through {style.place(place)}")
    yield ""
