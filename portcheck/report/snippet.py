"""One line of the user's source with carets under the part that is meant."""

from __future__ import annotations

from portcheck.report.style import Style, cell
from portcheck.source.place import Place

_TAB_COLUMNS = 4
_NUMBER_COLUMNS = 6
_CUT = "..."
_LEAST_COLUMNS = 20


def snippet(text: str, place: Place, width: int, style: Style) -> list[str]:
    """The first line of `place`, whose text is `text`, and a line of carets below it.

    `width` is the terminal's width in columns; a longer line is cut around the carets.
    """
    cells = _cells(text.rstrip())
    first = min(place.column - 1, len(cells))
    last = place.end_column - 1 if place.end_line == place.line else len(cells)
    last = min(max(last, first + 1), len(cells))
    start, end = _window(cells, first, last, max(width - _NUMBER_COLUMNS - 3, _LEAST_COLUMNS))
    before = _CUT if start else ""
    after = _CUT if end < len(cells) else ""
    shown = before + "".join(char for char, _ in cells[start:end]) + after
    indent = len(before) + _columns(cells[start:first])
    carets = "^" + "~" * (_columns(cells[first : min(last, end)]) - 1)
    number = style("quiet", f"{place.line:>{_NUMBER_COLUMNS}} |")
    gutter = style("quiet", " " * _NUMBER_COLUMNS + " |")
    return [f"{number} {shown}".rstrip(), f"{gutter} {' ' * indent}{style('caret', carets)}"]


def _cells(text: str) -> list[tuple[str, int]]:
    if text.isascii() and text.isprintable():
        return [(char, 1) for char in text]
    cells: list[tuple[str, int]] = []
    column = 0
    for char in text:
        shown, columns = cell(char)
        if char == "\t":
            columns = _TAB_COLUMNS - column % _TAB_COLUMNS
            shown = " " * columns
        cells.append((shown, columns))
        column += columns
    return cells


def _columns(cells: list[tuple[str, int]]) -> int:
    return sum(columns for _, columns in cells)


def _window(cells: list[tuple[str, int]], first: int, last: int, width: int) -> tuple[int, int]:
    """The part of a line to show: from its start where the carets are near it, else from near them."""
    if _columns(cells) <= width:
        return 0, len(cells)
    room = width - len(_CUT)
    if _columns(cells[:last]) <= room or _columns(cells[:first]) <= room // 4:
        return 0, _fit(cells, 0, room)
    room -= len(_CUT)
    to_end = room + len(_CUT) - _columns(cells[first:])
    lead = max(min(room // 4, room - _columns(cells[first:last])), to_end, 0)
    start = first
    while start and lead >= cells[start - 1][1]:
        start -= 1
        lead -= cells[start][1]
    if to_end >= _columns(cells[start:first]):
        return start, len(cells)
    return start, _fit(cells, start, room)


def _fit(cells: list[tuple[str, int]], start: int, room: int) -> int:
    end = start
    while end < len(cells) and cells[end][1] <= room:
        room -= cells[end][1]
        end += 1
    return end
