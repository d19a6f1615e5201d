"""The interpreter: one run over one root function, with everything that it calls.

The machine executes statements in order over symbolic values. It forks at branches, joins
behind them, and follows calls of the tree's own functions, lambdas and constructors into
their bodies. What it cannot follow becomes an unknown that says why.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import gcd
from typing import TYPE_CHECKING

from portcheck.analysis import declarations, dispatch, expressions, objects, statements
from portcheck.analysis.sizes import Sizes, is_unsigned
from portcheck.analysis.state import Frame, Known, State
from portcheck.analysis.values import NO_TAGS, Cell, Number, Structure, Tags, Vague, Value
from portcheck.facts.context import Context
from portcheck.program.callee import Callee
from portcheck.program.model import Function, Origin, Parameter
from portcheck.program.nodes import first_child
from portcheck.program.types import CType
from portcheck.source.place import Place
from portcheck.symbolic.condition import (
    Condition,
    condition_symbols,
    congruent,
    equal,
    less,
    negate,
    some,
    truth,
    unequal,
)
from portcheck.symbolic.evaluate import substitute_condition
from portcheck.symbolic.expr import Expr, Role, Symbol, number, of
from portcheck.syntax import parse_text
from portcheck.targets import Assumptions

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.analysis.declarations import Enumerator
    from portcheck.analysis.record import Recorder
    from portcheck.program.declarators import Declared

MAX_NODES = 120_000
MAX_RECURSION = 12_000
MAX_TEXT = 60


@dataclass
class Tree:
    """What all runs over one tree share."""

    context: Context
    assumed: Assumptions
    symbols: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    parsed: dict[bytes, Node] = field(default_factory=dict)
    callees: dict[tuple[int, int], Callee | None] = field(default_factory=dict)
    expansions: dict[tuple[int, int], tuple[Node, Origin]] = field(default_factory=dict)
    enums: dict[str, int] | None = None
    enumerators: dict[str, list[Enumerator]] | None = None
    kept_alive: list[object] = field(default_factory=list)

    @property
    def origins(self) -> list[Origin]:
        """One origin for the main tree of each file."""
        found: dict[str, Origin] = {}
        for group in self.context.program.functions.values():
            for function in group:
                origin = function.origin
                if not origin.is_macro and not origin.expansion:
                    found.setdefault(origin.file.path, origin)
        for records in self.context.program.records.values():
            for record in records:
                if record.origin is not None and not record.origin.is_macro:
                    found.setdefault(record.origin.file.path, record.origin)
        return list(found.values())

    backward_labels: dict[tuple[int, int], bool] = field(default_factory=dict)
    returning_loops: dict[tuple[int, int], bool] = field(default_factory=dict)
    loop_names: dict[tuple[int, int], tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shared:
    """A variable in shared memory; `size` in bytes, None for what the launch decides."""

    name: str
    place: Place
    alignment_bytes: int
    size: Expr | None


class Machine:
    """One run. `recorder` is told what the code does to memory, None while looking ahead."""

    def __init__(self, tree: Tree, recorder: Recorder | None = None) -> None:
        self.tree = tree
        self.context = tree.context
        self.program = tree.context.program
        self.recorder = recorder
        self.state = State()
        self.expression_handlers = dispatch.EXPRESSIONS
        self.statement_handlers = dispatch.STATEMENTS
        self.universal: list[Known] = []
        self.open_types: set[str] = set()
        self.enums, self.enumerators = declarations.enumerations(tree)
        self.sizes = Sizes(self)
        self.shared: dict[Symbol, Shared] = {}
        self.nodes = 0
        self.dry = 0
        self.exhausted = False
        self.builtins: dict[str, Number] = {}
        self.constants: dict[int, Value] = {}
        self.active: dict[int, int] = {}
        self.root: Frame | None = None
        self.replaced: dict[tuple[str, int], int] = {}  # constants to try another value for
        self.template_parameters: list[Parameter] = []
        self.initial: dict[str, Symbol] = {}  # the root's parameters
        self.bases: set[Symbol] = set()  # addresses of whole allocations
        self.leaked = False  # whether memory holds the address of a local variable
        self.by_thread: set[Symbol] = set()  # what each thread reads at an address of its own
        self.cut: set[str] = set()  # functions that were not looked into for want of budget
        self.escaped_functions: set[str] = set()  # functions handed to code that is not followed
        self.entered: set[int] = set()  # functions that the run looked into
        self.probe: Callable[[Node, Frame, bool], None] | None = None
        self.visited: set[int] = set()  # statements, by node, that a path came to; only with a recorder
        self.missing: list[str] = []  # names in a question that mean nothing where it is asked
        self.asking: Frame | None = None

    # -- reading -----------------------------------------------------------------------

    def is_base(self, symbol: Symbol) -> bool:
        """Whether a symbol is the address of an object, and not of somewhere inside one."""
        return symbol in self.bases or symbol in self.shared or symbol in self.state.objects

    def is_local(self, address: Expr) -> bool:
        """Whether an address leads into a local object: no memory is touched."""
        return any(s in self.state.objects for s in address.symbols()) and not self.is_shared(address)

    def is_shared(self, address: Expr) -> bool:
        """Whether an address leads into the block's shared memory."""
        return any(s in self.shared for s in address.symbols())

    def shared_base(
        self, symbol: Symbol, found: Declared, alignment: int, type_: CType, frame: Frame
    ) -> None:
        """A variable in shared memory: where it starts is what its declaration asks for."""
        place = self.place(found.node, frame)
        extent = self.text_number(type_.extents[0], frame) if type_.extents and type_.extents[0] else None
        size = self.sizes.size(type_, frame) if not type_.extents or extent is not None else None
        self.shared[symbol] = Shared(found.name, place, alignment, size)
        text = f"{found.name} is shared memory, aligned to {alignment} bytes"
        if alignment > 1:
            self.always(congruent(of(symbol), alignment), self.state.step(place, text, "value"))

    def place(self, node: Node, frame: Frame) -> Place:
        return frame.origin.place(node.start_byte, node.end_byte)

    def read(self, node: Node, frame: Frame) -> str:
        return frame.origin.read(node)

    def shown(self, node: Node, frame: Frame) -> str:
        """The node's text, short enough for a line of a derivation."""
        text = frame.origin.read(node)
        return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"

    def callee(self, node: Node, frame: Frame) -> Callee | None:
        key = (id(frame.origin.text), node.id)
        if key not in self.tree.callees:
            self.tree.callees[key] = Callee.of(node, frame.origin)
            self.tree.kept_alive.append((frame.origin, node))
        return self.tree.callees[key]

    def callee_name(self, argument: Node, frame: Frame) -> str:
        """The name of the function that an argument is given to, "" for what has none."""
        listed = argument.parent
        call = listed.parent if listed is not None else None
        found = self.callee(call, frame) if call is not None and call.type == "call_expression" else None
        return found.name if found is not None else ""

    def spend(self) -> bool:
        """Count one step of work; False once the budget is gone."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.exhausted = True
        return not self.exhausted

    # -- unknowns ----------------------------------------------------------------------

    def unknown(self, type_: CType | None, name: str, note: str, frame: Frame, tags: Tags = NO_TAGS) -> Value:
        """A value of the type that the code does not determine."""
        if type_ is not None and type_.is_indirect:
            note = note or "a pointer"
            return Number(self.state.fresh(name, Role.BASE, 0, note=note), type_, tags)
        if type_ is not None:
            type_ = self.sizes.resolve(type_, frame)
            if type_.is_indirect:
                return self.unknown(type_, name, note, frame, tags)
        if self.sizes.is_integer(type_):
            low = 0 if is_unsigned(type_) else None
            high = 1 if type_ is not None and type_.name == "bool" else None
            return Number(self.state.fresh(name, Role.OPAQUE, low, high, note), type_, tags)
        if type_ is not None and type_.name in self.enums:
            return Number(self.state.fresh(name, Role.OPAQUE, note=note), type_, tags)
        return Vague(type_, note)

    def parameter(self, symbol_name: str, type_: CType | None, note: str) -> tuple[Symbol, Number]:
        """An integer that is given from outside: a signed one is not negative by assumption."""
        signed = not is_unsigned(type_)
        assumed = self.tree.assumed.sizes_not_negative
        low = None if signed and not assumed else 0
        high = 1 if type_ is not None and type_.name == "bool" else None
        given = self.tree.symbols.get(symbol_name.partition("@")[0], ())
        if given:
            low, high = min(given), max(given)
        symbol = self.state.symbol(symbol_name, Role.PARAMETER, low, high, note)
        tags = NO_TAGS
        if given:
            tags = frozenset((self._is_one_of(symbol, given),))
        elif signed and assumed:
            tags = frozenset((self.state.step(None, "sizes-not-negative", "assumption"),))
        return symbol, Number(of(symbol), type_, tags)

    def _is_one_of(self, symbol: Symbol, values: tuple[int, ...]) -> int:
        """The values that the user said a parameter takes, and what they have in common; the step of it."""
        name = symbol.name.partition("@")[0]
        tag = self.state.step(None, f"given: {name} = {' or '.join(map(str, values))}", "given")
        step = gcd(*(value - values[0] for value in values))
        if step > 1:
            self.always(congruent(of(symbol) - values[0], step), tag)
        self.always(some(equal(of(symbol), value) for value in values), tag)
        return tag

    def as_number(self, value: Value, name: str, frame: Frame) -> Number:
        """The value as an integer; an unknown one where the interpreter has no integer."""
        if isinstance(value, Number):
            return value
        reason = value.reason if isinstance(value, Vague) else f"{name} is no integer"
        return Number(self.state.fresh(name, Role.OPAQUE, note=reason), None)

    # -- evaluation of texts -----------------------------------------------------------

    def text_node(self, text: str) -> Node | None:
        raw = b"(" + text.encode() + b");"
        node = self.tree.parsed.get(raw)
        if node is None:
            tree = parse_text(raw)
            self.tree.kept_alive.append(tree)
            statement = first_child(tree.root_node)
            if statement is None or tree.root_node.has_error:
                return None
            node = first_child(statement)
            if node is None:
                return None
            self.tree.parsed[raw] = node
        return node

    def in_text(self, text: str, frame: Frame, at: Place | None = None) -> tuple[Node, Origin] | None:
        """An expression that is no part of a file, as if it stood at a place."""
        node = self.text_node(text)
        if node is None:
            return None
        here = at or (frame.calls[-1] if frame.calls else None)
        base = frame.function
        default = here or base.origin.place(base.start_byte, base.start_byte)
        raw = b"(" + text.encode() + b");"
        return node, Origin(frame.origin.file, raw, lambda _s, _e: default, expansion=True, lookup_offset=0)

    def text_value(self, text: str, frame: Frame) -> Value:
        found = self.in_text(text, frame)
        if found is None:
            return Vague(None, f"{text} is not an expression that can be read")
        node, origin = found
        before, frame.origin = frame.origin, origin
        try:
            return expressions.value(self, node, frame)
        finally:
            frame.origin = before

    def text_number(self, text: str, frame: Frame) -> Expr | None:
        if text.isdigit():
            return number(int(text))
        value = self.text_value(text, frame)
        return value.expr if isinstance(value, Number) else None

    def constant_text(self, text: str, frame: Frame) -> int | None:
        """The number that a text is, None for what is no constant; knows nothing new afterwards."""
        if text.isdigit():
            return int(text)
        if not any(c.isalpha() or c == "_" for c in text):
            return None
        name = text.strip()
        if name.isidentifier() and frame.lookup(name) is None and name not in self.program.constants:
            return None
        found = self.text_number(text, frame)
        return found.value if found is not None else None

    def text_condition(self, text: str, frame: Frame) -> Condition:
        value = self.text_value(text, frame)
        if isinstance(value, Number):
            return truth(value.expr)
        return unequal(self.state.fresh(text[:MAX_TEXT], Role.PARAMETER, 0, 1), 0)

    # -- the names of the launch -------------------------------------------------------

    def builtin(self, name: str) -> Number | None:
        """`threadIdx.x` and its like; None for any other name."""
        if name not in self.builtins:
            head, _, axis = name.partition(".")
            if axis not in ("x", "y", "z") or head not in ("threadIdx", "blockIdx", "blockDim", "gridDim"):
                return None
            self.builtins[name] = self._builtin(head, name, axis)
        return self.builtins[name]

    def _builtin(self, head: str, name: str, axis: str) -> Number:
        type_ = CType("unsigned int")
        if head in ("blockDim", "gridDim"):
            high = (1024 if axis != "z" else 64) if head == "blockDim" else None
            return Number(self.state.fresh(name, Role.PARAMETER, 1, high), type_)
        high = (1023 if axis != "z" else 63) if head == "threadIdx" else None
        index = self.state.fresh(name, Role.INDEX, 0, high)
        shape = self.builtin(("blockDim." if head == "threadIdx" else "gridDim.") + axis)
        if shape is not None:
            tag = self.state.step(None, f"{name} < {shape.expr}", "launch")
            # True everywhere, also on the paths that branched off before the first use.
            self.always(less(index, shape.expr), tag)
        return Number(index, type_)

    def is_compile_time(self, condition: Condition) -> bool:
        """Whether a condition is over the root's template arguments alone."""
        names = {p.name for p in self.template_parameters}
        sizes = frozenset(self.sizes.template_names().values())
        return all(s.name in names or s in sizes for s in condition_symbols(condition))

    def assume_instantiated(self, found: Condition, tag: int) -> None:
        """What a static assert says is true wherever the path leads, once it is instantiated.

        Only a branch that is itself decided by template arguments can discard it.
        """
        if self.dry or found.known is not None or not self.is_compile_time(found):
            return
        guards = [k.condition for k in self.state.known if k.guard and self.is_compile_time(k.condition)]
        self.always(some([*(negate(g) for g in guards), found]), tag)

    def thread_symbols(self) -> frozenset[Symbol]:
        """The symbols that differ between the threads of a block."""
        threads = ("threadIdx.x", "threadIdx.y", "threadIdx.z", "lane")
        return frozenset(s for n in threads if n in self.builtins for s in self.builtins[n].expr.symbols())

    def builtin_symbols(self) -> frozenset[Symbol]:
        """The symbols of the launch's own names: the same in every iteration."""
        return frozenset(s for b in self.builtins.values() for s in b.expr.symbols())

    def varies(self, symbol: Symbol, serial: int) -> bool:
        """Whether a symbol is newer than that one and no name of the launch: new in each iteration."""
        return self.state.serial(symbol) > serial and symbol not in self.builtin_symbols()

    def another(self, symbol: Symbol) -> Symbol:
        """A new unknown of which the same is known on every path as of `symbol` alone."""
        made = self.state.symbol(
            symbol.name.split("#", 1)[0], symbol.role, symbol.low, symbol.high, symbol.note
        )
        if symbol in self.state.stand_ins:
            self.state.stand_ins.add(made)
        for known in list(self.universal):
            if condition_symbols(known.condition) == {symbol}:
                self.always(substitute_condition(known.condition, {symbol: of(made)}), known.tag)
        return made

    def lane(self) -> Number:
        """The number of the thread in its warp."""
        if "lane" not in self.builtins:
            lane = self.state.fresh("lane", Role.INDEX, 0, 31, "the thread's number in its warp")
            self.builtins["lane"] = Number(lane, CType("int"))
        return self.builtins["lane"]

    def always(self, condition: Condition, tag: int) -> None:
        """A condition on new symbols, true on every path."""
        self.universal.append(Known(condition, tag, False))

    def stands_in(self, value: Value) -> Value:
        """The value, whose symbols stand for something that the code determines."""
        if isinstance(value, Number):
            self.state.stand_ins |= value.expr.symbols()
        return value

    # -- running -----------------------------------------------------------------------

    def run(self, function: Function) -> None:
        """Interpret a function with unknown arguments, as a root."""
        frame = declarations.root_frame(self, function)
        self.root = frame
        frame.start = self.state.mark
        objects.run_initialisers(self, function, frame)
        if function.body is None:
            return
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, MAX_RECURSION))
        try:
            statements.execute(self, function.body, frame)
        except RecursionError:
            self.exhausted = True
        finally:
            sys.setrecursionlimit(limit)


__all__ = ["Cell", "Machine", "Structure", "Tree", "of"]
