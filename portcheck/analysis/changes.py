"""How the iterations of a loop change its variables, and what those are in any iteration.

What is looked at is a variable's value at the end of one iteration, in terms of placeholders
for the values at its start. A variable that grows by one amount is `start + amount * k` with
the iteration's number k. One that is set anew in every iteration is what the iteration before
set it to. Any other is one of the values that an iteration can set it to, or its start, and
some multiple of what the amounts that it grows by share.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import gcd
from typing import TYPE_CHECKING

from portcheck.analysis import arithmetic
from portcheck.analysis.values import NO_TAGS, Array, Cell, Number, Tags, Vague, Value
from portcheck.symbolic.condition import (
    Condition,
    Congruent,
    Operator,
    Relation,
    at_least,
    condition_symbols,
    equal,
    less,
    some,
    truth,
    unequal,
)
from portcheck.symbolic.evaluate import substitute, substitute_condition
from portcheck.symbolic.expr import (
    ZERO,
    Choice,
    Expr,
    Quotient,
    Role,
    Symbol,
    choose,
    floor_divide,
    floor_remainder,
    largest,
    number,
    of,
)

if TYPE_CHECKING:
    from portcheck.analysis.machine import Machine

MAX_LEAVES = 16
MAX_OTHERS = 3  # values that a variable may be set to in a loop; more are not followed
MAX_TEXT = 400
MAX_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Change:
    """How one iteration changes a variable: by `step` (None: by nothing or not known).

    `exact`: by that in every iteration; else by multiples of it. With a `cycle` the sum is
    taken modulo that: `stage = (stage + 1) % kStages`. With a `factor` the variable is
    multiplied by that. `others` are values that it may be set to, in terms of the
    placeholders; `stays`: some iteration may not set it. One iteration adds `most` steps at the most, None if
    that is not seen. `known` is False where nothing is.
    """

    start: Value
    step: Expr | None
    exact: bool
    tags: Tags = NO_TAGS
    grows: bool = False
    cycle: Expr | None = None
    factor: int = 0
    others: tuple[Expr, ...] = ()
    stays: bool = True
    most: int | None = None

    @property
    def known(self) -> bool:
        return self.step is not None or bool(self.others) or self.factor > 0


@dataclass(eq=False, slots=True)
class Changes:
    """What a loop changes. `placeholders` stand for the variables at the start of an iteration."""

    starts: dict[Cell, Value]
    placeholders: dict[Cell, Symbol] = field(default_factory=dict)
    cells: dict[Cell, Change] = field(default_factory=dict)
    owners: dict[Symbol, Cell] = field(default_factory=dict)
    serial: int = 0
    last: Condition | None = None  # of a loop tested after its body: its condition, by the placeholders

    def varies(self, m: Machine, expr: Expr) -> bool:
        """Whether an expression has a symbol that is another one in each iteration."""
        return any(self.is_new(m, s) for s in expr.symbols())

    def is_new(self, m: Machine, symbol: Symbol) -> bool:
        owner = self.owners.get(symbol)
        if owner is not None:
            return owner in self.cells
        return m.state.serial(symbol) >= self.serial and symbol not in m.builtin_symbols()


def classified(
    m: Machine, starts: dict[Cell, Value], placeholders: dict[Cell, Symbol], ends: dict[Cell, Value]
) -> Changes:
    """The changes that one iteration makes, from the values at its end."""
    found = Changes(starts, placeholders, {}, {s: c for c, s in placeholders.items()})
    found.serial = min((m.state.serial(s) for s in placeholders.values()), default=1 << 60)
    numbers: dict[Cell, Number] = {}
    for cell, start in starts.items():
        symbol, end = placeholders.get(cell), ends.get(cell)
        if end is None:
            continue
        if symbol is None:
            if isinstance(start, Array | Vague) or (
                isinstance(end, Number) and not isinstance(start, Number)
            ):
                found.cells[cell] = Change(start, None, False)
        elif not isinstance(end, Number):
            found.cells[cell] = Change(start, None, False)
        elif end.expr != of(symbol):
            numbers[cell] = end
    for cell in numbers:
        found.cells[cell] = Change(starts[cell], None, False)
    for cell, number_ in numbers.items():
        found.cells[cell] = _change(m, found, starts[cell], number_, placeholders[cell])
    return found


def _change(m: Machine, changes: Changes, start: Value, end: Number, symbol: Symbol) -> Change:
    cycle = _cycle(end.expr, symbol)
    if cycle is not None and not any(changes.varies(m, e) for e in cycle):
        return Change(start, cycle[0], True, end.tags, cycle=cycle[1])
    leaves = _leaves(end.expr)
    if leaves is None:
        return Change(start, None, False)
    steps = [x - of(symbol) for x in leaves if symbol not in (x - of(symbol)).symbols()]
    others = [x for x in leaves if symbol in (x - of(symbol)).symbols()]
    if others and all(_factor(x, symbol) for x in others) and not any(s != ZERO for s in steps):
        factor = gcd(*(_factor(x, symbol) for x in others))
        return Change(start, None, False, end.tags, factor=factor, stays=bool(steps))
    if len(others) > MAX_OTHERS or any(len(str(x)) > MAX_TEXT for x in others):
        return Change(start, None, False)
    grows = all((low := arithmetic.lower_bound(s)) is not None and low >= 0 for s in steps)
    step: Expr | None = None
    if len(leaves) == 1 and steps and not changes.varies(m, steps[0]):
        return Change(start, steps[0], True, end.tags)
    nonzero = list(dict.fromkeys(s for s in steps if s != ZERO))
    if len(nonzero) == 1 and not others and not changes.varies(m, nonzero[0]):
        step = nonzero[0]
    elif nonzero:
        # By how much differs from one iteration to the next: what the amounts share is kept.
        step = number(max(gcd(*(c for s in nonzero for c in (s.constant, *(k for _, k in s.terms)))), 1))
    most: int | None = None
    if step is not None and grows:
        if step.value and all(s.value is not None for s in steps):
            most = max(s.value // step.value for s in steps if s.value is not None)
        elif step == nonzero[0]:
            most = 1
    return Change(start, step, False, end.tags, grows, others=tuple(others), stays=bool(steps), most=most)


def _factor(expr: Expr, symbol: Symbol) -> int:
    """c of `c * symbol`, 0 for anything else."""
    if len(expr.terms) != 1 or expr.constant:
        return 0
    monomial, coefficient = expr.terms[0]
    return coefficient if monomial == (symbol,) and coefficient > 0 else 0


def _cycle(end: Expr, symbol: Symbol) -> tuple[Expr, Expr] | None:
    """Step and cycle of `v = (v + step) % cycle`."""
    for atom in end.atoms():
        if isinstance(atom, Quotient) and not atom.truncated:
            step = atom.dividend - of(symbol)
            if (
                end == atom.dividend - of(atom) * atom.divisor
                and symbol not in step.symbols() | atom.divisor.symbols()
            ):
                return step, atom.divisor
    return None


def _leaves(expr: Expr) -> list[Expr] | None:
    """The values that an expression can have, its choices resolved; None if there are too many."""
    choices = [a for a in expr.atoms() if isinstance(a, Choice)]
    if not choices:
        return [expr]
    choice = choices[0]
    found: list[Expr] = []
    for branch in (choice.then, choice.otherwise):
        inner = _leaves(_replaced(expr, choice, branch))
        if inner is None or len(found) + len(inner) > MAX_LEAVES:
            return None
        found += [e for e in inner if e not in found]
    return found


def _replaced(expr: Expr, choice: Choice, branch: Expr) -> Expr:
    total = Expr((), expr.constant)
    for monomial, coefficient in expr.terms:
        term = Expr((), coefficient)
        for atom in monomial:
            term = term * (branch if atom == choice else of(atom))
        total = total + term
    return total


# -- in any iteration --------------------------------------------------------------------


def value_in(m: Machine, changes: Changes, cell: Cell, k: Expr, depth: int = 0) -> Expr | None:
    """A variable at the start of iteration k, or behind k iterations; None where it is not followed."""
    start, change = changes.starts[cell], changes.cells.get(cell)
    if not isinstance(start, Number):
        return None
    if change is None:
        return start.expr
    if not change.known or depth > MAX_DEPTH:
        return None
    if change.exact and change.step is not None:
        expr = _plain(changes, start.expr + change.step * k)
        return expr if change.cycle is None else _in_cycle(start.expr, expr, change.cycle, k)
    if change.factor:
        power = m.state.stand_in(f"powers in {cell.name}", 1, note="what iterations multiply by")
        later = start.expr * power * (1 if change.stays else change.factor)
        return choose(equal(k, 0), start.expr, later)
    if not change.others:
        return start.expr + _steps(m, changes, cell, change, k)
    swapped = _swapped(changes, cell, change, k)
    if swapped is not None:
        return swapped
    earlier = k - 1 if len(change.others) == 1 and not change.stays else _before(m, k)
    values = [_earlier(m, changes, one, earlier, depth) for one in change.others]
    if change.stays:
        values.append(start.expr)
    if any(v is None for v in values):
        return None
    later = _one_of(m, cell, [v + _steps(m, changes, cell, change, k) for v in values if v is not None])
    found = choose(equal(k, 0), start.expr, later)
    return found if len(str(found)) <= 2 * MAX_TEXT else None


def _plain(changes: Changes, expr: Expr) -> Expr:
    """Placeholders of variables that the loop does not change are what those are."""
    found = {}
    for symbol in expr.symbols():
        owner = changes.owners.get(symbol)
        if owner is not None:
            held = changes.starts[owner]
            if isinstance(held, Number) and owner not in changes.cells:
                found[symbol] = held.expr
    return substitute(expr, found) if found else expr


def _steps(m: Machine, changes: Changes, cell: Cell, change: Change, k: Expr) -> Expr:
    """The sum of what some of k iterations add; nothing before the first."""
    if change.step is None:
        return ZERO
    note = f"`{cell.name}` grows in some iterations only"
    low = 0 if change.grows else None
    times = m.state.stand_in(f"steps of {cell.name}", low, note=note)
    said = some([unequal(k, 0), equal(times, 0)])
    if said.known is not True:
        m.always(said, m.state.step(None, "nothing is added before the first iteration", "loop"))
    if change.most is not None:
        text = f"an iteration adds to {cell.name} {change.most} times at the most"
        m.always(at_least(k * change.most, times), m.state.step(None, text, "loop"))
    return _plain(changes, change.step) * times


def _swapped(changes: Changes, cell: Cell, change: Change, k: Expr) -> Expr | None:
    """Two variables that change places in every iteration."""
    if change.stays or len(change.others) != 1 or change.step is not None:
        return None
    for other, symbol in changes.placeholders.items():
        back = changes.cells.get(other)
        if change.others[0] == of(symbol) and back is not None and other is not cell:
            held, own = changes.starts[other], changes.starts[cell]
            alone = back.others == (of(changes.placeholders[cell]),) and not back.stays and back.step is None
            if alone and isinstance(held, Number) and isinstance(own, Number):
                return choose(equal(floor_remainder(k, 2), 0), own.expr, held.expr)
    return None


def _before(m: Machine, k: Expr) -> Expr:
    """The number of some iteration before k."""
    earlier = m.state.stand_in("earlier", 0, note="the number of an earlier iteration", role=Role.INDEX)
    m.always(some([equal(k, 0), less(earlier, k)]), m.state.step(None, "an earlier iteration", "loop"))
    return earlier


def _earlier(m: Machine, changes: Changes, expr: Expr, k: Expr, depth: int) -> Expr | None:
    """What iteration k sets a variable to."""
    found: dict[Symbol, Expr] = {}
    for symbol in sorted(expr.symbols(), key=lambda s: s.name):
        owner = changes.owners.get(symbol)
        if owner is not None:
            value = value_in(m, changes, owner, k, depth + 1)
            if value is None:
                start = changes.starts[owner]
                if not isinstance(start, Number) or start.is_pointer:
                    return None
                note = f"`{owner.name}` changes in the loop in a way that is not followed"
                value = m.state.stand_in(owner.name, note=note)
            found[symbol] = value
        elif changes.is_new(m, symbol):
            found[symbol] = of(m.another(symbol))
    value = substitute(expr, found)
    if len(value.terms) == 1 and value.value is None and value in found.values() and not expr.constant:
        (monomial, _), *_ = value.terms
        if len(monomial) == 1 and isinstance(monomial[0], Symbol) and changes.is_new(m, monomial[0]):
            return None if monomial[0].role is Role.OPAQUE else value
    return value if len(str(value)) <= MAX_TEXT else None


def _one_of(m: Machine, cell: Cell, values: list[Expr]) -> Expr:
    """Any of the values."""
    found = values[0]
    for value in values[1:]:
        if value != found:
            way = m.state.stand_in(f"way of {cell.name}", 0, 1, "which iteration set it last")
            found = choose(truth(way), value, found)
    return found


def _in_cycle(start: Expr, expr: Expr, cycle: Expr, counter: Expr) -> Expr:
    """`expr` modulo the cycle, from the first iteration on; the start itself may lie outside it."""
    around = floor_remainder(expr, cycle)
    if start.value == 0:
        return around
    return choose(equal(counter, 0), start, around)


# -- how often ---------------------------------------------------------------------------


def last_condition(m: Machine, changes: Changes, k: Expr) -> Condition | None:
    """The condition that is tested at the end of iteration k, where it is seen."""
    if changes.last is None:
        return None
    found: dict[Symbol, Expr] = {}
    for symbol in condition_symbols(changes.last):
        owner = changes.owners.get(symbol)
        value = value_in(m, changes, owner, k) if owner is not None else None
        if value is not None:
            found[symbol] = value
        elif changes.is_new(m, symbol):
            return None
    return substitute_condition(changes.last, found)


def iterations(
    m: Machine, condition: Condition, counter: Symbol, least: int
) -> tuple[Expr, Condition | None] | None:
    """How often a loop runs whose condition in iteration `counter` is this; None if that is not seen.

    With what is true then if the loop ends at all.
    """
    if not isinstance(condition, Relation | Congruent) or (
        isinstance(condition, Relation) and condition.operator is Operator.ZERO
    ):
        return None
    by = next((c for monomial, c in condition.expr.terms if monomial == (counter,)), 0)
    rest = condition.expr - of(counter) * by
    serial = m.state.serial(counter)
    if not by or counter in rest.symbols() or any(m.varies(s, serial) for s in rest.symbols()):
        return None
    if isinstance(condition, Congruent):  # until a residue is met
        if not condition.negated or gcd(by, condition.modulus) != 1 or least:
            return None
        inverse = pow(by, -1, condition.modulus)
        return floor_remainder((rest - condition.residue) * -inverse, condition.modulus), None
    if condition.operator is Operator.NONZERO:
        if abs(by) != 1:
            return None
        runs = rest * -by
        return runs, at_least(runs, least)
    if by > 0:
        return None
    runs = floor_divide(rest, -by) + 1
    low = arithmetic.lower_bound(rest)
    if low is None or low < by + least * -by:
        runs = largest([runs, number(least)])
    return runs, None
