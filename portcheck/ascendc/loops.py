"""Loops of a port from the counters of an address: blocks over cores, the rest as C++ loops."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from portcheck.ascendc import expressions
from portcheck.ascendc.building import extent_of
from portcheck.ascendc.intent import Intent, Pipeline
from portcheck.ascendc.moves import is_negative
from portcheck.ascendc.names import argument
from portcheck.symbolic.condition import Condition, Operator, Relation, condition_symbols
from portcheck.symbolic.evaluate import substitute_condition
from portcheck.symbolic.expr import ZERO, Expr, Role, Symbol

_WARP_LANES = 32
_FIRST = (
    "blockIdx.x",
    "blockIdx.y",
    "blockIdx.z",
    "warp",
    "threadIdx.z",
    "threadIdx.y",
    "threadIdx.x",
    "lane",
)


@dataclass(eq=False)
class Names:
    """What symbols are called inside the kernel's class."""

    fields: Mapping[str, str]

    def name(self, symbol: Symbol) -> str:
        if symbol.name in self.fields:
            return f"tiling_.{self.fields[symbol.name]}"
        return variable(symbol)

    def expression(self, expr: Expr) -> str:
        return expressions.expression(expr, self.name)

    def condition(self, one: Condition) -> str:
        return expressions.condition(one, self.name)


@dataclass(eq=False)
class Host:
    """What symbols are called inside the tiling function."""

    fields: Mapping[str, str]

    def name(self, symbol: Symbol) -> str:
        return self.fields[symbol.name]

    def expression(self, expr: Expr) -> str:
        return expressions.expression(expr, self.name)


def variable(symbol: Symbol) -> str:
    return (
        f"{argument(symbol.name)}_at" if symbol.name in ("at", "bytes", "length") else argument(symbol.name)
    )


@dataclass(frozen=True, slots=True)
class Loop:
    """One counter. `limit` is the C++ condition to go on, "" where nothing that is known bounds it."""

    symbol: Symbol
    variable: str
    limit: str
    over_cores: bool


@dataclass(frozen=True, slots=True)
class Nest:
    """The loops around a piece, the outermost first, and the conditions that are left to test."""

    loops: tuple[Loop, ...]
    guards: tuple[str, ...]
    positive: tuple[Expr, ...]


def nest(pipeline: Pipeline, names: Names) -> Nest:
    """The loops of a pipeline: every counter that its addresses, length or conditions depend on."""
    indices = frozenset[Symbol]().union(*(m.indices for m in pipeline.moves))
    conditions = list(dict.fromkeys(c for m in pipeline.moves for c in m.conditions))
    for one in conditions:
        indices |= {s for s in condition_symbols(one) if s.role is Role.INDEX}
    order: dict[Symbol, int] = {}
    for move in pipeline.moves:
        order |= move.order
    ordered = sorted(indices, key=lambda s: _rank(s, order))
    split = next((s for s in ordered if s.name.startswith("blockIdx.")), None)
    loops: list[Loop] = []
    used: set[Condition] = set()
    positive: list[Expr] = []
    for at, symbol in enumerate(ordered):
        limit = _given(symbol, names)
        if not limit:
            bounds = list(_bounds(symbol, conditions, ordered[at + 1 :]))
            limit = " && ".join(names.condition(bound) for _, bound, _ in bounds)
            used |= {whole for whole, bound, _ in bounds if whole == bound}
            positive += [-factor for _, _, factor in bounds if factor.value is None]
        if not limit and symbol.high is not None:
            limit = f"{variable(symbol)} <= {symbol.high}"
        loops.append(Loop(symbol, variable(symbol), limit, symbol is split))
    guards = tuple(names.condition(c) for c in conditions if c not in used)
    return Nest(tuple(loops), guards, tuple(positive))


def _rank(symbol: Symbol, order: Mapping[Symbol, int]) -> tuple[int, int, str]:
    if symbol.name in _FIRST:
        return 0, _FIRST.index(symbol.name), symbol.name
    return 1, order.get(symbol, 0), symbol.name


def _given(symbol: Symbol, names: Names) -> str:
    """The limit of a name of the launch."""
    if symbol.name == "lane":
        return f"{variable(symbol)} < {_WARP_LANES}"
    extent = extent_of(symbol.name)
    if not extent or extent not in names.fields:
        return ""
    count = f"tiling_.{names.fields[extent]}"
    if symbol.name == "warp":
        count = f"FloorDivide({count} + {_WARP_LANES - 1}, {_WARP_LANES})"
    return f"{variable(symbol)} < {count}"


def _bounds(
    symbol: Symbol, conditions: Iterable[Condition], inner: Sequence[Symbol]
) -> Iterable[tuple[Condition, Condition, Expr]]:
    """Conditions that end a loop: harder as the counter grows, for the first values of the loops inside."""
    for one in conditions:
        if not isinstance(one, Relation) or one.operator is not Operator.NON_NEGATIVE:
            continue
        factor = expressions.coefficient(one.expr, symbol)
        fixed = factor is not None and all(s.role is Role.PARAMETER for s in factor.symbols())
        if factor is None or not fixed or not is_negative(factor):
            continue
        within = [s for s in inner if s in one.expr.symbols()]
        factors = [expressions.coefficient(one.expr, s) for s in within]
        if any(f is None or not is_negative(f) for f in factors):
            continue
        yield one, substitute_condition(one, dict.fromkeys(within, ZERO)) if within else one, factor


def positive_divisors(intent: Intent, more: Iterable[Expr]) -> list[Expr]:
    """What the port divides by, or steps by, of what a launch fixes: the tiling function asks that it is
    positive."""
    found: dict[str, Expr] = {}
    listed = list(more)
    for pipeline in intent.pipelines():
        for move in pipeline.moves:
            for expr in (move.offset, move.length):
                listed += expressions.divisors(expr) if expr is not None else ()
            for one in move.conditions:
                listed += expressions.divisors_in(one)
    for check in intent.checks:
        listed += expressions.divisors_in(check.condition)
    for expr in listed:
        if expr.value is None and all(s.name in intent.fields for s in expr.symbols()):
            found.setdefault(str(expr), expr)
    return [found[key] for key in sorted(found, key=lambda k: (len(k), k))]
