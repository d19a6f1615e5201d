"""Values for which premises are true and a goal is false."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from portcheck.symbolic.condition import Condition, condition_symbols
from portcheck.symbolic.evaluate import Undefined, test
from portcheck.symbolic.expr import Symbol
from portcheck.symbolic.search import WORK, Search

Witness = tuple[tuple[Symbol, int], ...]


def find_witness(
    sought: Iterable[Condition],
    hints: Iterable[Condition],
    checks: Iterable[Condition],
    symbols: frozenset[Symbol],
    typical: Mapping[Symbol, int],
    work: int = WORK,
) -> Witness | None:
    """Values with all that is `sought` true, and all `checks`, for each symbol in them and in `symbols`.

    They are first looked for where the hints are true as well. The checks say nothing that is
    new, but they are evaluated: nothing is returned that was not tested.
    """
    sought, checks = list(sought), list(checks)
    symbols = symbols.union(*(condition_symbols(c) for c in checks))
    new = [c for c in hints if c not in sought]
    for conditions in ([*sought, *new], sought) if new else (sought,):
        values = Search(conditions, symbols, typical, work).run()
        if values is not None and _fits(values, (*sought, *checks)):
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
