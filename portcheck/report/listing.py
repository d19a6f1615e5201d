"""The model itself as text: one line a fact or call, a small block a kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from portcheck.report.style import Style, safe
from portcheck.report.summary import coverage
from portcheck.report.text import fact_headline, kernel_signature
from portcheck.result import Kernel, ScanResult

_SHOWN_INSTANTIATIONS = 32


def render(result: ScanResult, section: str, style: Style | None = None) -> Iterator[str]:
    """`section` is `facts`, `kernels` or `calls`; coverage follows."""
    style = style or Style()
    yield from _SECTIONS[section](result, style)
    yield style("heading", "Coverage")
    yield from coverage(result, style)


def _facts(result: ScanResult, style: Style) -> Iterator[str]:
    for fact in result.facts:
        yield fact_headline(fact, style)
    if result.facts:
        yield ""


def _calls(result: ScanResult, style: Style) -> Iterator[str]:
    for call in result.calls:
        caller = safe(call.caller) or "(file scope)"
        mark = "" if call.resolved else style("warning", "  (not defined in these files)")
        yield f"{style.place(call.place)}  {caller} -> {safe(call.callee)}{mark}"
    if result.calls:
        yield ""


def _kernels(result: ScanResult, style: Style) -> Iterator[str]:
    for kernel in result.kernels:
        yield from _kernel(kernel, style)
        yield ""


def _kernel(kernel: Kernel, style: Style) -> Iterator[str]:
    off = "" if kernel.active else style("quiet", "  off")
    yield f"{style.place(kernel.place)}  {style('kernel', kernel_signature(kernel))}{off}"
    if kernel.launch_bounds:
        yield f"  launch bounds   {safe(kernel.launch_bounds)}"
    if kernel.cluster_dims:
        yield f"  cluster dims    {safe(kernel.cluster_dims)}"
    for index, parameter in enumerate(kernel.parameters):
        label = "" if index else "parameters"
        yield f"  {label:<14}  {safe(f'{parameter.type} {parameter.name}'.strip())}"
    for index, place in enumerate(kernel.launches):
        yield f"  {'' if index else 'launched at':<14}  {style.place(place)}"
    if not kernel.launches:
        yield style("quiet", "  launched at     nowhere in these files")
    yield from _instantiations(kernel)


def _instantiations(kernel: Kernel) -> Iterator[str]:
    if not kernel.instantiations:
        return
    names = [parameter.name for parameter in kernel.template_parameters]
    shown = [[safe(a) for a in arguments] for arguments in kernel.instantiations[:_SHOWN_INSTANTIATIONS]]
    rows = [[safe(name) for name in names], *shown]
    widths = [max(len(row[i]) for row in rows if i < len(row)) for i in range(max(map(len, rows)))]
    for index, row in enumerate(rows):
        label = "" if index else "instantiations"
        cells = "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=False))
        yield f"  {label:<14}  {cells}".rstrip()
    left = len(kernel.instantiations) - len(shown)
    if left:
        yield f"  {'':<14}  and {left:,} more, all of them in --format json"


_SECTIONS: dict[str, Callable[[ScanResult, Style], Iterator[str]]] = {
    "facts": _facts,
    "kernels": _kernels,
    "calls": _calls,
}
