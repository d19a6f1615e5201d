"""Calls: into the tree's functions, lambdas and classes, and of what CUDA defines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tree_sitter import Node

from portcheck.analysis import (
    classes,
    closures,
    expressions,
    intrinsics,
    losing,
    macros,
    memory,
    names,
    objects,
    overloads,
    statements,
)
from portcheck.analysis.state import Frame
from portcheck.analysis.values import (
    NO_TAGS,
    Argument,
    Cell,
    Closure,
    FunctionName,
    Number,
    Structure,
    Vague,
    Value,
)
from portcheck.program.callee import NAMED_CASTS, Callee
from portcheck.program.model import Function, Parameter
from portcheck.program.types import CType
from portcheck.symbolic.expr import ZERO

if TYPE_CHECKING:
    from portcheck.analysis.machine import Machine

MAX_ACTIVE = 2  # how often a function may be on the stack: recursion is cut there
MAX_DEPTH = 24
_REFERENCE = re.compile(r"&\s*(?:\w+\s*)?$|&\s*\(?\s*\w*\s*\)?\s*\[|\(\s*&")


def call(m: Machine, node: Node, frame: Frame) -> Value:
    """The value of a call expression."""
    callee = m.callee(node, frame)
    if callee is None:
        return _computed(m, node, frame)
    name = callee.name
    if name in NAMED_CASTS and callee.template_arguments and callee.arguments:
        type_ = m.sizes.parse(callee.template_arguments[0], frame)
        return names.cast(m, expressions.value(m, callee.arguments[0], frame), type_, frame)
    if callee.receiver is None and not callee.qualifier:
        held = names.cell_of(m, name, frame)
        if held is not None and isinstance(held.value, Closure | Structure):
            return _held(m, held.value, callee, node, frame)
        if name in m.context.own.launches and name in m.context.macros:
            _launched_by_macro(m, callee, node, frame)
        expanded = macros.call(m, callee, node, frame)
        if expanded is not None:
            return expanded
        converted = _functional_cast(m, callee, frame)
        if converted is not None:
            return converted
    if callee.receiver is not None:
        found = _on_object(m, callee, node, frame)
        if found is not None:
            return found
    else:
        known = intrinsics.call(m, callee, node, frame)
        if known is not None:
            return known
    if m.recorder is not None and not m.dry and m.recorder.launch(m, callee, node, frame):
        return Vague()
    return _of_tree(m, callee, node, frame)


def _launched_by_macro(m: Machine, callee: Callee, node: Node, frame: Frame) -> None:
    """The launch that a project says a macro of its own makes; what else it does, its body says."""
    if m.recorder is not None and not m.dry:
        m.recorder.launch(m, callee, node, frame)


def _computed(m: Machine, node: Node, frame: Frame) -> Value:
    """A call of what an expression gives: a lambda on the spot, `k<<<…>>>(…)`."""
    title, listed = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    arguments = [c for c in listed.named_children if c.type != "comment"] if listed is not None else []
    if title is None:
        return Vague()
    if title.type == "call_expression":
        inner = title.child_by_field_name("arguments")
        if inner is not None and frame.origin.text[inner.start_byte : inner.start_byte + 3] == b"<<<":
            if m.recorder is not None and not m.dry:
                m.recorder.triple(m, title, inner, arguments, node, frame)
            return Vague()
    if title.type in ("primitive_type", "sized_type_specifier", "template_type") and len(arguments) == 1:
        type_ = m.sizes.parse(m.read(title, frame), frame)
        return names.cast(m, expressions.value(m, arguments[0], frame), type_, frame)
    found = expressions.value(m, title, frame)
    if isinstance(found, Closure):
        return closures.invoke(m, found, arguments, frame, node)
    give_away(m, arguments, frame)
    return Vague(None, f"`{m.shown(title, frame)}` is called")


def _functional_cast(m: Machine, callee: Callee, frame: Frame) -> Value | None:
    """`uint64_t(x)`, and `T(x)` for a type parameter or alias."""
    if len(callee.arguments) > 1 or callee.name in m.program.functions:
        return None
    type_ = m.sizes.resolve(CType(callee.name, tuple(callee.template_arguments)), frame)
    if m.sizes.is_integer(type_) or type_.is_indirect or type_.name in m.enums:
        if not callee.arguments:
            return Number(ZERO, type_)
        return names.cast(m, expressions.value(m, callee.arguments[0], frame), type_, frame)
    return None


def _held(m: Machine, held: Value, callee: Callee, node: Node, frame: Frame) -> Value:
    if isinstance(held, Closure):
        return closures.invoke(m, held, callee.arguments, frame, node)
    assert isinstance(held, Structure)
    values: list[Argument] = list(callee.arguments)
    return method(m, held, "operator()", values, frame, node)


def _on_object(m: Machine, callee: Callee, node: Node, frame: Frame) -> Value | None:
    """A call of a member function on an object that is followed."""
    assert callee.receiver is not None
    if callee.receiver.type == "this":
        owner: Value | None = frame.this
    else:
        place = memory.target(m, callee.receiver, frame)
        owner = memory.load(m, place, frame, callee.receiver)
    if isinstance(owner, Number) and owner.is_pointer:
        inner = memory.pointed(m, owner, ZERO, NO_TAGS, frame)
        owner = inner.value if isinstance(inner, Cell) else None
    if isinstance(owner, Structure):
        field = owner.fields.get(callee.name)
        if field is not None and isinstance(field.value, Closure):
            return closures.invoke(m, field.value, callee.arguments, frame, node)
        return method(m, owner, callee.name, list(callee.arguments), frame, node, callee.template_arguments)
    return None


def method(
    m: Machine,
    owner: Structure,
    name: str,
    arguments: Sequence[Argument],
    frame: Frame,
    node: Node | None,
    template_arguments: list[str] | None = None,
) -> Value:
    """The result of a member function of the tree."""
    found = classes.methods_of(m, owner.record, owner.type, name)
    chosen = overloads.choose(m, found, list(arguments), frame, None)
    if chosen is None:
        give_away(m, arguments, frame)
        for cell in owner.fields.values():
            losing.lose(m, cell)
        return Vague(None, f"the member function {name} of {owner.type.name} is not followed")
    bound = [names.template_argument(m, t, frame) for t in template_arguments or ()]
    return enter(m, chosen, list(arguments), bound, frame, node, owner)


def operator_call(
    m: Machine, operator: str, left: Value, right: Value, frame: Frame, node: Node | None
) -> Value | None:
    """An operator that a class of the tree overloads; None if there is none."""
    if isinstance(left, Structure) and classes.methods_of(m, left.record, left.type, f"operator{operator}"):
        return method(m, left, f"operator{operator}", [right], frame, node)
    return None


def _of_tree(m: Machine, callee: Callee, node: Node, frame: Frame) -> Value:
    """A call of a function or constructor of the tree, or of something unknown."""
    name = callee.name
    effects = m.context.effects
    summary, target = effects.of_callee(callee, frame.function, frame.origin)
    if summary.kind and callee.receiver is None:
        handled = intrinsics.effect(m, callee, summary, target, node, frame)
        if handled is not None:
            return handled
    if callee.receiver is None and name in m.program.records:
        title = f"{name}<{', '.join(callee.template_arguments)}>" if callee.template_arguments else name
        type_ = m.sizes.parse(title, frame) or CType(name)
        return objects.construct(m, type_, list(callee.arguments), frame, node)
    candidates = [c for c in effects.candidates(callee, frame.function, frame.origin) if c.body is not None]
    if callee.receiver is None:
        candidates = candidates or _at_compile_time(m, callee)
        candidates = _in_reach(m, callee, candidates, frame)
    chosen = overloads.choose(m, candidates, list(callee.arguments), frame, callee)
    if chosen is not None and callee.receiver is None:
        bound = [names.template_argument(m, t, frame) for t in callee.template_arguments]
        own = frame.this if chosen.record and frame.this is not None else None
        if chosen.record and callee.qualifier:
            own = _named_class(m, callee, chosen, frame) or own
        return enter(m, chosen, list(callee.arguments), bound, frame, node, own)
    return unfollowed(m, callee, node, frame)


def _named_class(m: Machine, callee: Callee, chosen: Function, frame: Frame) -> Structure | None:
    """The class before `::` of a call, without members, for what its template parameters are."""
    if "<" not in callee.qualifier:
        return None
    type_ = m.sizes.parse(callee.qualifier.removesuffix("::"), frame)
    record = classes.record_of(m, type_, frame) if type_ is not None else None
    if type_ is None or record is None or record.origin is None:
        return None
    if record.name.rsplit("::", 1)[-1] != chosen.record.rsplit("::", 1)[-1]:
        return None
    return Structure(type_, {}, record, objects.class_frame(m, record, type_, frame))


def _at_compile_time(m: Machine, callee: Callee) -> list[Function]:
    """Host functions that are `constexpr` can be called from the device too."""
    named = m.program.functions.get(callee.name, ())
    return [f for f in named if f.body is not None and _is_constexpr(f)]


def _is_constexpr(function: Function) -> bool:
    assert function.body is not None
    return b"constexpr" in function.origin.text[function.start_byte : function.body.start_byte]


def _in_reach(m: Machine, callee: Callee, candidates: list[Function], frame: Frame) -> list[Function]:
    """Static members of a class named in the call; without one, the nearest namespace's functions."""
    of_class = all(f.record for f in candidates) and callee.qualifier.count("::") < 2
    if len(candidates) < 2 or (callee.qualifier and not of_class):
        return candidates
    namespace = frame.function.namespace

    def nearness(function: Function) -> tuple[bool, int, bool]:
        shared = 0
        for a, b in zip(namespace, function.namespace, strict=False):
            if a != b:
                break
            shared += 1
        visible = function.namespace == namespace[: len(function.namespace)]
        return visible, shared if visible else 0, function.origin.active

    best = max(nearness(f) for f in candidates)
    return [f for f in candidates if nearness(f) == best]


