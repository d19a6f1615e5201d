"""From the analysis of a tree to the intent of each of its kernels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from portcheck.ascendc.actions import Actions
from portcheck.ascendc.body import Buffer, Dropped, Lost, Role, Scalar
from portcheck.ascendc.dtypes import dtype_of
from portcheck.ascendc.intent import (
    Action,
    ActionKind,
    Check,
    Intent,
    Move,
    Phase,
    Pipeline,
    Step,
    Way,
)
from portcheck.ascendc.moves import moves_of
from portcheck.ascendc.names import Names, argument
from portcheck.pack.functions.zero_buffer import name_place
from portcheck.pack.subjects import View
from portcheck.program.model import Function, Parameter
from portcheck.source.place import Place
from portcheck.symbolic.condition import condition_symbols
from portcheck.symbolic.expr import Role as SymbolRole
from portcheck.symbolic.expr import Symbol
from portcheck.targets.text import Text

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_WAYS = 3  # loads, and stores, that run together: their double buffers share UB
_COMPUTED = frozenset(
    (
        ActionKind.REDUCE_MAX,
        ActionKind.REDUCE_SUM,
        ActionKind.COLLECTIVE,
        ActionKind.QUANTISE,
        ActionKind.ACCUMULATE,
    )
)
_MAX_CONDITION = 100
_TAKEN = frozenset(
    (
        "pipe",
        "tiling",
        "blocks",
        "platform",
        "at",
        "bytes",
        "length",
        "tile_bytes",
        "kernel",
        "scalars",
        "buffers",
    )
)
_OF_GAPS = re.compile(r"(?:address|base|window|length|happens|count|flag)_\d")  # fields that gaps have
_ROOT = re.compile(r"[A-Za-z_]\w*")
_FIXED = Text("fixed by the launch in CUDA: {name}", "CUDA 中由启动确定：{name}")
_TEMPLATE = Text("the template argument {name}", "模板参数 {name}")
_ARGUMENT = Text("the argument {name}", "参数 {name}")
_ROOM = Text("elements that each buffer has room for at least", "各缓冲区至少可容纳的元素数")
_WINDOWS = Text("how many ranks have a window", "拥有窗口的 rank 数")
_WINDOW = Text("bytes from one rank's window to the next", "相邻 rank 窗口之间的字节数")
ROOM, WINDOWS, WINDOW_BYTES = "room_elements", "window_count", "window_bytes"


@dataclass(eq=False)
class Builder:
    """Builds intents; what all kernels of a tree share is computed once."""

    view: View

    def __post_init__(self) -> None:
        self.actions = Actions(self.view)

    def intent(self, kernel: Function, name: str) -> Intent:
        """The intent of one kernel; `name` is its identifier in the port."""
        found = moves_of(self.view.analysis, kernel)
        listed = (m for m in found.moves if not _in_registers(m, kernel) and not _reads_table(m, kernel))
        moves = [_in_window(m, kernel) for m in listed]
        names = Names({*_TAKEN, ROOM, WINDOWS, WINDOW_BYTES}, _parameter_name)
        buffers, windows, opaque = _buffers(kernel, moves, names)
        scalars, fields = _scalars(kernel, moves, found.checks, names, bool(windows))
        by_cuda = {b.cuda: b.name for b in buffers}
        moves = [replace(m, buffer=by_cuda.get(m.buffer, "")) for m in moves]
        actions = self.actions.of(kernel, (m.place for m in found.moves))
        phases = tuple(_phases(kernel, moves, actions))
        return Intent(
            kernel, name, name_place(kernel), buffers, scalars, fields, windows, opaque,
            _usable(found.checks, fields), phases, tuple(_dropped(phases)),
        )  # fmt: skip


# -- parameters ----------------------------------------------------------------------


def _parameter_name(text: str) -> str:
    name = argument(text)
    return f"{name}_argument" if _OF_GAPS.match(name) else name


def _buffers(
    kernel: Function, moves: Sequence[Move], names: Names
) -> tuple[tuple[Buffer, ...], tuple[str, ...], tuple[str, ...]]:
    """The addresses among the parameters, which of them are windows, and the parameters that are neither
    addresses nor numbers."""
    stored = {m.buffer for m in moves if m.way is Way.STORE}
    loaded = {m.buffer for m in moves if m.way is Way.LOAD}
    buffers, windows, opaque = [], [], []
    for number, parameter in enumerate(kernel.parameters):
        cuda = parameter.name or f"argument_{number}"
        levels = _levels(parameter)
        if levels == 0:
            if not _is_number(parameter):
                opaque.append(f"{parameter.type_text} {cuda}".strip())
            continue
        name = names.give(cuda)
        if levels > 1:
            windows.append(name)
            buffers.append(Buffer(name, "uint8_t", Role.WINDOW, (WINDOWS, WINDOW_BYTES), cuda))
            continue
        written = cuda in stored or (cuda not in loaded and not _is_const(parameter))
        role = Role.UPDATED if written else Role.INPUT
        buffers.append(Buffer(name, dtype_of(parameter.type) or "uint8_t", role, (ROOM,), cuda))
    return tuple(buffers), tuple(windows), tuple(opaque)


def _levels(parameter: Parameter) -> int:
    if parameter.type is None:
        return parameter.type_text.count("*")
    return parameter.type.pointers + len(parameter.type.extents)


def _is_const(parameter: Parameter) -> bool:
    return parameter.type_text.lstrip().startswith("const ") or " const*" in parameter.type_text.replace(
        " *", "*"
    )


def _is_number(parameter: Parameter) -> bool:
    return (
        parameter.type is not None and dtype_of(parameter.type) is not None and "&" not in parameter.type_text
    )


def _scalars(
    kernel: Function, moves: Sequence[Move], checks: Sequence[Check], names: Names, has_windows: bool
) -> tuple[tuple[Scalar, ...], Mapping[str, str]]:
    """The numbers that the tiling function is given, and the field that stands for each symbol."""
    scalars: list[Scalar] = []
    fields: dict[str, str] = {}
    for parameter in kernel.parameters:
        if parameter.name and _levels(parameter) == 0 and _is_number(parameter):
            ctype = "float" if dtype_of(parameter.type) in ("float", "half", "bfloat16_t") else "int64_t"
            fields[parameter.name] = names.give(parameter.name)
            scalars.append(
                Scalar(fields[parameter.name], ctype, _said(_ARGUMENT, parameter.name), parameter.name)
            )
    for parameter in kernel.template_parameters:
        if parameter.name and not parameter.is_type and parameter.name not in fields:
            fields[parameter.name] = names.give(parameter.name)
            scalars.append(
                Scalar(fields[parameter.name], "int64_t", _said(_TEMPLATE, parameter.name), parameter.name)
            )
    for symbol in sorted(_fixed_symbols(moves, checks), key=lambda s: s.name):
        if symbol.name not in fields:
            fields[symbol.name] = names.give(symbol.name)
            scalars.append(Scalar(fields[symbol.name], "int64_t", _said(_FIXED, symbol.name)))
    scalars.append(Scalar(ROOM, "int64_t", _ROOM))
    if has_windows:
        scalars += [Scalar(WINDOWS, "int64_t", _WINDOWS), Scalar(WINDOW_BYTES, "int64_t", _WINDOW)]
    return tuple(scalars), fields


def _said(template: Text, name: str) -> Text:
    return Text(template.en.replace("{name}", name), template.zh.replace("{name}", name))


def _fixed_symbols(moves: Iterable[Move], checks: Iterable[Check]) -> set[Symbol]:
    """What a launch fixes of all that is written out, and the extents of the grid and block indices."""
    found: set[Symbol] = set()
    for move in moves:
        for expr in (move.offset, move.length):
            found |= expr.symbols() if expr is not None else set()
        for condition in move.conditions:
            found |= condition_symbols(condition)
    for check in checks:
        found |= condition_symbols(check.condition)
    extents = {extent_of(s.name) for s in found if s.role is SymbolRole.INDEX}
    fixed = {s for s in found if s.role is SymbolRole.PARAMETER}
    fixed |= {Symbol(name, SymbolRole.PARAMETER, 1) for name in extents if name}
    return fixed


def extent_of(index: str) -> str:
    """The symbol that says how many values a name of the launch has, "" for a loop's counter."""
    head, _, axis = index.partition(".")
    if head == "blockIdx":
        return f"gridDim.{axis}"
    if head == "threadIdx":
        return f"blockDim.{axis}"
    return "blockDim.x" if index == "warp" else ""


