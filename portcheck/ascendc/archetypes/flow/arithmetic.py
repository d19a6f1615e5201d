"""Arithmetic of C++ on values: integers exactly, floating numbers as they are written."""

from __future__ import annotations

import struct

from portcheck.ascendc.archetypes.flow.values import (
    FLOATING,
    INTEGERS,
    ONE,
    ZERO,
    Carried,
    Cast,
    Const,
    Lanes,
    Op,
    Reduce,
    Shuffle,
    Unknown,
    Value,
    add,
    divide,
    is_natural,
    modulo,
    multiply,
    operation,
    subtract,
    type_of,
    walk,
)


def extreme(condition: Value, one: Value, other: Value) -> Value | None:
    """a > b ? a : b, and its like, as max and min; of floating numbers the comparison decides about NaN."""
    if not isinstance(condition, Op) or condition.name not in ("<", "<=", ">", ">="):
        return None
    ctype = type_of(one) if type_of(one) in FLOATING else "int"
    left, right = condition.args
    if ctype == "int":
        gap = subtract(one, other)
        if (has_carried(one) or has_carried(other)) and not has_carried(gap):
            return None  # a sum that is added to or not
        if (
            left == gap
            or add(left, gap) == ZERO
            or left in (subtract(gap, ONE), subtract(subtract(other, one), ONE))
        ):
            smaller = left in (gap, subtract(gap, ONE))
            return operation("min" if smaller else "max", (one, other), "int")
        return None
    if not _is_no_nan(other):
        return None  # a NaN would be what is left, and not the other number as fmaxf gives it
    if (left, right) == (one, other):
        name = "max" if condition.name in (">", ">=") else "min"
    elif (left, right) == (other, one):
        name = "min" if condition.name in (">", ">=") else "max"
    else:
        return None
    return operation(name, (one, other), ctype)


def _is_no_nan(value: Value) -> bool:
    """Whether a floating number is one: a constant, or the largest of several of which one is."""
    match value:
        case Const() | Carried():
            return True
        case Op(name="max" | "min"):
            return any(map(_is_no_nan, value.args))
        case Reduce(op="max" | "min"):
            return _is_no_nan(value.init) or _is_no_nan(value.body)
        case Lanes() | Shuffle():
            return _is_no_nan(value.body)
        case _:
            return False


def as_unsigned(value: Value, kind: str) -> Value:
    """An integer as an operation of unsigned numbers takes it; `kind` is "" for one of signed numbers."""
    if not kind or type_of(value) not in INTEGERS or is_natural(value):
        return value
    if isinstance(value, Const):
        return Const(int(value.value) % (1 << (32 if kind == "uint32" else 64)))
    return Cast(kind, value)


def has_carried(value: Value) -> bool:
    return any(isinstance(v, Carried) for v in walk(value))


def integer(name: str, left: Value, right: Value) -> Value:
    if name == "+":
        return operation("+", (left, right), "int")
    if name == "-":
        return subtract(left, right)
    if name == "*":
        return multiply(left, right)
    if name == "/":
        return divide(left, right)
    if name == "%":
        return modulo(left, right)
    if (
        name in ("&", "bitand")
        and isinstance(right, Const)
        and int(right.value) & (int(right.value) + 1) == 0
    ):
        return modulo(left, Const(int(right.value) + 1))
    if name in ("<<", ">>") and isinstance(right, Const) and right.value >= 0:
        power = Const(1 << int(right.value))
        return multiply(left, power) if name == "<<" else divide(left, power)
    if isinstance(left, Const) and isinstance(right, Const):
        a, b = int(left.value), int(right.value)
        table = {"&": a & b, "|": a | b, "^": a ^ b}
        if name in table:
            return Const(table[name])
    return Op(name, (left, right), "int")


def folded(name: str, left: float, right: float) -> Value:
    """Constant arithmetic, rounded to float; a quotient is kept as written."""
    if name == "/":
        return Op("/", (Const(left), Const(right)), "float") if right else Unknown("a division by zero")
    exact = {"+": left + right, "-": left - right, "*": left * right}[name]
    return Const(struct.unpack("f", struct.pack("f", exact))[0])