def unfollowed(m: Machine, callee: Callee, node: Node, frame: Frame) -> Value:
    """A call of something whose body the tree does not have: anything it is given may change."""
    for position, argument in enumerate(callee.arguments):
        found = expressions.value(m, argument, frame)
        _may_change(m, found, argument, frame, _takes_reference(m, callee, position, frame))
    type_ = m.context.typer.type_of(node, frame.function, frame.origin)
    note = f"`{callee.name}` is not defined in the scanned tree"
    if callee.name in m.program.functions:
        note = f"`{callee.name}` is not followed"
    if type_ is None:
        return Vague(None, note)
    return m.unknown(type_, m.shown(node, frame), note, frame)


def _takes_reference(m: Machine, callee: Callee, position: int, frame: Frame) -> bool:
    """Whether a function may take an argument by reference and change it."""
    known = m.context.effects.candidates(callee, frame.function, frame.origin)
    if known:
        return any(
            position < len(f.parameters) and losing.takes_reference(f.parameters[position].type_text)
            for f in known
        )
    declared = m.program.prototypes.get(callee.name, ()) if callee.receiver is None else ()
    if declared:
        return any(position < len(p) and losing.takes_reference(p[position]) for p in declared)
    return not (
        callee.name.startswith("__") or m.context.intrinsics.kind(callee.name) or callee.name == "printf"
    )