def _usable(checks: Iterable[Check], fields: Mapping[str, str]) -> tuple[Check, ...]:
    return tuple(c for c in checks if all(s.name in fields for s in condition_symbols(c.condition)))


def _root_name(move: Move) -> str:
    """The first name of the base that an address counts from, where it is no parameter."""
    found = re.search(r"counted from ([A-Za-z_]\w*)", move.why)
    return found[1] if found else ""


def _in_registers(move: Move, kernel: Function) -> bool:
    """Whether an address is that of a local array, which the compiler keeps in registers."""
    name = _root_name(move)
    return any(
        not b.parameter
        and not b.shared
        and b.type is not None
        and bool(b.type.extents)
        and not b.type.pointers
        for b in kernel.bindings.get(name, ())
    )


def _reads_table(move: Move, kernel: Function) -> bool:
    """Whether a load only fetches the address of a window: the port computes that."""
    is_table = any(p.name == move.buffer and _levels(p) > 1 for p in kernel.parameters)
    return is_table and not move.why


def _in_window(move: Move, kernel: Function) -> Move:
    """A move whose address was read from a table of pointers belongs to that parameter."""
    if move.buffer:
        return move
    for name in _ROOT.findall(move.why):
        if any(p.name == name and _levels(p) > 1 for p in kernel.parameters):
            return replace(move, buffer=name)
    return move


# -- phases --------------------------------------------------------------------------


