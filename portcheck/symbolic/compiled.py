"""Expressions and conditions as compiled functions of the values of their symbols."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from portcheck.symbolic.condition import Condition, Congruent, Constant, Every, Operator, Relation
from portcheck.symbolic.evaluate import Undefined, evaluate, test
from portcheck.symbolic.expr import Atom, Choice, Expr, Extreme, Quotient, Symbol

Point = Mapping[str, int]  # values by the names of symbols
Function = Callable[[Point], int]

_NESTED = 60  # the compiler of Python takes less than 200 brackets inside each other


class _TooDeepError(Exception):
    """The text would not compile."""


def _truncated(dividend: int, divisor: int) -> int:
    return dividend // divisor if (dividend < 0) == (divisor < 0) else -(-dividend // divisor)


_NAMES = {"__builtins__": {}, "T": _truncated, "mx": max, "mn": min, "reversed": reversed}
# The value of a symbol in a text: `v[` and its name as Python writes a string.
_VALUE = re.compile(r"""v\[('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\]""")


@lru_cache(maxsize=1 << 14)
def value_function(expr: Expr) -> Function:
    """The value of the expression; raises ZeroDivisionError or KeyError where it has none."""
    try:
        return _compiled(_expression(expr, 0))
    except _TooDeepError:
        symbols = expr.symbols()
        return lambda at: _interpreted(lambda v: evaluate(expr, v), symbols, at)


@lru_cache(maxsize=1 << 14)
def truth_function(condition: Condition) -> Function:
    """The truth of the condition; raises ZeroDivisionError or KeyError where it has none."""
    from portcheck.symbolic.condition import condition_symbols

    try:
        return _compiled(_condition(condition, 0))
    except _TooDeepError:
        symbols = condition_symbols(condition)
        return lambda at: _interpreted(lambda v: test(condition, v), symbols, at)


Reached = dict[int, tuple[int, ...]]
Enumeration = Callable[[Point, Sequence[range]], Reached]


@lru_cache(maxsize=1 << 12)
def enumeration(
    expr: Expr, modulus: int, filters: tuple[Condition, ...], inner: tuple[str, ...]
) -> Enumeration | None:
    """A function that runs through the values of the symbols named `inner`, with the others given.

    Of each residue of the expression it finds where it is met first, among the values that fit
    the filters. None where the text would not compile; ZeroDivisionError as for a value.
    """
    try:
        text = f"{_expression(expr, 0)}%{modulus}"
        tests = "".join(f" if {_condition(f, 0)}" for f in filters)
    except _TooDeepError:
        return None
    places = {name: f"x{i}" for i, name in enumerate(inner)}
    text, tests = (_VALUE.sub(lambda m: _placed(m, places), t) for t in (text, tests))
    # What comes last is kept: the values are run through from the last to the first.
    loops = "".join(f" for x{i} in reversed(r[{i}])" for i in range(len(inner)))
    values = "".join(f"x{i}," for i in range(len(inner)))
    function: Enumeration = eval(
        f"lambda v, r: {{{text}: ({values}){loops or ' for _ in (0,)'}{tests}}}", _NAMES
    )
    return function


@lru_cache(maxsize=1 << 12)
def listing(
    expr: Expr, modulus: int, filters: tuple[Condition, ...], names: tuple[str, ...]
) -> Callable[[Point, Sequence[range]], list[int | None]] | None:
    """A function that lists the residues for all values of the symbols, None for what does not fit."""
    try:
        text = f"{_expression(expr, 0)}%{modulus}"
        tests = " and ".join(_condition(f, 0) for f in filters)
    except _TooDeepError:
        return None
    places = {name: f"x{i}" for i, name in enumerate(names)}
    text = _VALUE.sub(lambda m: _placed(m, places), f"{text} if {tests} else None" if tests else text)
    loops = "".join(f" for x{i} in r[{i}]" for i in range(len(names))) or " for _ in (0,)"
    function: Callable[[Point, Sequence[range]], list[int | None]] = eval(
        f"lambda v, r: [{text}{loops}]", _NAMES
    )
    return function


def _placed(found: re.Match[str], places: Mapping[str, str]) -> str:
    return places.get(ast.literal_eval(found[1]), found[0])


def _compiled(text: str) -> Function:
    function: Function = eval(f"lambda v: {text}", _NAMES)
    return function


def _interpreted(ask: Callable[[Mapping[Symbol, int]], int], symbols: frozenset[Symbol], at: Point) -> int:
    try:
        return ask({s: at[s.name] for s in symbols})
    except Undefined:
        raise ZeroDivisionError from None


def _expression(expr: Expr, depth: int) -> str:
    if depth > _NESTED:
        raise _TooDeepError
    parts: list[str] = []
    for monomial, coefficient in expr.terms:
        factors = [_atom(a, depth) for a in monomial]
        if coefficient != 1:
            factors.insert(0, str(coefficient))
        parts.append("*".join(factors))
    if expr.constant or not parts:
        parts.append(str(expr.constant))
    text = "+".join(parts)
    return text if len(parts) == 1 and "*" not in text and not text.startswith("-") else f"({text})"


def _atom(atom: Atom, depth: int) -> str:
    depth += 1
    if isinstance(atom, Symbol):
        return f"v[{atom.name!r}]"
    if isinstance(atom, Quotient):
        dividend, divisor = _expression(atom.dividend, depth), _expression(atom.divisor, depth)
        return f"T({dividend},{divisor})" if atom.truncated else f"({dividend}//{divisor})"
    if isinstance(atom, Extreme):
        values = ",".join(_expression(v, depth) for v in atom.values)
        return f"{'mx' if atom.largest else 'mn'}({values})"
    if isinstance(atom, Choice):
        then, otherwise = _expression(atom.then, depth), _expression(atom.otherwise, depth)
        return f"({then} if {_condition(atom.condition, depth)} else {otherwise})"
    return f"({_expression(atom.left, depth)}{atom.operator}{_expression(atom.right, depth)})"


def _condition(condition: Condition, depth: int) -> str:
    if depth > _NESTED:
        raise _TooDeepError
    if isinstance(condition, Constant):
        return str(condition.truth)
    if isinstance(condition, Relation):
        sign = {Operator.NON_NEGATIVE: ">=", Operator.ZERO: "==", Operator.NONZERO: "!="}[condition.operator]
        return f"{_expression(condition.expr, depth + 1)}{sign}0"
    if isinstance(condition, Congruent):
        sign = "!=" if condition.negated else "=="
        left = _expression(condition.expr, depth + 1)
        return f"({left})%{condition.modulus}{sign}{condition.residue}"
    word = " and " if isinstance(condition, Every) else " or "
    return f"({word.join(_condition(c, depth + 1) for c in condition.conditions)})"
