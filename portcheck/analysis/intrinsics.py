"""Calls of what CUDA and the C++ library define, and of wrappers of PTX."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portcheck.analysis import calls, expressions, memory, names, objects
from portcheck.analysis.values import NO_TAGS, Number, Vague, Value
from portcheck.facts.effects import Effect, Summary, asm_values, read_asm
from portcheck.program import knowledge
from portcheck.program.callee import Callee
from portcheck.program.model import Function, Observation
from portcheck.program.types import CType
from portcheck.symbolic.condition import as_integer, congruent, equal
from portcheck.symbolic.evaluate import substitute
from portcheck.symbolic.expr import ZERO, Expr, Quotient, Role, Symbol, largest, of, smallest

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.analysis.machine import Machine
    from portcheck.analysis.state import Frame

# Kinds of wrappers whose bodies say nothing more than their kind.
_OPAQUE_KINDS = frozenset(
    ("tma_copy", "load", "store", "mbarrier", "copy_wait", "block_barrier", "sync_scope")
)


def call(m: Machine, callee: Callee, node: Node, frame: Frame) -> Value | None:
    """The value of a call that CUDA defines; None for any other."""
    table = knowledge.values()
    name = f"{callee.qualifier}{callee.name}"
    arguments = callee.arguments
    if callee.name in m.program.functions and not callee.name.startswith("__"):
        return _elected(m, callee, frame) if callee.name in table["elected"]["names"] else None
    for kind, join in (("smallest", smallest), ("largest", largest)):
        if name in table[kind]["names"] and len(arguments) >= 2:
            values = [expressions.value(m, a, frame) for a in arguments]
            numbers = [v for v in values if isinstance(v, Number)]
            if len(numbers) < len(values):
                return next(v for v in values if not isinstance(v, Number))
            tags = NO_TAGS.union(*(v.tags for v in numbers))
            return Number(join(v.expr for v in numbers), numbers[0].type, tags)
    if name in table["same"]["names"] and arguments:
        return expressions.value(m, arguments[0], frame)
    if name in table["group"]["names"]:
        return objects.group(m, [expressions.value(m, a, frame) for a in arguments])
    if name in table["assumed_aligned"]["names"] and len(arguments) >= 2:
        return _assumed_aligned(m, callee, node, frame)
    if name in table["assumed"]["names"] and len(arguments) == 1:
        found, tags = expressions.condition(m, arguments[0], frame)
        text = f"{name}({m.shown(arguments[0], frame)})"
        m.state.assume(found, m.state.step(m.place(node, frame), text, "check", tags))
        return Vague()
    if name in table["other_lane"]["names"]:
        position = 1 if name in table["other_lane"]["second"] else 0
        values = [expressions.value(m, a, frame) for a in arguments]
        return _of_other_lane(m, values[position], frame) if len(values) > position else Vague()
    if name in table["elected"]["names"]:
        return _elected(m, callee, frame)
    if name in table["stops"]["names"]:
        m.state.alive = False
        return Vague()
    if name in table["range"]:
        for argument in arguments:
            expressions.value(m, argument, frame)
        low, high = table["range"][name]
        return Number(m.state.fresh(name, Role.OPAQUE, low, high, f"the result of `{name}`"), CType("int"))
    tables = m.context.intrinsics.tables
    if callee.name in tables["loads"]["names"] or callee.name in tables["stores"]["names"]:
        way = "load" if callee.name in tables["loads"]["names"] else "store"
        return _access(m, way, callee, node, frame, None)
    return None


def _assumed_aligned(m: Machine, callee: Callee, node: Node, frame: Frame) -> Value:
    pointer = expressions.value(m, callee.arguments[0], frame)
    step = expressions.value(m, callee.arguments[1], frame)
    if isinstance(pointer, Number) and isinstance(step, Number) and step.expr.value:
        tag = m.state.step(m.place(node, frame), m.shown(node, frame), "check", pointer.tags)
        m.state.assume(congruent(pointer.expr, step.expr.value), tag)
    return pointer


def _of_other_lane(m: Machine, found: Value, frame: Frame) -> Value:
    """The value in another lane: the same where nothing in it differs between a warp's lanes."""
    if not isinstance(found, Number):
        return found
    one_dimensional = b"threadIdx.y" not in frame.function.origin.text
    varying = _varying(m, found.expr, one_dimensional)
    if not varying:
        return found
    followed = m.thread_symbols() | m.state.stand_ins
    mapping = {}
    for s in varying:
        new = m.state.stand_in if s in followed else m.state.fresh
        mapping[s] = new(s.name, low=s.low, high=s.high, note=f"{s.name} in another lane", role=Role.OPAQUE)
    return Number(substitute(found.expr, mapping), found.type, found.tags)