def _phases(kernel: Function, moves: Sequence[Move], actions: Sequence[Action]) -> Iterator[Phase]:
    """One for each branch that stands in the kernel's body itself, and for what is between branches."""
    pending: list[Move | Action] = sorted([*moves, *actions], key=lambda s: (s.anchor.start_byte, s.place))
    for place, condition, inside in _parts(kernel):
        taken = [s for s in pending if inside.start_byte <= s.anchor.start_byte < inside.end_byte]
        pending = [s for s in pending if s not in taken]
        if taken:
            yield Phase(place, condition, tuple(_steps(taken)))
    if pending:
        yield Phase(name_place(kernel), "", tuple(_steps(pending)))


def _parts(kernel: Function) -> Iterator[tuple[Place, str, Place]]:
    """Place, condition and span of each part of the body, in source order."""
    body = kernel.body
    run: list[Node] = []
    for node in body.named_children if body is not None else ():
        branches = list(_branches(kernel, node)) if node.type == "if_statement" else []
        if not branches:
            run.append(node)
            continue
        if run:
            yield _span(kernel, run)
        run = []
        yield from branches
    if run:
        yield _span(kernel, run)


def _span(kernel: Function, run: Sequence[Node]) -> tuple[Place, str, Place]:
    place = kernel.origin.place(run[0].start_byte, run[-1].end_byte)
    return place, "", place


def _branches(kernel: Function, node: Node) -> Iterator[tuple[Place, str, Place]]:
    """The branches of an if with braces; nothing for a short one, which is no role."""
    condition, then = node.child_by_field_name("condition"), node.child_by_field_name("consequence")
    otherwise = node.child_by_field_name("alternative")
    if condition is None or then is None or then.type != "compound_statement":
        return
    text = kernel.origin.read(condition)
    text = text if len(text) <= _MAX_CONDITION else f"{text[:_MAX_CONDITION]}…"
    whole = kernel.origin.place(node.start_byte, then.end_byte)
    yield whole, text, whole
    if otherwise is not None:
        inner = next((c for c in otherwise.named_children if c.type != "comment"), otherwise)
        listed = list(_branches(kernel, inner)) if inner.type == "if_statement" else []
        place = kernel.origin.place(inner.start_byte, inner.end_byte)
        yield from listed or [(place, f"!{text}", place)]


def _steps(listed: Sequence[Move | Action]) -> Iterator[Step]:
    """Moves that run together are joined; actions between them that compute belong to the pipeline."""
    group: list[Move] = []
    computed: list[Action] = []
    for step in listed:
        if isinstance(step, Action) and step.kind in _COMPUTED:
            computed.append(step)
            continue
        if isinstance(step, Move) and (not group or _together(group, step)):
            group.append(step)
            continue
        if group:
            yield _pipeline(group, computed)
            group, computed = [], []
        if isinstance(step, Move):
            group = [step]
        else:
            yield from computed
            computed = []
            yield step
    if group:
        yield _pipeline(group, computed)
    else:
        yield from computed


def _pipeline(group: Sequence[Move], computed: Sequence[Action]) -> Pipeline:
    loads = tuple(m for m in group if m.way is Way.LOAD)
    return Pipeline(loads, tuple(m for m in group if m.way is Way.STORE), tuple(computed))


def _together(group: Sequence[Move], move: Move) -> bool:
    """Whether a move belongs to the same piece of work: the same counters, conditions and length."""
    first = group[0]
    same = (
        first.indices == move.indices
        and first.conditions == move.conditions
        and first.open_conditions == move.open_conditions
        and first.length == move.length
        and first.by_blocks == move.by_blocks
    )
    if first.length is None or first.offset is None:
        same = same and first.anchor == move.anchor
    return same and sum(m.way is move.way for m in group) < MAX_WAYS


# -- what is lost --------------------------------------------------------------------

_LOST: Mapping[ActionKind, tuple[Lost, Text, Text]] = {
    ActionKind.REMOTE: (
        Lost.BLOCKED,
        Text("operations of a communication library on other ranks", "通信库对其他 rank 的操作"),
        Text(
            "this form runs on one device; windows come in as parameters, and who maps them is not written",
            "此形式在单个设备上运行；窗口作为参数传入，其映射未写",
        ),
    ),
    ActionKind.NAMED_BARRIER: (
        Lost.DOWNGRADED,
        Text("barriers among some warps of a block", "块内部分 warp 之间的屏障"),
        Text(
            "there are no warps: the roles run one after the other on each core, so that nothing waits",
            "没有 warp：各角色在每个核上依次运行，无需等待",
        ),
    ),
}


def _dropped(phases: Iterable[Phase]) -> Iterator[Dropped]:
    """Once for each kind of loss, at its first place."""
    seen: set[ActionKind] = set()
    for phase in phases:
        for step in phase.steps:
            if isinstance(step, Action) and step.kind in _LOST and step.kind not in seen:
                seen.add(step.kind)
                how, what, why = _LOST[step.kind]
                yield Dropped(how, what, why, step.place)
