"""Laws of the lattices, and that their operations contain what they stand for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portcheck.symbolic.congruence import Congruence, congruence
from portcheck.symbolic.interval import Interval

SMALL = st.integers(-20, 20)
CLASSES = st.builds(congruence, st.integers(0, 12), SMALL)


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    low, high = sorted((draw(SMALL), draw(SMALL)))
    return Interval(draw(st.sampled_from((low, None))), draw(st.sampled_from((high, None))))


@given(CLASSES, CLASSES, CLASSES)
def test_laws_of_congruences(a: Congruence, b: Congruence, c: Congruence) -> None:
    assert a.join(b) == b.join(a)
    assert a.join(a) == a
    assert a.join(b).join(c) == a.join(b.join(c))
    assert a.meet(b) == b.meet(a)
    assert a.meet(a) == a
    assert a.meet(a.join(b)) == a
    both = a.meet(b)
    if both is not None:
        assert a.join(both) == a


@given(CLASSES, CLASSES, SMALL, SMALL, st.integers(1, 9))
def test_operations_on_congruences(a: Congruence, b: Congruence, x: int, y: int, d: int) -> None:
    both = a.meet(b)
    assert (x in a and x in b) == (both is not None and x in both)
    if x in a or x in b:
        assert x in a.join(b)
        assert x in a.widen(b)
    if x in a and y in b:
        assert x + y in a.add(b)
        assert x * y in a.multiply(b)
        assert x * d in a.scale(d)
        assert -x in a.scale(-1)
        assert x // d in a.floor_divide(d)
        assert a.holds(d, y) is not (x % d != y % d)


@given(intervals(), intervals(), intervals())
def test_laws_of_intervals(a: Interval, b: Interval, c: Interval) -> None:
    assert a.join(b) == b.join(a)
    assert a.join(a) == a
    assert a.join(b).join(c) == a.join(b.join(c))
    assert a.meet(b) == b.meet(a)
    assert a.meet(a) == a
    assert a.meet(a.join(b)) == a


@given(intervals(), intervals(), SMALL, SMALL, st.integers(1, 9))
def test_operations_on_intervals(a: Interval, b: Interval, x: int, y: int, d: int) -> None:
    both = a.meet(b)
    assert (x in a and x in b) == (both is not None and x in both)
    if x in a or x in b:
        assert x in a.join(b)
        assert x in a.widen(b)
    if x in a and y in b:
        assert x + y in a.add(b)
        assert x * y in a.multiply(b)
        assert x * d in a.scale(d)
        assert -x in a.scale(-1)
        assert x // d in a.floor_divide(d)
        assert (x // d if x >= 0 else -(-x // d)) in a.truncated_divide(d)
        assert min(x, y) in a.minimum(b)
        assert max(x, y) in a.maximum(b)
