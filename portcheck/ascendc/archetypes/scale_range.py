"""How large quantised numbers become."""

from __future__ import annotations

from portcheck.ascendc.archetypes.dataflow import Const, Op, Value

_INT8_MAX = 127.0
_SAMPLES = (0.5, 1.0, 64.0)


def fits_int8(factor: Value, amax: Value, *, divides: bool) -> bool:
    """Whether a row's largest number becomes 127 at most: what C++ makes of more is not defined.

    `factor` is made of the largest absolute value and constants, by products and quotients.
    """
    for number in _SAMPLES:
        scale = _at(factor, amax, number)
        largest = number * scale if not divides else number / scale if scale else float("inf")
        if not abs(largest) < _INT8_MAX + 0.5:
            return False
    return True


def _at(value: Value, amax: Value, number: float) -> float:
    """The factor where the largest absolute value is a number."""
    if value == amax:
        return number
    if isinstance(value, Const):
        return float(value.value)
    assert isinstance(value, Op)
    args = [_at(a, amax, number) for a in value.args]
    if value.name == "*":
        return args[0] * args[1]
    left, right = (1.0, args[0]) if value.name == "reciprocal" else args
    return left / right if right else float("inf")
