"""The amounts of shared memory that a kernel is launched with, and which targets have room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from portcheck.analysis.capacity import Fit
from portcheck.analysis.proof import Proof
from portcheck.report.memory_needs import Launch, Need
from portcheck.report.proof_text import telling
from portcheck.report.style import Style, elided, safe
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import Severity

_COLUMNS = 110
_REASON_COLUMNS = 150
_CONDITION_COLUMNS = 60
_SHOWN_NEEDS = 4
_SHOWN_PLACES = 2
_SHOWN_VALUES = 4


def needs_lines(needs: Sequence[Need], style: Style) -> Iterator[str]:
    """The launches, then a line or a block an amount."""
    needs = joined(needs)
    launches = [launch for need in needs for launch in need.launches]
    if not needs:
        yield style("quiet", "  launched nowhere in these files")
        return
    if launches:
        yield style("quiet", f"  launched at {_places(launches, style)}{_with(' with ', launches, launches)}")
    amounts = [_amount(need) for need in needs]
    wheres = [_where(need, launches, style) for need in needs]
    widths = _widths([fits for need in needs for fits in _grouped(need)])
    wide, far = max(map(len, amounts)), max(map(len, wheres))
    shown = _largest(needs)
    for need, amount, where in zip(needs, amounts, wheres, strict=True):
        if need not in shown:
            continue
        head = f"  needs {amount:>{wide}}"
        if all(fit.proof.verdict is Verdict.HOLDS for fit in need.fits):
            padded = f"  {where:<{far}}" if far else ""
            yield f"{head}{padded}  {style('holds', f'{_outcome(need, need.fits)} on every target')}"
            continue
        yield f"{head}  {where}".rstrip()
        for fits in _grouped(need):
            yield _line(need, fits, widths, style)
    if len(shown) < len(needs):
        yield style("quiet", f"  and {len(needs) - len(shown):,} more, all of them in --format json")


def _largest(needs: Sequence[Need]) -> list[Need]:
    """Those that are shown: what is too much for a target before what fits, then the largest."""

    def rank(need: Need) -> tuple[bool, int]:
        return all(fit.proof.verdict is Verdict.HOLDS for fit in need.fits), -(need.number or 0)

    return sorted(needs, key=rank)[:_SHOWN_NEEDS]


def joined(needs: Sequence[Need]) -> list[Need]:
    """Amounts that no launch makes a number and that fit alike are one, with the worst of their examples."""
    grouped: dict[object, list[Need]] = {}
    for index, need in enumerate(needs):
        alike = tuple((fit.requirement.code, fit.target.name, fit.proof.verdict) for fit in need.fits)
        known = need.number is not None or need.memory.bytes_needed is None
        grouped.setdefault(index if known else (str(need.memory.bytes_needed), alike), []).append(need)
    return [_one(members) for members in grouped.values()]


def _one(needs: Sequence[Need]) -> Need:
    first = needs[0]
    if len(needs) == 1:
        return first
    launches = tuple(dict.fromkeys(launch for need in needs for launch in need.launches))
    fits = (max(fits, key=_value) for fits in zip(*(need.fits for need in needs), strict=True))
    return replace(first, launches=launches, fits=tuple(replace(f, proof=_apart(f.proof)) for f in fits))


def _value(fit: Fit) -> int:
    return fit.proof.value or 0


def _apart(proof: Proof) -> Proof:
    """A launch's answer without its condition, which is about that launch."""
    return replace(proof, condition=None)


def _amount(need: Need) -> str:
    memory = need.memory
    if memory.bytes_needed is None:
        return "what the launch asks for, which is not known"
    if need.number is None:
        return f"{elided(safe(str(memory.bytes_needed)), _COLUMNS)} bytes"
    text = f"{need.number:,} bytes"
    static = sum(size.value or 0 for _, size in memory.variables)
    return f"{text}, {static:,} of them in variables" if static and need.dynamic else text


def _places(launches: Sequence[Launch], style: Style) -> str:
    places = list(dict.fromkeys(f"{style.path(x.place.path)}:{x.place.line}" for x in launches))
    more = f" and {len(places) - _SHOWN_PLACES:,} more" if len(places) > _SHOWN_PLACES else ""
    return ", ".join(places[:_SHOWN_PLACES]) + more


def _where(need: Need, everyone: Sequence[Launch], style: Style) -> str:
    """What sets the launches of an amount apart from the kernel's others."""
    own = need.launches
    if set(own) == set(everyone) or not own:
        return ""
    labels = {launch.label for launch in everyone}
    with_ = _with("where ", own, everyone) if len(labels) > 1 else ""
    places = {launch.place for launch in own}
    return with_ if places == {x.place for x in everyone} else f"{with_} at {_places(own, style)}".strip()