def _may_change(m: Machine, found: Value, argument: Node, frame: Frame, reference: bool) -> None:
    if isinstance(found, Closure):
        _run_perhaps(m, found, frame, argument)
    elif isinstance(found, FunctionName):
        if not m.context.intrinsics.api.match(m.callee_name(argument, frame)):
            m.escaped_functions.add(found.name)
    else:
        losing.lose_argument(m, found, argument, frame, reference)


def _run_perhaps(m: Machine, closure: Closure, frame: Frame, node: Node) -> None:
    """A lambda that is handed to something unknown: it may run, with any arguments."""
    mark = m.state.mark
    closures.invoke(m, closure, None, frame, node)
    changed = {cell for cell, _ in m.state.journal[mark[0] :]}
    m.state.roll_back(mark)
    m.state.alive = True
    for cell in changed:
        losing.lose(m, cell)


def give_away(m: Machine, arguments: Sequence[Argument], frame: Frame) -> None:
    """Arguments of a call that is not followed and may take any of them by reference."""
    for argument in arguments:
        if isinstance(argument, Node):
            _may_change(m, expressions.value(m, argument, frame), argument, frame, True)
        else:
            losing.lose_argument(m, argument, None, frame, False)


def _evaluate_all(m: Machine, arguments: Sequence[Argument], frame: Frame) -> None:
    for argument in arguments:
        if isinstance(argument, Node):
            expressions.value(m, argument, frame)


# -- entering bodies ---------------------------------------------------------------------


