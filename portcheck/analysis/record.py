"""What a run does to memory, written down as it happens: accesses, copies, addresses, launches."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from portcheck.analysis import arithmetic, expressions, names, objects
from portcheck.analysis.state import Known
from portcheck.analysis.values import FunctionName, Number, OneOf, Tags, Value
from portcheck.program.callee import Callee
from portcheck.program.types import CType
from portcheck.source.place import Place
from portcheck.symbolic.condition import TRUE, Condition
from portcheck.symbolic.expr import Expr, Symbol, number

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.analysis.machine import Machine
    from portcheck.analysis.state import Frame

MIN_VECTOR_BYTES = 8


@dataclass(frozen=True, slots=True)
class Event:
    """Something at a place of the code, on one way through the calls that lead there.

    `function` is the qualified name of the function it stands in, `calls` the calls from the
    root to it; `known` is what is true there, beside what is true everywhere.
    """

    place: Place
    function: str
    calls: tuple[Place, ...]
    known: tuple[Known, ...]


@dataclass(frozen=True, slots=True)
class Access(Event):
    """One thread's load or store of a vector; `width` in bytes."""

    way: str
    address: Number
    element: CType
    width: Expr | None
    text: str


@dataclass(frozen=True, slots=True)
class Bulk(Event):
    """A bulk copy. `length` in bytes; None for an operand that the call does not show."""

    operation: str
    destination: Number | None
    source: Number | None
    length: Number | None
    text: str


@dataclass(frozen=True, slots=True)
class Address(Event):
    """A pointer that the code forms and gives a name, or returns."""

    name: str
    address: Number


@dataclass(frozen=True, slots=True)
class CheckEvent(Event):
    """A check that stops the program where its condition is false; `known` is true before it."""

    condition: Condition
    tags: Tags
    text: str


@dataclass(frozen=True, slots=True)
class LaunchEvent(Event):
    """A launch: the kernel with its template arguments, its configuration and its arguments."""

    kernel: FunctionName
    configuration: tuple[Value, ...]
    arguments: tuple[Value, ...]


