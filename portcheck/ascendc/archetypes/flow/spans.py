"""Puts stores in order: hardware numbers become indices with extents, lanes become reductions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from portcheck.ascendc.archetypes.flow.loops import coefficient
from portcheck.ascendc.archetypes.flow.memory import Store
from portcheck.ascendc.archetypes.flow.radix import (
    THREAD,
    WARP,
    Digits,
    Sizes,
    digits_of,
    hardware_base,
    hardware_in,
    independent,
    is_hardware,
    size_of,
)
from portcheck.ascendc.archetypes.flow.values import (
    ONE,
    ZERO,
    Const,
    Hardware,
    Index,
    Lanes,
    Op,
    Reduce,
    Unknown,
    Value,
    add,
    contains,
    divide,
    modulo,
    multiply,
    of_terms,
    rewrite,
    substitute,
    subtract,
    terms_of,
    walk,
)


@dataclass(frozen=True, slots=True)
class Spanned:
    """A store by indices: for every combination of `indices` with `when`, each once.

    `by` are the hardware atoms that the indices stand for, or that a condition fixes: threads that
    differ in others write the same again. `divisors` are (count, n): n divides the count, or lanes
    would take part in a reduction that are not there. `covered` are (threads, count): the launch has
    at least as many threads, or blocks, as there is to do.
    """

    store: Store
    indices: tuple[Index, ...]
    by: frozenset[Value]
    divisors: frozenset[tuple[Value, int]]
    covered: frozenset[tuple[Value, Value]] = frozenset()


@dataclass
class Spanner:
    """One store on its way."""

    sizes: Sizes
    owners: dict[Index, Digits]
    fixed: set[Value] = field(default_factory=set)
    indices: list[Index] = field(default_factory=list)
    divisors: set[tuple[Value, int]] = field(default_factory=set)
    covered: set[tuple[Value, Value]] = field(default_factory=set)
    values: list[Value] = field(default_factory=list)  # address, value, conditions

    def spanned(self, store: Store) -> Spanned:
        self.values = [store.address, store.value, *store.when]
        self.indices = list(store.loops)
        self._lanes()
        self._conditions()
        self._bare()
        owned = (a for i in self.indices if i in self.owners for a in self.owners[i].atoms)
        if not independent((*self.fixed, *owned)):
            self.values[0] = Unknown("threads that divide two loops, or that are some of those of a loop")
        address, value, *when = self.values
        kept = tuple(c for c in when if c != ONE)
        by = self.fixed | {a for i in self.indices if i in self.owners for a in self.owners[i].atoms}
        done = replace(store, address=address, value=value, when=kept, loops=())
        divisors, covered = frozenset(self.divisors), frozenset(self.covered)
        return Spanned(done, tuple(self.indices), frozenset(by), divisors, covered)

    # -- lanes -----------------------------------------------------------------------------

    def _lanes(self) -> None:
        self.values = [rewrite_inside_out(v, self._lane_reduction) for v in self.values]

    def _lane_reduction(self, value: Value) -> Value | None:
        """A reduction over lanes as one over an index."""
        if not isinstance(value, Lanes):
            return None
        group = value.mask + 1
        if group & value.mask or group > WARP:
            return Unknown("lanes that are no group of neighbours")
        body = value.body
        if isinstance(body, Reduce) and body.op == value.op and body.missing and not body.running:
            return self._joined(body, group)
        return self._grouped(value.op, body, group)

    def _joined(self, body: Reduce, group: int) -> Value:
        """Shares of threads put together."""
        low = next((a for a in body.missing if _is_lane(a)), None)
        if low is None or (body.op == "+" and body.init not in (ZERO, Const(0.0))):
            return Unknown("a reduction over lanes that hold no shares")
        if not self._is_of_all_lanes(body):
            return Unknown("a reduction over lanes that differ in more than their shares")
        if low == _LANE and group == WARP:
            return replace(body, missing=body.missing - {low})
        if low == _THREAD and group == WARP:
            self.sizes.whole_warps = True
            rest = frozenset((divide(_THREAD, Const(WARP)),))
            return replace(body, missing=(body.missing - {low}) | rest)
        return Unknown("a reduction over some of the lanes that hold shares")

    def _is_of_all_lanes(self, body: Reduce) -> bool:
        """Whether the lanes of a warp reduce the same, each its share of the iterations."""
        atoms = set(hardware_in(body.body) | hardware_in(body.init))
        for index in indices_in(body):
            atoms |= set(self.owners[index].atoms) if index in self.owners else set()
        return all(independent((_LANE, a)) for a in atoms)

    def _grouped(self, op: str, body: Value, group: int) -> Value:
        """Neighbouring lanes, each with its own iteration: the iterations of a group."""
        found = [i for i in indices_in(body) if i in self.owners and _is_lane(self.owners[i].atoms[0])]
        if len(found) != 1 or self.owners[found[0]].scale != 1:
            return Unknown("a reduction over lanes that is not followed")
        index = found[0]
        if hardware_in(body) & {a for a in hardware_in(body) if hardware_base(a) == _THREAD}:
            return Unknown("a reduction over lanes that is not followed")
        if len(self.owners[index].atoms) > 1:
            self.sizes.whole_warps = True
        self.divisors.add((index.extent, group))
        inner = Index(f"{index.name}%{group}", Const(group))
        whole = divide(index, Const(group))
        inside = substitute(body, {index: add(multiply(Const(group), whole), inner)})
        return Reduce(op, inner, NOTHING, inside)

    # -- conditions ------------------------------------------------------------------------

    def _conditions(self) -> None:
        """Bounds of thread numbers become indices; thread numbers that are fixed go away."""
        again = True
        while again:
            again = False
            self.values = self.values[:2] + [p for c in self.values[2:] for p in conjuncts(c)]
            for position in range(2, len(self.values)):
                condition = self.values[position]
                if isinstance(condition, Op) and (self._bound(condition) or self._fixed(condition)):
                    self.values[position] = ONE
                    again = True
                    break

    def _bound(self, condition: Op) -> bool:
        """number of threads < n."""
        if condition.name != "<" or condition.args[1] != ZERO:
            return False
        gap = condition.args[0]
        shared = {a: n for a, n in terms_of(gap).items() if any(map(is_hardware, a))}
        rest = of_terms({a: n for a, n in terms_of(gap).items() if a not in shared})
        digits = digits_of(of_terms(shared), self.sizes) if shared else None
        if digits is None or digits.scale != 1 or hardware_in(rest):
            return False
        index = Index("+".join(sorted(map(_short, digits.atoms))), subtract(ZERO, rest))
        low = digits.atoms[0]
        value = subtract(index, subtract(of_terms(shared), low))
        before = list(self.values)
        self._replace({low: value})
        if any(hardware_in(v) & set(digits.atoms) for v in (*self.values[:2],)):
            self.values = before
            return False
        self.owners[index] = digits
        self.indices.append(index)
        self.covered.add((digits.total, index.extent))
        return True

    def _fixed(self, condition: Op) -> bool:
        """thread number == constant, or its remainder == 0 where iterations are divided by it."""
        if condition.name not in ("==", "<") or condition.args[1] != ZERO:
            return False
        gap = condition.args[0]
        constant = terms_of(gap).get((), 0)
        atoms = [a for a in terms_of(gap) if a]
        if len(atoms) != 1 or len(atoms[0]) != 1 or terms_of(gap)[atoms[0]] != 1:
            return False
        atom = atoms[0][0]
        number = -constant if condition.name == "==" else 0
        if not is_hardware(atom) or (condition.name == "<" and constant != -1):
            return False
        owner = next((i for i in self.indices if i in self.owners and _divides(self.owners[i], atom)), None)
        if owner is None and number != 0:
            return False  # a launch with fewer blocks or threads would never do it
        if owner is None:
            self.fixed.add(atom)
            self._replace({atom: Const(number)})
            return True
        if number != 0 or not isinstance(atom, Op) or atom.name != "%":
            return False
        return self._every(owner, int(atom.args[1].value))  # type: ignore[union-attr]

    def _every(self, index: Index, step: int) -> bool:
        """Only the iterations whose lane is a multiple of `step`."""
        if self.owners[index].scale != 1 or WARP % step != 0:
            return False
        if len(self.owners[index].atoms) > 1 or self.owners[index].atoms[0] == _THREAD:
            self.sizes.whole_warps = True
        extent = divide(add(index.extent, Const(step - 1)), Const(step))
        if (index.extent, step) in self.divisors:
            extent = divide(index.extent, Const(step))
        fewer = Index(f"{index.name}/{step}", extent)
        self._replace({index: multiply(Const(step), fewer)})
        self.owners[fewer] = self.owners[index]
        self.indices[self.indices.index(index)] = fewer
        return True

    def _replace(self, table: Mapping[Value, Value]) -> None:
        self.values = [substitute(v, dict(table)) for v in self.values]

    # -- what is left ----------------------------------------------------------------------

    def _bare(self) -> None:
        """A block or thread number as it stands is an index over all of them."""
        for atom in sorted(set().union(*(hardware_in(v) for v in self.values)), key=repr):
            others = [a for i in self.indices if i in self.owners for a in self.owners[i].atoms]
            if any(hardware_base(a) == hardware_base(atom) and a != atom for a in others):
                continue
            if atom in others:  # it follows from the index that it divides, and is none of its own
                self._replace({atom: Unknown("a thread number beside the loop that it divides")})
                continue
            index = Index(_short(atom), self.sizes.known(size_of(atom)))
            self._replace({atom: index})
            self.owners[index] = Digits((atom,), size_of(atom), 1)
            self.indices.append(index)


_THREAD: Value = THREAD
_LANE = modulo(_THREAD, Const(WARP))
NOTHING = Op("nothing", (), "")  # a reduction that starts with its first element


def _is_lane(atom: Value) -> bool:
    return atom in (_THREAD, _LANE)


def _divides(digits: Digits, atom: Value) -> bool:
    """Whether the iterations of lanes with other values of the atom, a remainder, are others."""
    return isinstance(atom, Op) and atom.name == "%" and atom.args[0] == _THREAD and _is_lane(digits.atoms[0])


def _short(atom: Value) -> str:
    if isinstance(atom, Hardware):
        return atom.name
    assert isinstance(atom, Op)
    return f"{_short(atom.args[0])}{atom.name}{getattr(atom.args[1], 'value', '?')}"


def indices_in(value: Value) -> list[Index]:
    """The indices that a value depends on: those of its own reductions are not among them."""
    found: dict[Index, None] = {}
    bound = {v.index for v in walk(value) if isinstance(v, Reduce)}
    for part in walk(value):
        if isinstance(part, Index) and part not in bound:
            found[part] = None
    return list(found)


def conjuncts(condition: Value) -> Iterator[Value]:
    if isinstance(condition, Op) and condition.name == "and":
        for part in condition.args:
            yield from conjuncts(part)
    else:
        yield condition


def rewrite_inside_out(value: Value, replace_: object) -> Value:
    """Like `rewrite`, but a part is replaced after what is inside of it."""
    assert callable(replace_)

    def outer(part: Value) -> Value | None:
        if not any(isinstance(v, Lanes) for v in walk(part)):
            return part
        if isinstance(part, Lanes):
            inner = Lanes(part.op, rewrite(part.body, outer), part.mask)
            found: Value | None = replace_(inner)
            return found if found is not None else inner
        return None

    return rewrite(value, outer)


__all__ = ["NOTHING", "Spanned", "Spanner", "coefficient", "conjuncts", "contains", "indices_in"]
