"""Values for which premises are true and a goal is false."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from portcheck.symbolic.condition import Condition
from portcheck.symbolic.evaluate import Undefined, test
from portcheck.symbolic.expr import Symbol
from portcheck.symbolic.search import Search

Witness = tuple[tuple[Symbol, int], ...]


def find_witness(
    needed: Iterable[Condition],
    helpful: Iterable[Condition],
    symbols: frozenset[Symbol],
    typical: Mapping[Symbol, int],
) -> Witness | None:
    """Values with all that is `needed` true; there is one for each symbol in it and in `symbols`.

    It is first looked for where what is `helpful` is true as well. What is returned has been
    checked by evaluation.
    """
    needed = list(needed)
    hints = [c for c in helpful if c not in needed]
    for conditions in ([*needed, *hints], needed) if hints else (needed,):
        values = Search(conditions, symbols, typical).run()
        if values is not None and _fits(values, needed):
            return tuple(sorted(values.items(), key=lambda v: v[0].name))
    return None


def _fits(values: Mapping[Symbol, int], needed: Iterable[Condition]) -> bool:
    for symbol, value in values.items():
        if (symbol.low is not None and value < symbol.low) or (
            symbol.high is not None and value > symbol.high
        ):
            return False
    try:
        return all(test(c, values) for c in needed)
    except Undefined:
        return False
