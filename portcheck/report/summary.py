"""The end of every text report: what was found, and what was not read and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from portcheck.facts.base import FactKind
from portcheck.report.style import Style, counted, safe
from portcheck.result import ScanResult

_LISTED = 10


def summary(result: ScanResult, style: Style) -> Iterator[str]:
    """Counts by kind, then `coverage`."""
    launches = sum(len(kernel.launches) for kernel in result.kernels)
    instantiations = sum(len(kernel.instantiations) for kernel in result.kernels)
    yield style("heading", "Summary")
    yield (
        f"  kernels  {len(result.kernels):,} with {counted(launches, 'launch place')}"
        f" and {counted(instantiations, 'instantiation')}"
    )
    yield from _kind_table(result, style)
    yield from _apis(result)
    yield from coverage(result, style)


def coverage(result: ScanResult, style: Style) -> Iterator[str]:
    """What the report rests on: files and bytes read, regions and files left out, and why."""
    yield f"  files    {len(result.files):,} read, {result.total_bytes:,} bytes"
    yield f"  root     {safe(result.root)}"
    if result.defines:
        yield f"  defines  {safe(', '.join(result.defines))}"
    yield from _inactive(result)
    yield from _unreadable(result, style)
    yield from _skipped(result, style)


def _kind_table(result: ScanResult, style: Style) -> Iterator[str]:
    total: Counter[FactKind] = Counter()
    off: Counter[FactKind] = Counter()
    definitions: Counter[FactKind] = Counter()
    for fact in result.facts:
        total[fact.kind] += 1
        off[fact.kind] += not fact.active
        definitions[fact.kind] += fact.definition
    yield f"  facts    {len(result.facts):,}"
    for kind in FactKind:
        if kind in total:
            notes = [f"{definitions[kind]:,} in definitions"] if definitions[kind] else []
            notes += [f"{off[kind]:,} off"] if off[kind] else []
            note = f"  ({', '.join(notes)})" if notes else ""
            yield f"    {style('kind', f'{kind.value:<16}')} {total[kind]:>7,}{style('quiet', note)}"


def _apis(result: ScanResult) -> Iterator[str]:
    if any(fact.kind is FactKind.API_CALL for fact in result.facts):
        from portcheck.api_map import api_map

        yield f"  apis     {api_map().coverage(result.facts).text()}"


def _inactive(result: ScanResult) -> Iterator[str]:
    regions = sum(len(file.inactive) for file in result.files)
    if regions:
        size_bytes = sum(file.inactive_bytes for file in result.files)
        yield f"  off      {counted(regions, 'region')}, {size_bytes:,} bytes, by #if under these defines"


def _unreadable(result: ScanResult, style: Style) -> Iterator[str]:
    regions = [region for file in result.files for region in file.unreadable]
    if not regions:
        yield "  unread   0 bytes"
        return
    share = 100 * result.unreadable_bytes / result.total_bytes if result.total_bytes else 0.0
    files = sum(1 for file in result.files if file.unreadable)
    yield style(
        "warning",
        f"  unread   {counted(result.unreadable_bytes, 'byte')}"
        f" ({share:.2f} % of {result.total_bytes:,}) in {counted(files, 'file')}:",
    )
    yield from _first(
        (
            f"{style.place(region.place)}  {counted(region.place.end_byte - region.place.start_byte, 'byte')}"
            f"  {safe(region.reason)}"
            for region in regions
        ),
        len(regions),
    )


def _skipped(result: ScanResult, style: Style) -> Iterator[str]:
    if not result.skipped:
        yield "  skipped  0 files"
        return
    yield style("warning", f"  skipped  {counted(len(result.skipped), 'file')}:")
    yield from _first(
        (f"{style.path(skipped.path)}  {safe(skipped.reason)}" for skipped in result.skipped),
        len(result.skipped),
    )


def _first(lines: Iterable[str], total: int) -> Iterator[str]:
    for _, line in zip(range(_LISTED), lines, strict=False):
        yield f"    {line}"
    if total > _LISTED:
        yield f"    and {total - _LISTED:,} more, all of them in --format json"
