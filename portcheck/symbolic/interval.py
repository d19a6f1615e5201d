"""Intervals of integers, open to infinity on either side."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Interval(NamedTuple):
    """The integers from `low` to `high`, both included; None is no bound. Never empty."""

    low: int | None
    high: int | None

    def __contains__(self, value: object) -> bool:
        assert isinstance(value, int)
        return (self.low is None or self.low <= value) and (self.high is None or value <= self.high)

    @property
    def size(self) -> int | None:
        """How many integers it holds, None for infinitely many."""
        return None if self.low is None or self.high is None else self.high - self.low + 1

    def join(self, other: Interval) -> Interval:
        """The smallest interval that contains both."""
        low = None if self.low is None or other.low is None else min(self.low, other.low)
        high = None if self.high is None or other.high is None else max(self.high, other.high)
        return Interval(low, high)

    def meet(self, other: Interval) -> Interval | None:
        """The integers in both, None where there are none."""
        low = _defined(max, self.low, other.low)
        high = _defined(min, self.high, other.high)
        return None if low is not None and high is not None and low > high else Interval(low, high)

    def widen(self, other: Interval) -> Interval:
        """`join`, but a bound that moves goes to infinity at once."""
        joined = self.join(other)
        return Interval(
            self.low if joined.low == self.low else None, self.high if joined.high == self.high else None
        )

    def add(self, other: Interval) -> Interval:
        low = None if self.low is None or other.low is None else self.low + other.low
        high = None if self.high is None or other.high is None else self.high + other.high
        return Interval(low, high)

    def scale(self, factor: int) -> Interval:
        if factor == 0:
            return Interval(0, 0)
        low = None if self.low is None else self.low * factor
        high = None if self.high is None else self.high * factor
        return Interval(low, high) if factor > 0 else Interval(high, low)

    def multiply(self, other: Interval) -> Interval:
        corners = [(a, b) for a in self._ends() for b in other._ends()]
        products = [_product(a, b) for a, b in corners]
        low, high = min(products), max(products)
        return Interval(None if low == -_INFINITE else int(low), None if high == _INFINITE else int(high))

    def _ends(self) -> tuple[int | float, int | float]:
        return (
            -_INFINITE if self.low is None else self.low,
            _INFINITE if self.high is None else self.high,
        )

    def floor_divide(self, divisor: int) -> Interval:
        """The bounds of floor(n / divisor) for a positive divisor."""
        return Interval(
            None if self.low is None else self.low // divisor,
            None if self.high is None else self.high // divisor,
        )

    def truncated_divide(self, divisor: int) -> Interval:
        """The bounds of n / divisor rounded towards zero, for a positive divisor."""
        return Interval(
            None if self.low is None else _towards_zero(self.low, divisor),
            None if self.high is None else _towards_zero(self.high, divisor),
        )

    def minimum(self, other: Interval) -> Interval:
        low = None if self.low is None or other.low is None else min(self.low, other.low)
        return Interval(low, _defined(min, self.high, other.high))

    def maximum(self, other: Interval) -> Interval:
        high = None if self.high is None or other.high is None else max(self.high, other.high)
        return Interval(_defined(max, self.low, other.low), high)


_INFINITE = float("inf")


def _defined(pick: Callable[[int, int], int], a: int | None, b: int | None) -> int | None:
    """`pick` of the bounds that there are."""
    return b if a is None else a if b is None else pick(a, b)


def _product(a: int | float, b: int | float) -> int | float:
    return 0 if a == 0 or b == 0 else a * b


def _towards_zero(value: int, divisor: int) -> int:
    return value // divisor if value >= 0 else -(-value // divisor)


EVERYTHING = Interval(None, None)
