"""Operators on machine integers and pointers; what does not agree with exact integers stops the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.soundness.reference import types as t
from benchmarks.soundness.reference.machine import Memory, Stop

Fn = Callable[[Any, Any], Any]
COMPARISONS: dict[str, Fn] = {
    "==": lambda x, y: 1 if x == y else 0,
    "!=": lambda x, y: 1 if x != y else 0,
    "<": lambda x, y: 1 if x < y else 0,
    ">": lambda x, y: 1 if x > y else 0,
    "<=": lambda x, y: 1 if x <= y else 0,
    ">=": lambda x, y: 1 if x >= y else 0,
}


def converter(source: t.Type, target: t.Type) -> Callable[[Any], Any] | None:
    """How a value of one type becomes one of another; None where it stays as it is."""
    if isinstance(target, t.Int) and isinstance(source, t.Int):
        if target.name == "bool":
            return None if source.name == "bool" else lambda x: 1 if x else 0
        low, high = target.low, target.high
        if source.low >= low and source.high <= high:
            return None

        def narrow(x: int) -> int:
            if low <= x <= high:
                return x
            raise Stop("a value does not fit its type")

        return narrow
    if isinstance(target, t.Int) and isinstance(source, t.Pointer | t.Array):
        if target.name == "bool":
            return lambda x: 1 if x is not None else 0
        return address
    return None


def address(pointer: Any) -> int:
    base, offset = pointer
    if not isinstance(base, Memory):
        raise Stop("the address of a local as a number")
    return base.address + int(offset)


def _divide(x: int, y: int) -> int:
    if y == 0:
        raise Stop("division by zero")
    quotient = abs(x) // abs(y)
    return quotient if (x < 0) == (y < 0) else -quotient


def _remainder(x: int, y: int) -> int:
    return x - y * _divide(x, y)


def _left(x: int, y: int) -> int:
    if not 0 <= y < 64:
        raise Stop("a shift by too much")
    return x << y


def _right(x: int, y: int) -> int:
    if not 0 <= y < 64:
        raise Stop("a shift by too much")
    return x >> y


_INTEGER: dict[str, Fn] = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": _divide,
    "%": _remainder,
    "<<": _left,
    ">>": _right,
    "|": lambda x, y: x | y,
    "^": lambda x, y: x ^ y,
}


def operation(operator: str, left: t.Type, right: t.Type) -> tuple[t.Type, Fn]:
    """The result type of `left operator right` and what computes it."""
    if isinstance(left, t.Int) and isinstance(right, t.Int):
        return _integers(operator, left, right)
    if isinstance(left, t.Array):
        left = t.Pointer(left.of)
    if isinstance(right, t.Array):
        right = t.Pointer(right.of)
    if operator in COMPARISONS:
        compare = COMPARISONS[operator]
        if operator in ("==", "!="):
            return t.BOOL, compare

        def ordered(x: Any, y: Any) -> int:
            if x[0] is not y[0]:
                raise Stop("pointers into different objects compared")
            return int(compare(x[1], y[1]))

        return t.BOOL, ordered
    if isinstance(left, t.Pointer) and isinstance(right, t.Int) and operator in ("+", "-"):
        size = left.to.size * (1 if operator == "+" else -1)
        return left, lambda x, y: (x[0], x[1] + y * size)
    if isinstance(right, t.Pointer) and isinstance(left, t.Int) and operator == "+":
        size = right.to.size
        return right, lambda x, y: (y[0], y[1] + x * size)
    if isinstance(left, t.Pointer) and isinstance(right, t.Pointer) and operator == "-":
        size = left.to.size

        def distance(x: Any, y: Any) -> int:
            if x[0] is not y[0] or (x[1] - y[1]) % size:
                raise Stop("a distance of pointers that C++ does not define")
            return int((x[1] - y[1]) // size)

        return t.INT64, distance
    raise TypeError(f"{left} {operator} {right}")


def _integers(operator: str, left: t.Int, right: t.Int) -> tuple[t.Type, Fn]:
    shift = operator in ("<<", ">>")
    kind = t.promoted(left) if shift else t.common(left, right)
    if operator == "&":
        if kind.signed:
            return kind, lambda x, y: x & y
        mask = kind.high  # ~31 as an unsigned mask is the mask that is meant
        return kind, lambda x, y: (x & mask) & (y & mask)
    low, high = kind.low, kind.high
    before_left = converter(left, kind)
    before_right = None if shift else converter(right, kind)
    if operator in COMPARISONS:
        plain = COMPARISONS[operator]
        result: t.Type = t.BOOL
    else:
        compute = _INTEGER[operator]
        result = kind
        bits = 8 * kind.size

        def plain(x: int, y: int) -> int:
            value: int = compute(x, y)
            if low <= value <= high:
                return value
            raise Stop("overflow")

        if shift:
            inner = plain

            def plain(x: int, y: int) -> int:
                if not 0 <= y < bits or (x < 0 and operator == "<<"):
                    raise Stop("a shift that C++ does not define")
                return int(inner(x, y))

    if before_left is None and before_right is None:
        return result, plain

    def converted(x: int, y: int) -> int:
        return int(
            plain(
                before_left(x) if before_left else x,
                before_right(y) if before_right else y,
            )
        )

    return result, converted
