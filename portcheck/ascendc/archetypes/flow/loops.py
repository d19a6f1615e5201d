"""Loops: unrolled where their counts are small constants, else one body for every iteration."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from portcheck.ascendc.archetypes.flow.memory import State, Store, Where
from portcheck.ascendc.archetypes.flow.radix import (
    THREAD,
    WARP,
    Digits,
    Sizes,
    digits_of,
    hardware_in,
    is_hardware,
    size_of,
)
from portcheck.ascendc.archetypes.flow.statements import Statements
from portcheck.ascendc.archetypes.flow.values import (
    ONE,
    ZERO,
    Carried,
    Const,
    Index,
    Op,
    Reduce,
    Scalar,
    Sum,
    Unknown,
    Value,
    add,
    contains,
    divide,
    is_natural,
    modulo,
    multiply,
    negate,
    of_terms,
    substitute,
    subtract,
    terms_of,
    type_of,
    walk,
)
from portcheck.program.nodes import first_child

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.pack.subjects import View

MAX_UNROLLED = 64
MAX_ROUNDS = 6
Cell = tuple[str, int]


class Loops(Statements):
    """`owners` says which hardware atoms divide an index among threads and blocks."""

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.sizes = Sizes()
        self.owners: dict[Index, Digits] = {}
        self.depth = 0

    def binary(self, name: str, left: Value, right: Value) -> Value:
        found = super().binary(name, left, right)
        if isinstance(found, Op) and found.name in ("//", "%") and isinstance(found.args[0], Sum):
            return self._of_warps(found)
        return found

    def _of_warps(self, value: Op) -> Value:
        """(block * block size + thread) / 32 and % 32, where blocks are whole warps."""
        by = value.args[1]
        if not isinstance(by, Const) or by.value < 1 or WARP % int(by.value):
            return value
        rest: Value = ZERO
        quotient: Value = ZERO
        for atoms, n in terms_of(value.args[0]).items():
            sizes = [a for a in atoms if isinstance(a, Scalar)]
            fitting = [a for a in sizes if self.sizes.same(a, size_of(THREAD))]
            if any(map(is_hardware, atoms)) and fitting:
                others = list(atoms)
                others.remove(fitting[0])
                quotient = add(quotient, multiply(of_terms({tuple(others): n}), divide(fitting[0], by)))
            else:
                rest = add(rest, of_terms({atoms: n}))
        if quotient == ZERO or not is_natural(rest):
            return value
        self.sizes.whole_warps = True
        return add(quotient, divide(rest, by)) if value.name == "//" else modulo(rest, by)

    def loop(self, node: Node) -> None:
        names, aliases = dict(self.frame.names), dict(self.frame.aliases)
        test, update = node.child_by_field_name("condition"), node.child_by_field_name("update")
        initial, body = node.child_by_field_name("initializer"), node.child_by_field_name("body")
        if test is None or update is None or body is None:
            raise self.give_up("a loop without a condition or a step", node)
        self.frame.loops += 1
        if initial is not None and initial.type == "declaration":
            self.statement(initial)
        elif initial is not None:
            self.value(initial)
        trips = self._trips(test, update)
        if trips is not None:
            for number in range(trips + 1):
                if self.truth(test) != Const(int(number < trips)):
                    raise self.give_up("a loop whose body changes how often it runs", node)
                if number < trips:
                    self._round(body)
                    self.value(update)
        else:
            self._symbolic(node, test, update, body)
        self.frame.loops -= 1
        self.frame.names, self.frame.aliases = names, aliases

    def _round(self, body: Node) -> None:
        names, aliases = dict(self.frame.names), dict(self.frame.aliases)
        when = self.state.when
        self.run([body])
        self.state.when = when
        self.frame.names, self.frame.aliases = names, aliases

    def _trips(self, test: Node, update: Node) -> int | None:
        """The number of iterations, where it is a small constant whatever the body does."""
        before = self.state
        self.state = before.fork()
        count: int | None = 0
        while count is not None:
            going = self.truth(test)
            if not isinstance(going, Const) or count > MAX_UNROLLED:
                count = None
            elif not going.value:
                break
            else:
                self.value(update)
                count += 1
        self.state = before
        return count

    # -- one body for all iterations -------------------------------------------------------

    def _symbolic(self, node: Node, test: Node, update: Node, body: Node) -> None:
        counter, others = self._counter(node, update)
        start = self.read(counter, node)
        step = self._step(counter, update, node)
        index, value, sequential = self._index(node, start, step, counter, test)
        self.depth += 1
        before = self.state
        stores, effects = len(self.stores), len(self.effects)
        carried: set[Cell] = set()
        for _ in range(MAX_ROUNDS):
            del self.stores[stores:], self.effects[effects:]
            carried = {c for c in carried if c[1] in before.cells[c[0]]}
            self._begin(before, carried, counter, value)
            self.loops.append(index)
            self._round(body)
            self.loops.pop()
            for other in others:
                self.value(other)
            changed = self._changed(before, carried, counter, value, node)
            if changed <= carried:
                break
            carried |= changed
        else:
            raise self.give_up("a loop whose variables are not settled", node)
        self._must_keep_its_bounds(before, carried, counter, value, node)
        self._finish(before, carried, index, sequential, stores, counter)
        self.depth -= 1

    def _must_keep_its_bounds(
        self, before: State, carried: set[Cell], counter: Where, value: Value, node: Node
    ) -> None:
        """Condition and step must not depend on what the body changes."""
        after = self.state
        self._begin(before, carried, counter, value)
        test, update = node.child_by_field_name("condition"), node.child_by_field_name("update")
        assert test is not None
        assert update is not None
        going = self.truth(test)
        self.value(update)
        found = self.state.read(counter.base, 0, counter.type.bytes or 4, "")
        own = {Carried(self.depth, cell, type_of(before.cells[cell[0]][cell[1]][1])) for cell in carried}
        if contains(going, own) or contains(found, own):
            raise self.give_up("a loop that changes its own bound or step", node)
        self.state = after

    def _begin(self, before: State, carried: set[Cell], counter: Where, value: Value) -> None:
        """The variables as an iteration finds them."""
        self.state = before.fork()
        self.state.write(counter.base, 0, counter.type.bytes or 4, value)
        for base, offset in carried:
            width, old = before.cells[base][offset]
            self.state.cells[base][offset] = (width, Carried(self.depth, (base, offset), type_of(old)))

    def _counter(self, node: Node, update: Node) -> tuple[Where, list[Node]]:
        """The variable that the condition is about, and what else the step changes."""
        parts = [update]
        while parts[0].type == "comma_expression":
            first = parts.pop(0)
            parts = [c for c in first.named_children if c.type != "comment"] + parts
        test = node.child_by_field_name("condition")
        assert test is not None
        for position, part in enumerate(parts):
            target = part.child_by_field_name("argument") or part.child_by_field_name("left")
            name = self.text(target) if target is not None else ""
            words = [self.text(c) for c in _identifiers(test)]
            at = self.frame.names.get(name)
            if name in words and isinstance(at, Where) and at.space == "local":
                return at, parts[:position] + parts[position + 1 :]
        raise self.give_up("a loop without a counter", node)

    def _step(self, counter: Where, update: Node, node: Node) -> Value:
        """What one step adds to the counter."""
        before = self.state
        self.state = before.fork()
        probe = Scalar("the counter")
        self.state.write(counter.base, 0, counter.type.bytes or 4, probe)
        self.value(update)
        after = self.state.read(counter.base, 0, counter.type.bytes or 4, "")
        self.state = before
        step = subtract(after, probe)
        if isinstance(step, Unknown) or contains(step, [probe]) or step == ZERO:
            raise self.give_up("a loop whose step is not known", node)
        return step

    def _index(
        self, node: Node, start: Value, step: Value, counter: Where, test: Node
    ) -> tuple[Index, Value, bool]:
        """The index of all threads' iterations, the counter by it, and whether they are one thread's."""
        if isinstance(start, Unknown):
            raise self.give_up("a loop whose start is not known", node)
        shared = {a: n for a, n in terms_of(start).items() if any(is_hardware(x) for x in a)}
        part, rest = of_terms(shared), of_terms({a: n for a, n in terms_of(start).items() if a not in shared})
        if hardware_in(rest):
            raise self.give_up("a loop whose start is not a sum of thread numbers", node)
        digits = digits_of(part, self.sizes) if shared else None
        scale = step
        if shared:
            scale = Const(digits.scale) if digits is not None else ONE
            whole = multiply(digits.total, scale) if digits is not None else ZERO
            if digits is None or not self.sizes.same(whole, step):
                raise self.give_up("a loop that threads do not divide evenly", node)
        name = self.unique(self.text(first_child(test) or test)[:12] or "i")
        probe = Index(name, Scalar("?"))
        extent = self._extent_of(add(rest, multiply(scale, probe)), probe, counter, test, node)
        index = Index(name, extent)
        if digits is not None:
            self.owners[index] = digits
        return index, add(rest, multiply(scale, index)), digits is None

    def _extent_of(self, value: Value, probe: Index, counter: Where, test: Node, node: Node) -> Value:
        """How many values of the index pass the condition."""
        before = self.state
        self.state = before.fork()
        self.state.write(counter.base, 0, counter.type.bytes or 4, value)
        going = self.truth(test)
        self.state = before
        if not isinstance(going, Op) or going.name not in ("<", "!=") or going.args[1] != ZERO:
            raise self.give_up("a loop whose condition is not a bound", node)
        gap = going.args[0]
        factor = coefficient(gap, probe)
        if factor is None or factor == ZERO or not is_natural(factor):
            raise self.give_up("a loop whose condition is not a bound", node)
        if going.name == "!=" and factor != ONE:
            raise self.give_up("a loop that ends at one number", node)
        room = subtract(multiply(factor, probe), gap)
        return divide(add(room, subtract(factor, ONE)), factor)

    def _changed(
        self, before: State, carried: set[Cell], counter: Where, value: Value, node: Node
    ) -> set[Cell]:
        changed: set[Cell] = set()
        for base, cells in before.cells.items():
            now = self.state.cells.get(base, {})
            if base == counter.base:
                if now.get(0, (0, ZERO))[1] != value:
                    raise self.give_up("a loop that changes its counter", node)
                continue
            if not cells and now:
                before.cells[base] = {
                    at: (w, Unknown("a loop writes it first")) for at, (w, _) in now.items()
                }
                changed |= {(base, at) for at in now}
                continue
            if {at: c[0] for at, c in cells.items()} != {at: c[0] for at, c in now.items()}:
                changed |= self._split(before, base, node)
                continue
            for at, (_, old) in cells.items():
                mark = Carried(self.depth, (base, at), type_of(old))
                expected = mark if (base, at) in carried else old
                if now[at][1] != expected:
                    changed.add((base, at))
        return changed

    def _split(self, before: State, base: str, node: Node) -> set[Cell]:
        """A variable whose parts a loop writes: its parts are carried one by one."""
        now = self.state.cells[base]
        parts = {at: (w, before.read(base, at, w, type_of(v))) for at, (w, v) in now.items()}
        if sum(w for w, _ in parts.values()) != sum(w for w, _ in before.cells[base].values()):
            raise self.give_up("a loop that changes parts of a variable", node)
        if {at: w for at, (w, _) in before.cells[base].items()}.items() <= {
            at: w for at, (w, _) in parts.items()
        }.items():
            raise self.give_up("a loop that changes parts of a variable", node)
        before.cells[base] = parts
        return {(base, at) for at in parts}

    def _finish(
        self, before: State, carried: set[Cell], index: Index, sequential: bool, first: int, counter: Where
    ) -> None:
        """What the loop leaves in its variables, and what its stores see of them on the way."""
        running: dict[Value, Value] = {}
        final: dict[Cell, Value] = {}
        for base, offset in sorted(carried):
            old = before.cells[base][offset][1]
            mark = Carried(self.depth, (base, offset), type_of(old))
            new = self.state.cells[base][offset][1]
            running[mark], final[(base, offset)] = self._grown(mark, old, new, index, sequential)
        for position in range(first, len(self.stores)):
            self.stores[position] = _replaced(self.stores[position], running)
        self.state.when = before.when
        for (base, offset), value in final.items():
            width = before.cells[base][offset][0]
            self.state.cells[base][offset] = (width, value)
        for base in list(self.state.cells):
            if base not in before.cells:
                del self.state.cells[base]
        self.state.cells[counter.base] = {0: (counter.type.bytes or 4, Unknown("a counter behind its loop"))}

    def _grown(
        self, mark: Carried, old: Value, new: Value, index: Index, sequential: bool
    ) -> tuple[Value, Value]:
        """(what an iteration finds, what is left behind the loop) of a variable."""
        lost = Unknown("a variable that a loop changes in a way that is not followed")
        found = growth(new, mark)
        if found is None or isinstance(old, Unknown):
            return lost, lost
        op, body = found
        if op == "":
            return old, old
        if op == "or" and old not in (ZERO, ONE):
            return lost, lost
        if any(isinstance(v, Carried) for v in walk(body)):
            return lost, lost
        if (
            op == "+"
            and type_of(body) not in ("float", "half", "bf16", "double")
            and not contains(body, [index])
        ):
            if not sequential or any(isinstance(v, Op) and v.name == "where" for v in walk(body)):
                return lost, lost
            return add(old, multiply(index, body)), add(old, multiply(index.extent, body))
        owner = self.owners.get(index)
        missing = frozenset(owner.atoms) if owner is not None else frozenset()
        whole = Reduce(op, index, old, body, missing)
        return Reduce(op, index, old, body, missing, running=True), whole


def growth(new: Value, mark: Carried) -> tuple[str, Value] | None:
    """new = mark op body: the operation and what one iteration gives; ("", …) for no change."""
    if new == mark:
        return "", ZERO
    flag = _either(new, mark)
    if flag is not None:
        return flag
    if isinstance(new, Op) and new.name == "select":
        return _conditional(new, mark)
    if not contains(new, [mark]):
        return None
    if type_of(new) not in ("float", "half", "bf16", "double") and not isinstance(new, Op):
        gap = subtract(new, mark)
        return None if contains(gap, [mark]) else ("+", gap)
    if not isinstance(new, Op):
        return None
    if new.name == "fma" and new.args[2] == mark:
        product = Op("*", new.args[:2], new.ctype)
        return None if contains(product, [mark]) else ("+", product)
    if new.name == "-" and new.args[0] == mark:
        return None if contains(new.args[1], [mark]) else ("+", Op("neg", (new.args[1],), new.ctype))
    if new.name in ("+", "max", "min", "*"):
        leaves = chain(new, new.name)
        others = [v for v in leaves if v != mark]
        if len(others) != len(leaves) - 1 or any(contains(v, [mark]) for v in others):
            return None
        body = others[0]
        for leaf in others[1:]:
            body = Op(new.name, (body, leaf), new.ctype)
        return new.name, body
    return None


def _either(new: Value, mark: Carried) -> tuple[str, Value] | None:
    """A flag that is set where something holds: `mark or condition`, or a choice between 1 and the flag."""
    if isinstance(new, Op) and new.name == "or" and mark in new.args:
        other = new.args[1 - new.args.index(mark)]
        return None if contains(other, [mark]) else ("or", other)
    if isinstance(new, Op) and new.name == "select":
        condition, yes, no = new.args
        if no == mark and yes in (ONE, condition) and not contains(condition, [mark]):
            return "or", condition
        if yes == mark and no == ONE and not contains(condition, [mark]):
            return "or", negate(condition)
    return None


def _conditional(new: Op, mark: Carried) -> tuple[str, Value] | None:
    condition, yes, no = new.args
    if contains(condition, [mark]):
        return None
    one, other = growth(yes, mark), growth(no, mark)
    if one is None or other is None:
        return None
    if one[0] == "":
        return other[0], Op("where", (negate(condition), other[1]), type_of(other[1]))
    if other[0] == "":
        return one[0], Op("where", (condition, one[1]), type_of(one[1]))
    if one[0] != other[0]:
        return None
    return one[0], Op("select", (condition, one[1], other[1]), type_of(one[1]))


def chain(value: Value, name: str) -> list[Value]:
    """The operands of a tree of one operation, from left to right."""
    if isinstance(value, Op) and value.name == name:
        return [leaf for arg in value.args for leaf in chain(arg, name)]
    return [value]


def coefficient(value: Value, index: Value) -> Value | None:
    """f where value = f * index + what is free of it; None where it is not linear."""
    found: dict[tuple[Value, ...], int] = {}
    for atoms, n in terms_of(value).items():
        if index in atoms:
            rest = list(atoms)
            rest.remove(index)
            if any(contains(a, [index]) for a in rest):
                return None
            found[tuple(rest)] = n
        elif any(contains(a, [index]) for a in atoms):
            return None
    return of_terms(found)


def _identifiers(node: Node) -> list[Node]:
    if node.type == "identifier":
        return [node]
    return [x for c in node.named_children for x in _identifiers(c)]


def _replaced(store: Store, table: dict[Value, Value]) -> Store:
    address, value = substitute(store.address, table), substitute(store.value, table)
    when = tuple(substitute(c, table) for c in store.when)
    return replace(store, address=address, value=value, when=when)
