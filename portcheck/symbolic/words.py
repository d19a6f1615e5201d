"""What is not known, in words that fit on a line."""

from __future__ import annotations

from collections.abc import Iterable

from portcheck.symbolic.expr import Atom, Choice, Expr, Extreme, Quotient, Role, Symbol, of

_LINE = 160
_PART = 60
_NOTE = 70
_LISTED = 3

NOT_REACHED = "it fails wherever the code gets here, but no values were found that do"
REACHING = "values that let the code get here"


def line(text: str) -> str:
    """The text, cut where it would be too long for a line."""
    return clipped(text, _LINE)


def clipped(text: str, length: int = _PART) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def described(symbol: Symbol) -> str:
    """The symbol as it was given, with its note."""
    name = clipped(symbol.name.rstrip("'"), _PART)
    return f"{name} ({clipped(symbol.note, _NOTE)})" if symbol.note else name


def names(symbols: Iterable[Symbol], *, notes: bool = True) -> str:
    """A few of the symbols: those that are least determined."""
    listed = list(symbols)
    for roles in ({Role.OPAQUE, Role.BASE}, {Role.INDEX}, {Role.PARAMETER}):
        chosen = sorted((s for s in listed if s.role in roles), key=lambda s: s.name)
        if chosen:
            shown = [described(s) if notes else clipped(s.name.rstrip("'"), 40) for s in chosen]
            length = 1 if notes and len(shown[0]) > _PART else _LISTED
            return ", ".join(shown[:length]) + (", …" if len(shown) > length else "")
    return "its symbols"


def operation(atom: Atom) -> str:
    """The operation as it is written, or what it is made of where that would be long."""
    text = str(atom)
    if len(text) <= _PART:
        return text
    kind = "a bit operation"
    if isinstance(atom, Quotient):
        kind = "a quotient"
    elif isinstance(atom, Choice):
        kind = "a choice"
    elif isinstance(atom, Extreme):
        kind = "a maximum" if atom.largest else "a minimum"
    return f"{kind} of {names(of(atom).symbols(), notes=False)}"


def sum_of(expr: Expr) -> str:
    """The expression, or its symbols where it would be long."""
    text = str(expr)
    return text if len(text) <= _PART else f"a sum over {names(expr.symbols(), notes=False)}"
