"""What is not known, in words that fit on a line."""

from __future__ import annotations

import re
from collections.abc import Iterable

from portcheck.symbolic.expr import Atom, Choice, Expr, Extreme, Quotient, Role, Symbol, of

_LINE = 160
_PART = 60
_NOTE = 70
_BOTH = 110

_NUMBERED = re.compile(r"#[0-9]+\b")
_QUOTED = re.compile(r"(`[^`]+`|\w+) ((?:is|are|was|changes|differs|grows|may|has) .*)")
_NUMBERS = re.compile(r"(\w+|[>)\]*])((?:#[0-9]+)+)\b")
# The name of a type, or a word that only says that there is a value.
_UNTELLING = re.compile(
    r".*\*|(const |volatile )*(un)?signed( .*)?|(bool|char|short|int|long|float|double|half|auto|void|size_t"
    r"|joined|value|result|tmp|temp|\w+_t)( \w+)*(@.*)?"
)

NOT_REACHED = "it fails wherever the code gets here, but no values were found that do"
REACHING = "values that let the code get here"


def line(text: str) -> str:
    """The text, cut where it would be too long; numbers of names only where they tell names apart."""
    numbers: dict[str, set[str]] = {}
    for found in _NUMBERS.finditer(text):
        numbers.setdefault(found[1], set()).add(found[2])
    return clipped(_NUMBERS.sub(lambda f: f[1] if len(numbers[f[1]]) == 1 else f[0], text), _LINE)


def clipped(text: str, length: int = _PART) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def bare(symbol: Symbol) -> str:
    """The name without what tells apart values of one name."""
    return _NUMBERED.sub("", symbol.name.rstrip("'")) or symbol.name


def described(symbol: Symbol) -> str:
    """What the symbol stands for: its name with its note, or what the note says if the name tells nothing."""
    name, note = bare(symbol), _NUMBERED.sub("", symbol.note)
    if note in (f"the value of `{name}`", f"the result of `{name}`"):
        return clipped(note, _PART + _NOTE)
    is_telling = _UNTELLING.fullmatch(name) is None
    for quoted in (f"`{name}` ", f"{name} "):
        note = note.removeprefix(quoted)  # it would be said twice
    if not is_telling:
        if note.startswith(("the value of ", "the result of ")):
            return clipped(note, _PART + _NOTE)
        if note.startswith(("has ", "may ", "differs ", "changes ", "grows ")):
            return f"a value that {clipped(note, _PART + _NOTE)}"
        said = _QUOTED.match(note)
        name, note = (said[1], said[2]) if said else ("a value", note)
    note = note.removeprefix("it is ").removeprefix("is ")
    return f"{clipped(name, _PART)} ({clipped(note, _NOTE)})" if note else clipped(name, _PART)


def names(symbols: Iterable[Symbol], *, notes: bool = True) -> str:
    """One or two of the symbols: those that are least determined."""
    shown = _listed(symbols, notes)
    if len(shown) > 1 and len(shown[0]) + len(shown[1]) > _BOTH:
        return f"{shown[0]} and others"
    return f"{shown[0]}, {shown[1]} and others" if len(shown) > 2 else " and ".join(shown)


def unknown(symbols: Iterable[Symbol], decided: str = "") -> str:
    """That the symbols are not known, and what they decide."""
    symbols = list(symbols)
    is_one = len(_listed(symbols, True)) == 1
    text = f"{names(symbols)} {'is' if is_one else 'are'} not known"
    return f"{text}, and {'it decides' if is_one else 'they decide'} {decided}" if decided else text


def _listed(symbols: Iterable[Symbol], notes: bool) -> list[str]:
    """The symbols of the least determined role, each once."""
    ordered = sorted(symbols, key=lambda s: s.name)
    for roles in ((Role.OPAQUE, Role.BASE), (Role.INDEX,), (Role.PARAMETER,)):
        chosen = sorted((s for s in ordered if s.role in roles), key=lambda s: roles.index(s.role))
        if chosen:
            return list(dict.fromkeys(described(s) if notes else clipped(bare(s), 40) for s in chosen))
    return ["its symbols"]


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