def _with(word: str, launches: Sequence[Launch], everyone: Sequence[Launch]) -> str:
    """The template arguments; of some launches those that others do not share."""
    alike: dict[str, str] = {}
    if launches is not everyone:
        alike = dict(part.partition("=")[::2] for part in _parts([x.label for x in everyone]))
    parts = _parts([x.label for x in launches])
    shown = [part for part in parts if alike.get(part.partition("=")[0]) != part.partition("=")[2]]
    return word + elided(safe(", ".join(shown)), _COLUMNS) if shown else ""


def _parts(labels: Sequence[str]) -> list[str]:
    """`a=1, b=2` and `a=1, b=3` as `a=1` and `b=2|3`."""
    values: dict[str, dict[str, None]] = {}
    for label in labels:
        for part in label.split(", "):
            name, sign, value = part.partition("=")
            if not sign and values:  # `T=Pair<int, 4>`
                name, given = next(reversed(values.items()))
                last = next(reversed(given))
                del given[last]
                value = f"{last}, {part}"
            values.setdefault(name, {})[value] = None
    return [f"{name}={_listed(list(given))}" for name, given in values.items() if name]


def _listed(values: list[str]) -> str:
    if len(values) <= _SHOWN_VALUES:
        return "|".join(values)
    return f"{values[0]}|{values[1]}|…|{values[-1]}"


# -- targets -------------------------------------------------------------------------------


def _grouped(need: Need) -> list[list[Fit]]:
    """The targets that a requirement says the same of; limits are told apart where one is passed."""
    found: dict[object, list[Fit]] = {}
    for fit in need.fits:
        open_ = fit.proof.verdict in (Verdict.HOLDS, Verdict.UNKNOWN)
        limit = None if open_ else fit.requirement.limit(fit.target)
        said = (fit.requirement.code, limit, fit.proof.verdict, str(fit.proof.condition))
        found.setdefault(said, []).append(fit)
    return list(found.values())


def _cells(fits: Sequence[Fit]) -> tuple[str, str, str]:
    requirement = fits[0].requirement
    return (
        requirement.severity.value,
        f"{requirement.code} {requirement.name}",
        " ".join(fit.target.name for fit in fits),
    )


def _widths(listed: Sequence[Sequence[Fit]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*map(_cells, listed), strict=True)]


def _line(need: Need, fits: Sequence[Fit], widths: Sequence[int], style: Style) -> str:
    cells = "  ".join(text.ljust(width) for text, width in zip(_cells(fits), widths, strict=True))
    fit = fits[0]
    serious = fit.requirement.severity is Severity.BREAKS or fit.proof.verdict is Verdict.HOLDS
    role = fit.proof.verdict.value if serious else "quiet"
    return f"    {cells}  {style(role, _outcome(need, fits))}"


def _outcome(need: Need, fits: Sequence[Fit]) -> str:
    """`fits, 8,192 bytes left`, `8,464 bytes too much for 196,352`, `fits where n <= 8`."""
    fit = fits[0]
    proof, limit, over = fit.proof, fit.requirement.limit(fit.target), need.over(fit)
    if proof.verdict is Verdict.HOLDS:
        left = {-o for o in map(need.over, fits) if o is not None}
        more = " or more" if len(left) > 1 else ""
        return f"fits, {min(left):,} bytes{more} left" if left else "fits"
    if proof.verdict is Verdict.VIOLATED:
        if over is None:
            return f"too much for {limit:,} bytes{_example(fit)}"
        return f"{over:,} bytes too much for {limit:,}"
    if proof.verdict is Verdict.DEPENDS:
        where = "" if proof.condition is None else safe(str(proof.condition))
        readable = where and len(where) <= _CONDITION_COLUMNS
        return f"fits {f'where {where}' if readable else 'for some sizes'}{_example(fit)}"
    why = proof.why.replace(str(limit), "the limit")
    return cut(f"unknown: {why}", _REASON_COLUMNS)


def _example(fit: Fit) -> str:
    """Values for which it is too much."""
    limit, value = fit.requirement.limit(fit.target), fit.proof.value
    if limit is None or value is None or value <= limit:
        return ""
    values = ", ".join(f"{name}={number}" for name, number in telling(fit.proof).items())
    return safe(f": {values} needs {value:,}" if values else f": {value:,}")


def cut(text: str, width: int) -> str:
    """The text without its end where it is wider; a reason says what matters first."""
    text = safe(text)
    return text if len(text) <= width else f"{text[: width - 1].rstrip()}…"
