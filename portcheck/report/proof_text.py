"""A proof for a person who doubts it: the verdict, what it hangs on, and the lines it rests on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from portcheck.analysis.proof import Line, Proof, Row
from portcheck.report.launch_table import LaunchTable, fold
from portcheck.report.question import Question
from portcheck.report.style import Style, safe
from portcheck.symbolic.verdict import Verdict

_LABEL_COLUMNS = 15
_SHOWN_ROWS = 16
_SHOWN_RESIDUES = 8


def render(
    question: Question, proof: Proof, assumptions: Mapping[str, str], style: Style | None = None
) -> Iterator[str]:
    """The report's lines; `assumptions` gives the sentence of each by its id."""
    style = style or Style()
    where = f"{style.path(question.path)}:{question.line}"
    yield f"{style(proof.verdict.value, proof.verdict.value)}  {safe(proof.goal)}  {style('quiet', where)}"
    if proof.expression not in ("", question.text):
        yield _labelled("that is", proof.expression)
    yield from _outcome(question, proof, style)
    yield from _launches(question, proof, style)
    yield from _because(proof, style)
    yield from _assuming(proof, assumptions, style)


def failure(witness: Mapping[str, int], value: int | None, modulus: int | None) -> str:
    """`kHidden=7168 gives 7408, 7408 mod 32 = 16`; without the residue where there is no modulus."""
    values = ", ".join(f"{name}={number}" for name, number in witness.items())
    if value is None:
        return values
    found = f"{value}, {value} mod {modulus} = {value % modulus}" if modulus else str(value)
    return f"{values} gives {found}" if values else found


def telling(proof: Proof) -> dict[str, int]:
    """The part of a witness whose names stand in the expression or in a condition."""
    said = " ".join([proof.expression, str(proof.condition), *(row.condition for row in proof.table)])
    return {name: value for name, value in proof.witness.items() if _stands_in(name, said)}


def _outcome(question: Question, proof: Proof, style: Style) -> Iterator[str]:
    if proof.verdict is Verdict.DEPENDS:
        condition = "the table says" if proof.table else "no exact condition was found"
        yield _labelled("holds where", condition if proof.condition is None else str(proof.condition))
    if proof.verdict in (Verdict.DEPENDS, Verdict.VIOLATED):
        own = telling(proof)
        if own or proof.value is not None:
            label = "fails for" if own else "fails with"
            yield _labelled(label, failure(own, proof.value, question.modulus))
        others = {name: value for name, value in proof.witness.items() if name not in own}
        if others:
            label = "reached with" if own or proof.value is not None else "fails for"
            yield style("quiet", _labelled(label, failure(others, None, question.modulus)))
    if 0 < len(proof.residues) <= _SHOWN_RESIDUES:
        yield _labelled("residues", ", ".join(map(str, proof.residues)))
    if proof.verdict is Verdict.UNKNOWN:
        yield _labelled("not decided", proof.why or "no reason was given")
        if proof.would_decide:
            yield _labelled("would decide it", proof.would_decide)


def _launches(question: Question, proof: Proof, style: Style) -> Iterator[str]:
    table = fold(proof.table)
    if not table.launches:
        return
    if not table.names:
        _, row = table.rows[0]
        count = "1" if table.launches == 1 else f"{table.launches:,}, all alike"
        known = row.verdict is proof.verdict and row.condition in ("", str(proof.condition))
        result = _result(row, question.modulus).removeprefix("depends: ")
        yield _labelled("launches", count if known else f"{count}: {result}")
        return
    if table.names == ("reached by",):
        yield _labelled("ways here", f"{table.launches:,}")
    else:
        no_difference = f"; no difference: {', '.join(table.idle)}" if table.idle else ""
        yield _labelled("launches", f"{table.launches:,}{no_difference}")
    yield from _rows(table, question.modulus, style)


def _rows(table: LaunchTable, modulus: int, style: Style) -> Iterator[str]:
    shown = table.rows[:_SHOWN_ROWS]
    cells = [table.names, *(values for values, _ in shown)]
    widths = [max(len(safe(row[i])) for row in cells) for i in range(len(table.names))]
    right = [all(_is_number(values[i]) for values, _ in shown) for i in range(len(table.names))]
    if table.names != ("reached by",):
        yield style("quiet", f"    {_aligned(table.names, widths, right)}".rstrip())
    for values, row in shown:
        verdict = style(row.verdict.value, f"{row.verdict.value:<8}")
        detail = _result(row, modulus).removeprefix(row.verdict.value).lstrip(": ")
        yield f"    {_aligned(values, widths, right)}  {verdict}  {detail}".rstrip()
    left = len(table.rows) - len(shown)
    if left:
        yield f"    and {left:,} more, all of them in --format json"


def _result(row: Row, modulus: int) -> str:
    """`violated: 7408, 7408 mod 32 = 16`, `depends: holds where n % 2 == 0`."""
    if row.verdict is Verdict.DEPENDS and row.condition:
        return f"depends: holds where {safe(row.condition)}"
    if row.verdict in (Verdict.DEPENDS, Verdict.VIOLATED) and row.value is not None:
        return f"{row.verdict.value}: {failure({}, row.value, modulus)}"
    return row.verdict.value


def _aligned(values: tuple[str, ...], widths: list[int], right: list[bool]) -> str:
    texts = (safe(value) for value in values)
    return "  ".join(
        text.rjust(width) if to_right else text.ljust(width)
        for text, width, to_right in zip(texts, widths, right, strict=True)
    )


def _because(proof: Proof, style: Style) -> Iterator[str]:
    shown = [line for line in proof.derivation if _is_shown(line, proof)]
    if not shown:
        return
    places = [f"{style.path(x.place.path)}:{x.place.line}" if x.place is not None else "" for x in shown]
    width = max(map(len, places))
    yield "  because"
    for place, line in zip(places, shown, strict=True):
        condition = "if " if line.kind == "guard" else ""
        yield f"    {style('quiet', place.ljust(width))}  {condition}{safe(line.text)}"


def _is_shown(line: Line, proof: Proof) -> bool:
    if line.kind == "assumption":
        return False
    return line.kind != "conclusion" or proof.verdict is not Verdict.UNKNOWN


def _assuming(proof: Proof, assumptions: Mapping[str, str], style: Style) -> Iterator[str]:
    if not proof.assumptions:
        return
    width = max(map(len, proof.assumptions))
    yield "  assuming"
    for name in proof.assumptions:
        yield f"    {style('kind', name.ljust(width))}  {assumptions.get(name, '')}".rstrip()


def _labelled(label: str, text: str) -> str:
    return f"  {label:<{_LABEL_COLUMNS}}  {safe(text)}"


def _stands_in(name: str, text: str) -> bool:
    return re.search(rf"(?<![\w.@#]){re.escape(name)}(?![\w@#])", text) is not None


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+", text) is not None