def enter(
    m: Machine,
    function: Function,
    arguments: Sequence[Argument],
    template_arguments: list[Value | CType],
    frame: Frame,
    node: Node | None,
    this: Structure | None = None,
) -> Value:
    """Interpret a function's body for these arguments."""
    depth = m.active.get(function.start_byte ^ id(function.origin.file), 0)
    if depth >= MAX_ACTIVE or len(frame.calls) >= MAX_DEPTH or not m.spend():
        give_away(m, arguments, frame)
        m.cut.add(function.name)
        reason = "is recursive" if depth >= MAX_ACTIVE else "lies too deep in calls"
        return m.unknown(function.return_type, function.name, f"`{function.name}` {reason}", frame)
    m.entered.add(id(function))
    place = m.place(node, frame) if node is not None else None
    inner = Frame(
        function,
        function.origin,
        [{}],
        this=this,
        calls=(*frame.calls, place) if place is not None else frame.calls,
        parent=frame,
        return_type=function.return_type,
    )
    if this is not None and this.frame is not None:
        inner.types.update(this.frame.types)
        inner.scopes.insert(0, this.frame.scopes[0])
    cells, back = bind(m, function.parameters, arguments, frame, inner, function.template_parameters)
    overloads.bind_template(m, function, template_arguments, cells, inner)
    inner.scopes[-1].update(cells)
    for parameter in function.parameters:
        cell = cells.get(parameter.name)
        if cell is None or cell.type is not None or parameter.type is None:
            continue
        if isinstance(cell.value, Number):
            cell.type = m.sizes.resolve(parameter.type, inner)
            if "&" not in parameter.type_text:
                cell.value = names.converted(m, cell.value, cell.type, inner)
    key = function.start_byte ^ id(function.origin.file)
    m.active[key] = depth + 1
    try:
        result = _run_body(m, function, inner)
    finally:
        m.active[key] = depth
    at = node or function.node
    if at is not None:
        for place_, cell in back:
            memory.store(m, place_, cell.value, frame, at)
    return result


def _run_body(m: Machine, function: Function, inner: Frame) -> Value:
    inner.start = m.state.mark
    objects.run_initialisers(m, function, inner)
    assert function.body is not None
    statements.execute(m, function.body, inner)
    result = finish(m, inner)
    if isinstance(result, Number) and function.return_type is not None:
        converted = names.converted(m, result, function.return_type, inner)
        return converted if isinstance(converted, Number) else result
    returned = function.return_type
    if isinstance(result, Vague) and result.type is None and returned is not None and str(returned) != "void":
        return m.unknown(returned, function.name, result.reason, inner)
    return result


def finish(m: Machine, inner: Frame) -> Value:
    """Join the paths on which a body ends; the value that it returns."""
    paths = list(inner.returns)
    if m.state.alive:
        paths.append(m.state.snapshot(inner.start))
    result = m.state.merge(inner.start, paths)
    return result if result is not None else Vague(None, "")


def bind(
    m: Machine,
    listed: list[Parameter],
    arguments: Sequence[Argument] | None,
    frame: Frame,
    inner: Frame,
    template_parameters: list[Parameter],
) -> tuple[dict[str, Cell], list[tuple[memory.Target, Cell]]]:
    """Cells for the parameters, and what has to be written back to its place after the call."""
    cells: dict[str, Cell] = {}
    back: list[tuple[memory.Target, Cell]] = []
    for position, parameter in enumerate(listed):
        if not parameter.name:
            if arguments is not None and position < len(arguments):
                _evaluate_all(m, [arguments[position]], frame)
            continue
        if arguments is None or position >= len(arguments):
            cells[parameter.name] = _default(m, parameter, inner, arguments is None)
            continue
        given = arguments[position]
        cells[parameter.name] = _cell(m, parameter, given, frame, back)
    return cells, back


def _default(m: Machine, parameter: Parameter, inner: Frame, unknown: bool) -> Cell:
    if unknown or not parameter.default:
        note = f"the argument {parameter.name} is not known"
        found = m.unknown(parameter.type, parameter.name, note, inner)
    else:
        found = m.text_value(parameter.default, inner)
    return Cell(found, parameter.name)


def _cell(
    m: Machine,
    parameter: Parameter,
    given: Argument,
    frame: Frame,
    back: list[tuple[memory.Target, Cell]],
) -> Cell:
    if not isinstance(given, Node):
        return Cell(objects.copied(given), parameter.name)
    node = given
    while node.type == "parenthesized_expression" and node.named_child_count == 1:
        node = node.named_children[0]
    if losing.takes_reference(parameter.type_text) and node.type in (
        "identifier",
        "field_expression",
        "subscript_expression",
        "pointer_expression",
    ):
        place = memory.target(m, node, frame)
        if isinstance(place, Cell):
            return place
        found = memory.load(m, place, frame, node)
        cell = Cell(found, parameter.name)
        if isinstance(place, memory.ArrayElement | memory.Nowhere):
            back.append((place, cell))
        return cell
    found = expressions.value(m, node, frame)
    if node.type == "initializer_list":
        type_ = m.sizes.resolve(parameter.type, frame) if parameter.type is not None else CType("")
        found = objects.construct(m, type_, list(node.named_children), frame, node)
    if parameter.type is not None and parameter.type.extents and "&" in parameter.type_text:
        place = memory.target(m, node, frame)  # an array by reference
        if isinstance(place, Cell):
            return place
    return Cell(objects.copied(memory.decayed(m, found, frame)), parameter.name)