def _varying(m: Machine, expr: Expr, one_dimensional: bool) -> set[Symbol]:
    """The symbols that make an expression differ between the lanes of a warp.

    In a block of one dimension `threadIdx.x / 32` is the warp's number: all lanes share it.
    Loop counters are shared too, since a shuffle is executed by all its lanes at once.
    """
    found: set[Symbol] = set()
    threads = m.thread_symbols()
    for atom in expr.atoms():
        if isinstance(atom, Symbol):
            if atom.role is Role.OPAQUE or atom in threads:
                found.add(atom)
        elif isinstance(atom, Quotient):
            divisor = atom.divisor.value
            warp = atom.dividend == m.builtins["threadIdx.x"].expr if "threadIdx.x" in m.builtins else False
            if not (one_dimensional and warp and divisor and divisor % 32 == 0):
                found |= _varying(m, atom.dividend, one_dimensional)
                found |= _varying(m, atom.divisor, one_dimensional)
        else:
            found |= {s for s in of(atom).symbols() if s.role is Role.OPAQUE or s in threads}
    return found


def _elected(m: Machine, callee: Callee, frame: Frame) -> Value:
    for argument in callee.arguments:
        expressions.value(m, argument, frame)
    return _elected_lane(m, callee.name, CType("bool"), frame)


def _elected_lane(m: Machine, text: str, type_: CType, frame: Frame) -> Value:
    """Whether this lane is the one that an elect-one picks: lane 0, by assumption."""
    if not m.tree.assumed.elected_lane:
        return m.unknown(type_, text, "the hardware elects a lane", frame)
    tag = m.state.step(None, "elected-lane", "assumption")
    return Number(as_integer(equal(m.lane().expr, 0)), type_, frozenset((tag,)))


def _access(m: Machine, way: str, callee: Callee, node: Node, frame: Frame, target: Function | None) -> Value:
    """A load or store through a function: of what its pointer argument points to."""
    values = [expressions.value(m, a, frame) for a in callee.arguments]
    pointer = next((v for v in values if isinstance(v, Number) and v.is_pointer), None)
    if pointer is None or pointer.type is None:
        type_ = m.context.typer.type_of(node, frame.function, frame.origin)
        return m.unknown(type_, m.shown(node, frame), f"`{m.shown(node, frame)}` is read from memory", frame)
    place = memory.pointed(m, memory.decayed(m, pointer, frame), ZERO, NO_TAGS, frame)
    if isinstance(place, memory.Memory):
        if m.recorder is not None and not m.dry:
            m.recorder.access(m, way, place.address, place.type, place.tags, node, frame)
        if way == "load":
            return memory.from_memory(m, place, m.shown(node, frame), frame)
        return Vague()
    if way == "load":
        return memory.load(m, place, frame, node)
    memory.store(m, place, Vague(None, "stored through a function"), frame, node)
    return Vague()


def effect(
    m: Machine,
    callee: Callee,
    summary: Summary,
    target: Function | None,
    node: Node,
    frame: Frame,
) -> Value | None:
    """A call of a primitive or of a wrapper of one; None to look into its body instead."""
    kind = summary.kind
    if target is not None and any(
        o in e.operation for e in summary.effects for o in knowledge.values()["elected"]["opcodes"]
    ):
        return _elected(m, callee, frame)
    if kind in ("load", "store") and target is not None:
        return _access(m, kind, callee, node, frame, target)
    if kind == "tma_copy" and summary.first is not None:
        if len(summary.first.arguments) < 3 and target is not None and target.body is not None:
            return _bulk_inside(m, callee, target, node, frame)
        return _bulk(m, callee, summary.first, node, frame)
    if kind == "remote_comm" and target is not None and m.recorder is not None and not m.dry:
        m.recorder.remote(m, callee, node, frame)
        return None if target.body is None else _unknown_result(m, callee, node, frame)
    if kind == "remote_comm":
        return _unknown_result(m, callee, node, frame)
    if kind in _OPAQUE_KINDS and target is not None and _returns_nothing_followed(target):
        return _unknown_result(m, callee, node, frame)
    return None


