"""What code lets a number be: bounds and a divisor, read off conditions that hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import gcd

from portcheck.source.place import Place
from portcheck.symbolic.condition import Condition, Congruent, Every, Operator, Relation
from portcheck.symbolic.expr import Expr, Quotient
from portcheck.targets.text import Text


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a number comes from; `place` is None for what the user gave."""

    text: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Admitted:
    """What one launch lets a quantity be. `low` and `high` are inclusive, None for no bound.

    `multiple` divides every value. `words` are the alternatives of a quantity that is no
    number, () where the code does not fix it. `name` is what the code calls it, "" where it
    has no name for it, and `why` says why it is not fixed.
    """

    low: int | None = None
    high: int | None = None
    multiple: int = 1
    words: tuple[str, ...] = ()
    name: str = ""
    evidence: tuple[Evidence, ...] = ()
    why: Text | None = None

    @property
    def value(self) -> int | None:
        """The number, where there is only one."""
        return self.low if self.low is not None and self.low == self.high else None

    @property
    def is_fixed(self) -> bool:
        """Whether the code says anything of it at all."""
        return bool(self.words) or self.low is not None or self.high is not None or self.multiple > 1

    def admits(self, value: int) -> bool:
        low = self.low is None or value >= self.low
        return low and (self.high is None or value <= self.high) and value % self.multiple == 0

    def within(self, low: int | None, high: int | None, multiple: int, *evidence: Evidence) -> Admitted:
        """The same with one thing more that is known."""
        lows = [v for v in (self.low, low) if v is not None]
        highs = [v for v in (self.high, high) if v is not None]
        both = self.multiple * multiple // gcd(self.multiple, multiple)
        shown = (*self.evidence, *(e for e in evidence if e not in self.evidence))
        return replace(
            self,
            low=max(lows, default=None),
            high=min(highs, default=None),
            multiple=both,
            evidence=shown,
        )

    @property
    def text(self) -> Text:
        """`2048`, `1 to 11`, `a multiple of 128`, `not fixed`."""
        if self.words:
            return Text(" or ".join(self.words), " 或 ".join(self.words))
        return range_text(self.low, self.high, self.multiple)


def range_text(low: int | None, high: int | None, multiple: int) -> Text:
    """A range in words."""
    if low is not None and low == high:
        return Text(str(low), str(low))
    en, zh = [], []
    if low is not None and high is not None:
        en, zh = [f"{low} to {high}"], [f"{low} 至 {high}"]
    elif high is not None:
        en, zh = [f"at most {high}"], [f"至多 {high}"]
    elif low is not None:
        en, zh = [f"at least {low}"], [f"至少 {low}"]
    if multiple > 1:
        en.append(f"a multiple of {multiple}")
        zh.append(f"{multiple} 的倍数")
    return Text(", ".join(en) or "not fixed", "，".join(zh) or "未确定")


@dataclass(frozen=True, slots=True)
class Bound:
    """What a condition says of one expression."""

    expr: Expr
    low: int | None
    high: int | None
    multiple: int = 1


def bounds(condition: Condition) -> Iterator[Bound]:
    """What a true condition says of single products, symbols and quotients; no more than it says."""
    if isinstance(condition, Every):
        for one in condition.conditions:
            yield from bounds(one)
    elif isinstance(condition, Congruent) and not condition.negated and not condition.residue:
        part = _single(condition.expr)
        if part is not None and not part[2]:
            yield Bound(part[0], None, None, condition.modulus // gcd(condition.modulus, part[1]))
    elif isinstance(condition, Relation):
        yield from _relation(condition)


def _relation(relation: Relation) -> Iterator[Bound]:
    part = _single(relation.expr)
    if part is None:
        return
    expr, factor, rest = part
    low: int | None = None
    high: int | None = None
    if relation.operator is Operator.ZERO and rest % factor == 0:
        low = high = -rest // factor
    elif relation.operator is Operator.NON_NEGATIVE and factor > 0:
        low = -(rest // factor)
    elif relation.operator is Operator.NON_NEGATIVE:
        high = rest // -factor
    if low is not None or high is not None:
        yield Bound(expr, low, high)
        yield from _of_dividend(expr, low, high)


def _of_dividend(expr: Expr, low: int | None, high: int | None) -> Iterator[Bound]:
    """What bounds of `n / d` say of n: for a positive quotient either rounding gives the same."""
    atom = expr.terms[0][0][0]
    if len(expr.terms[0][0]) != 1 or not isinstance(atom, Quotient):
        return
    by, inner = atom.divisor.value, _single(atom.dividend)
    if by is None or by <= 0 or inner is None or inner[1] != 1 or inner[2]:
        return
    least = low * by if low is not None and low > 0 else None
    most = high * by + by - 1 if high is not None and high >= 0 else None
    if least is not None or most is not None:
        yield Bound(inner[0], least, most)


def _single(expr: Expr) -> tuple[Expr, int, int] | None:
    """An expression `factor * x + rest` as (x, factor, rest); None for any other."""
    if len(expr.terms) != 1:
        return None
    monomial, factor = expr.terms[0]
    return Expr(((monomial, 1),), 0), factor, expr.constant


_NOT_ALL = re.compile(r"\bor\b|\|\||\?|\bnot\b|!(?!=)|\bxor\b")
_COMPARED = re.compile(r"^([A-Za-z_]\w*)\s*(<=|<|>=|>|==)\s*(\d+)[uUlL]*$")
_DIVIDED = re.compile(r"^([A-Za-z_]\w*)\s*%\s*(\d+)[uUlL]*\s*==\s*0$")


def read_check(text: str) -> Iterator[tuple[str, int | None, int | None, int]]:
    """What a check's text says of names against literals, as (name, low, high, multiple).

    Nothing where the text is not a plain conjunction.
    """
    if _NOT_ALL.search(text):
        return
    for part in re.split(r"\band\b|&&", text):
        term = part.strip()
        while term.startswith("(") and term.endswith(")") and ")" not in term[1:-1]:
            term = term[1:-1].strip()
        if found := _DIVIDED.match(term):
            yield found[1], None, None, int(found[2])
        elif found := _COMPARED.match(term):
            number, operator = int(found[3]), found[2]
            low = {">": number + 1, ">=": number, "==": number}.get(operator)
            high = {"<": number - 1, "<=": number, "==": number}.get(operator)
            yield found[1], low, high, 1


def hull(several: Iterable[Admitted]) -> Admitted:
    """What is true of all of them."""
    listed = list(several)
    lows, highs = [a.low for a in listed], [a.high for a in listed]
    common = 0
    for one in listed:
        common = gcd(common, one.value or one.multiple)
    evidence = tuple(dict.fromkeys(e for a in listed for e in a.evidence))
    return Admitted(
        None if None in lows else min((v for v in lows if v is not None), default=None),
        None if None in highs else max((v for v in highs if v is not None), default=None),
        max(common, 1),
        name=listed[0].name if listed else "",
        evidence=evidence,
        why=next((a.why for a in listed if a.why is not None), None),
    )