@dataclass(eq=False)
class Recorder:
    """Collects events. `layouts` are the places (path, line) where addresses are of interest.

    `shared` are the accesses of shared memory, those of scalars too, which are no events.
    """

    layouts: frozenset[tuple[str, int]] = frozenset()
    events: list[Event] = field(default_factory=list)
    shared: list[Access] = field(default_factory=list)

    def _common(
        self, m: Machine, node: Node, frame: Frame
    ) -> tuple[Place, str, tuple[Place, ...], tuple[Known, ...]]:
        return m.place(node, frame), frame.function.qualified, frame.calls, tuple(m.state.known)

    def access(
        self,
        m: Machine,
        way: str,
        address: Expr,
        element: CType | None,
        tags: Tags,
        node: Node,
        frame: Frame,
    ) -> None:
        if element is None or m.is_local(address):
            return
        type_ = m.sizes.resolve(element, frame)
        width = m.sizes.size(type_, frame)
        if m.is_shared(address):
            number_ = Number(address, element.pointer(), tags)
            common = self._common(m, node, frame)
            self.shared.append(Access(*common, way, number_, element, width, m.shown(node, frame)))
        most = arithmetic.upper_bound(width) if width is not None else None
        if most is not None and most < MIN_VECTOR_BYTES:
            return
        if not m.context.typer.may_be_vector(type_, frame.function) and type_.name not in m.sizes.choices:
            return
        pointer = Number(address, type_.pointer(), tags)
        self.events.append(
            Access(*self._common(m, node, frame), way, pointer, type_, width, m.shown(node, frame))
        )

    def bulk(
        self,
        m: Machine,
        operation: str,
        destination: Value | None,
        source: Value | None,
        length: Value | None,
        node: Node,
        frame: Frame,
    ) -> None:
        operands = [v if isinstance(v, Number) else None for v in (destination, source, length)]
        common = self._common(m, node, frame)
        self.events.append(
            Bulk(*common, operation, operands[0], operands[1], operands[2], m.shown(node, frame))
        )

    def check(
        self, m: Machine, condition: Condition, tags: Tags, text: str, node: Node, frame: Frame
    ) -> None:
        """A check, before what it says is taken to be true."""
        self.events.append(CheckEvent(*self._common(m, node, frame), condition, tags, text))

    def move(self, since: int, place: Place, frame: Frame, text: str) -> None:
        """Put the copies written down since then at the call of the wrapper that makes them."""
        for position in range(since, len(self.events)):
            event = self.events[position]
            if isinstance(event, Bulk):
                function = frame.function.qualified
                self.events[position] = replace(
                    event, place=place, function=function, calls=frame.calls, text=text
                )

    def remote(self, m: Machine, callee: Callee, node: Node, frame: Frame) -> None:
        """An operation of a communication library: nothing here yet says which operand is what."""

    def variable(self, m: Machine, name: str, value: Number, node: Node, frame: Frame) -> None:
        """A variable that was given an address."""
        if value.is_pointer and self._is_layout(m, node, frame):
            self.events.append(Address(*self._common(m, node, frame), name, value))

    def result(self, m: Machine, value: Value, node: Node, frame: Frame) -> None:
        """What a function returns, if that is an address."""
        if isinstance(value, Number) and value.is_pointer and self._is_layout(m, node, frame):
            self.events.append(Address(*self._common(m, node, frame), m.shown(node, frame), value))

    def _is_layout(self, m: Machine, node: Node, frame: Frame) -> bool:
        place = m.place(node, frame)
        return any((place.path, line) in self.layouts for line in range(place.line, place.end_line + 1))

    def launch(self, m: Machine, callee: Callee, node: Node, frame: Frame) -> bool:
        """Whether a call launches a kernel through the run-time library; then it is written down."""
        table = m.context.intrinsics.tables["launch"]
        if callee.receiver is not None or callee.name not in table["names"]:
            return False
        position = table["kernel_argument"].get(callee.name, 0)
        if position >= len(callee.arguments):
            return False
        kernel = expressions.value(m, callee.arguments[position], frame)
        shape, given = callee.arguments[:position], callee.arguments[position + 1 :]
        own = m.context.own.launches.get(callee.name)
        if own is not None:  # what else a project's macro is given means what only the project knows
            shape, given = [], [] if own.arguments is None else callee.arguments[own.arguments :]
        before = [expressions.value(m, a, frame) for a in shape]
        after = [expressions.value(m, a, frame) for a in given]
        self._launched(m, kernel, [_pointee(m, v) for v in before], after, node, frame)
        return True

    def _launched(
        self,
        m: Machine,
        kernel: Value | None,
        shape: list[Value],
        arguments: list[Value],
        node: Node,
        frame: Frame,
    ) -> None:
        options: tuple[tuple[Condition, FunctionName], ...] = ()
        if isinstance(kernel, FunctionName):
            options = ((TRUE, kernel),)
        elif isinstance(kernel, OneOf):
            options = kernel.options
        place, function, calls, known = self._common(m, node, frame)
        given = tuple(objects.copied(value) for value in arguments)  # members may be assigned to later
        over = tuple(objects.copied(value) for value in shape)
        for condition, named in options:
            tag = m.state.step(place, f"launches {named.name} where {condition}", "launch")
            extra = (Known(condition, tag, True),) if condition.known is None else ()
            if condition.known is not False:
                self.events.append(LaunchEvent(place, function, calls, (*known, *extra), named, over, given))

    def triple(
        self, m: Machine, title: Node, configuration: Node, arguments: list[Node], node: Node, frame: Frame
    ) -> None:
        """`kernel<A><<<grid, block, shared_bytes, stream>>>(arguments)`."""
        named = title.child_by_field_name("function")
        kernel = names.identifier(m, named, frame) if named is not None else None
        shape = [expressions.value(m, c, frame) for c in configuration.named_children if c.type != "comment"]
        values = [expressions.value(m, a, frame) for a in arguments]
        self._launched(m, kernel, shape, values, node, frame)


def _pointee(m: Machine, value: Value) -> Value:
    """What a pointer to a local object points to; any other value as it is."""
    if isinstance(value, Number) and value.is_pointer:
        for symbol in value.expr.symbols():
            cell = m.state.objects.get(symbol)
            if cell is not None:
                return cell.value
    return value


__all__ = ["Access", "Address", "Bulk", "Event", "LaunchEvent", "Recorder", "Symbol", "number"]