def _returns_nothing_followed(target: Function) -> bool:
    """Whether looking into a wrapper's body could tell anything: one that shuffles passes values on."""
    return target.return_type is None or target.return_type.name in ("void", "uint64_t", "uint32_t", "int")


def _unknown_result(m: Machine, callee: Callee, node: Node, frame: Frame) -> Value:
    return calls.unfollowed(m, callee, node, frame)


def _bulk(m: Machine, callee: Callee, first: Effect, node: Node, frame: Frame) -> Value:
    """A bulk copy: destination, source and length are the operands 0, 1 and 2."""
    values = [expressions.value(m, a, frame) for a in callee.arguments]
    if m.recorder is not None and not m.dry:
        places = dict(first.arguments)
        operands: list[Value | None] = []
        for operand in range(3):
            position = places.get(operand)
            found = values[position] if position is not None and position < len(values) else None
            operands.append(found)
        m.recorder.bulk(m, first.operation, operands[0], operands[1], operands[2], node, frame)
    return Vague()


def _bulk_inside(m: Machine, callee: Callee, target: Function, node: Node, frame: Frame) -> Value:
    """A wrapper that sets an operand itself: the copy in its body, as one of the call."""
    before = len(m.recorder.events) if m.recorder is not None else 0
    bound = [names.template_argument(m, t, frame) for t in callee.template_arguments]
    result = calls.enter(m, target, callee.arguments, bound, frame, node)
    if m.recorder is not None:
        m.recorder.move(before, m.place(node, frame), frame, m.shown(node, frame))
    return result


def assembly(m: Machine, node: Node, frame: Frame) -> Value:
    """An `asm` statement: its outputs become unknown, `%laneid` is the lane."""
    table = knowledge.values()
    seen = Observation("asm", node, frame.origin, frame.function)
    instructions = read_asm(seen, m.context)
    for instruction in instructions:
        head = instruction.opcode.split(".", 1)[0]
        if head in table["stops"]["opcodes"] and len(instructions) == 1:
            m.state.alive = False
            return Vague()
    text = m.read(node, frame)
    reads_lane = any(r in text for r in table["lane"]["registers"])
    elects = any(o in text for o in table["elected"]["opcodes"])
    values = asm_values(node)
    outputs = node.child_by_field_name("output_operands")
    count = sum(1 for o in outputs.named_children if o.child_by_field_name("value")) if outputs else 0
    if m.recorder is not None and not m.dry:
        for found in m.context.effects.of_asm(seen, frame.function):
            if found.kind == "tma_copy":
                _bulk_of_asm(m, seen, found, values, node, frame)
    for position, operand in enumerate(values[:count]):
        place = memory.target(m, operand, frame)
        if reads_lane and count == 1:
            found_value: Value = Number(m.lane().expr, memory.type_of_target(place))
        elif elects and position == count - 1:
            found_value = _elected_lane(m, m.shown(operand, frame), CType("int"), frame)
        else:
            found_value = m.unknown(
                memory.type_of_target(place), m.shown(operand, frame), "it is the output of an asm", frame
            )
        memory.store(m, place, found_value, frame, node)
    return Vague()


def _bulk_of_asm(
    m: Machine, seen: Observation, found: Effect, values: list[Node], node: Node, frame: Frame
) -> None:
    instruction = next(i for i in read_asm(seen, m.context) if i.opcode == found.operation)
    operands: list[Value | None] = []
    for text in instruction.operands[:3]:
        digits = "".join(c for c in text.split("%", 1)[-1] if c.isdigit()) if "%" in text else ""
        position = int(digits) if digits else None
        if position is None or position >= len(values):
            operands.append(None)
        else:
            operands.append(expressions.value(m, values[position], frame))
    operands += [None] * (3 - len(operands))
    assert m.recorder is not None
    m.recorder.bulk(m, found.operation, operands[0], operands[1], operands[2], node, frame)
