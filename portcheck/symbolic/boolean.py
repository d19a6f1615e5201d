"""Laws by which a junction of conditions gets smaller: absorption, and ways that differ in one literal."""

from __future__ import annotations

from portcheck.symbolic.condition import Condition, Every, Some, negate

_MERGED = 12  # ways among which pairs are looked for


def absorbed(parts: list[Condition], inner: type[Every] | type[Some]) -> list[Condition] | None:
    """The parts of a junction without what is superfluous; None if they decide it.

    `inner` is the other kind of junction. In the words of a disjunction: `a or (a and b)` is
    `a`, `a or (not a and b)` is `a or b`, `(a and b) or (a and not b)` is `a`.
    """
    plain = {p for p in parts if not isinstance(p, inner)}
    kept: list[Condition] = []
    for part in parts:
        if not isinstance(part, inner):
            kept.append(part)
            continue
        if any(c in plain for c in part.conditions):
            continue
        left = [c for c in part.conditions if negate(c) not in plain]
        if not left:
            return None
        kept.append(part if len(left) == len(part.conditions) else _junction(left, inner))
    return _merged(kept, inner) if len(kept) <= _MERGED else kept


def _junction(parts: list[Condition], inner: type[Every] | type[Some]) -> Condition:
    return parts[0] if len(parts) == 1 else inner(tuple(parts))


def _merged(parts: list[Condition], inner: type[Every] | type[Some]) -> list[Condition] | None:
    sets = [frozenset(p.conditions) if isinstance(p, inner) else frozenset((p,)) for p in parts]
    for i, one in enumerate(sets):
        for j in range(i):
            other = sets[j]
            if one <= other or other <= one:
                gone = j if one <= other else i
                return _merged(parts[:gone] + parts[gone + 1 :], inner)
            mine, theirs = one - other, other - one
            if len(mine) == 1 and len(theirs) == 1 and negate(next(iter(mine))) == next(iter(theirs)):
                if len(one) == 1:
                    return None
                ordered = parts[j].conditions if isinstance(parts[j], inner) else ()  # type: ignore[union-attr]
                left = [c for c in ordered if c in one]
                return _merged(
                    [*parts[:j], _junction(left, inner), *parts[j + 1 : i], *parts[i + 1 :]], inner
                )
    return parts
