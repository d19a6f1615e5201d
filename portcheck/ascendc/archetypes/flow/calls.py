"""Calls: CUDA's functions by what they compute, the tree's own by reading them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from portcheck.ascendc.archetypes.flow.base import MAX_CALLS, Frame, Functor, Lambda, Name
from portcheck.ascendc.archetypes.flow.elements import WIDTHS, Type, element
from portcheck.ascendc.archetypes.flow.expressions import Expressions
from portcheck.ascendc.archetypes.flow.functions import (
    ATOMICS,
    BARRIERS,
    BINARY,
    CASTS,
    FENCES,
    FORMATS,
    FUSED,
    LOADS,
    NOTHING,
    PAIR_CASTS,
    SAME,
    STORES,
    UNARY,
)
from portcheck.ascendc.archetypes.flow.grouping import stays_whole
from portcheck.ascendc.archetypes.flow.jumps import jumps_in
from portcheck.ascendc.archetypes.flow.memory import Where, cast, converted
from portcheck.ascendc.archetypes.flow.shuffles import shuffled
from portcheck.ascendc.archetypes.flow.values import (
    FLOATING,
    INTEGERS,
    ZERO,
    Cast,
    Op,
    Pack,
    Pointer,
    Unknown,
    Value,
    first_unknown,
    operation,
    type_of,
)
from portcheck.facts.checks import requires
from portcheck.facts.effects import runs_on_device
from portcheck.program.callee import Callee
from portcheck.syntax import expand_call, parse_text, split_arguments

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.program.model import Function


class Calls(Expressions):
    """Everything that is written as a call."""

    def call(self, node: Node) -> Value:
        callee = Callee.of(node, self.frame.origin)
        if callee is None:
            raise self.give_up("a call of what has no name", node)
        found = self._object_call(callee, node)
        if found is None:
            found = self._constructor(callee)
        if found is None:
            found = self._macro(callee, node)
        if found is None:
            found = self._own(callee, node)
        if found is None:
            found = self._known(callee, node)
        if found is None:
            raise self.give_up(f"the call of {callee.name} is not followed", node)
        return found

    # -- CUDA's own ------------------------------------------------------------------------

    def _known(self, callee: Callee, node: Node) -> Value | None:
        name, arguments = callee.name, callee.arguments
        if name in BARRIERS or name in FENCES:
            self.note(BARRIERS.get(name, "fence"), name, node)
            return ZERO
        if name in NOTHING:
            self.note("assumption", self.text(arguments[0]) if arguments else "", node)
            return ZERO
        if name in LOADS and len(arguments) == 1:
            return self._load(arguments[0], node)
        if name in STORES and len(arguments) == 2:
            return self._store_call(arguments, node)
        if name in ATOMICS and len(arguments) == 2:
            return self._atomic(ATOMICS[name], arguments, node)
        if name in ("__nv_cvt_float_to_fp8", "__nv_cvt_float2_to_fp8x2") and len(arguments) == 3:
            return self._to_fp8(arguments)
        values = [self.value(a) for a in arguments]
        if name.startswith("__f") or (name in _TABLES and name.endswith("f")):
            values = [converted(v, Type("float")) if type_of(v) == "double" else v for v in values]
        bad = first_unknown(*values)
        if bad is not None and (name in _TABLES or name in SAME or name.startswith(("make_", "__shfl"))):
            return bad
        if name in SAME and values:
            return values[0]
        return self._computed(name, values, node)

    def _computed(self, name: str, values: list[Value], node: Node) -> Value | None:
        if name in UNARY and len(values) == 1:
            return self.each(UNARY[name], values)
        if name in BINARY and len(values) == 2:
            return self.each(BINARY[name], values)
        if name in FUSED and len(values) == 3:
            return self.each("fma", values)
        if name in CASTS and len(values) == 1:
            return _cast(values[0], *CASTS[name])
        if name in PAIR_CASTS:
            parts = [p for v in values for p in _parts(v)]
            return _packed([_cast(p, *PAIR_CASTS[name]) for p in parts]) if len(parts) == 2 else None
        if name.startswith("make_"):
            return self._made(name.removeprefix("make_"), values)
        if name.startswith("__shfl") and name.endswith("_sync"):
            return shuffled(name, values, self.state.when)
        if (
            name in ("__float_as_uint", "__float_as_int", "__uint_as_float", "__int_as_float")
            and len(values) == 1
        ):
            return Op("bits", (values[0],), "float" if name.endswith("float") else "uint32")
        return None

    def each(self, name: str, values: list[Value]) -> Value:
        """An operation of numbers, or of several at once."""
        if any(isinstance(v, Pack) for v in values):
            lists = [v.parts if isinstance(v, Pack) else () for v in values]
            if len({len(x) for x in lists}) != 1:
                return Unknown("several numbers at once")
            return Pack(
                tuple(
                    (x[0][0], x[0][1], self.each(name, [p[2] for p in x])) for x in zip(*lists, strict=True)
                )
            )
        if any(isinstance(v, Pointer | Unknown) for v in values):
            return first_unknown(*values) or Unknown("arithmetic of an address")
        if len(values) == 2 and name in ("+", "-", "*", "/"):
            return self.binary(name, values[0], values[1])
        ctype = "int"
        for value in values:
            ctype = self.common(value, values[0]) if type_of(value) in FLOATING or ctype == "int" else ctype
        floats = [type_of(v) for v in values if type_of(v) in FLOATING]
        if floats:
            ctype = max(floats, key=("fp8_e4m3", "fp8_e5m2", "half", "bf16", "float", "double").index)
            values = [converted(v, Type(ctype)) for v in values]
        elif ctype == "bool":
            ctype = "int"
        return operation(name, tuple(values), ctype)

    def _made(self, name: str, values: list[Value]) -> Value | None:
        known = element(name)
        if known is None or known[1] != len(values):
            return None
        return _packed([converted(v, Type(known[0])) for v in values], known[0])

    def _to_fp8(self, arguments: list[Node]) -> Value:
        value = self.value(arguments[0])
        ctype = FORMATS.get(self.text(arguments[2]).rsplit("::", 1)[-1], "")
        mode = "satfinite" if self.text(arguments[1]).endswith("SATFINITE") else "nosat"
        if isinstance(value, Unknown) or not ctype:
            return Unknown("an FP8 format that is not known")
        if isinstance(value, Pack):
            return _packed([Cast(ctype, p, mode) for _, _, p in value.parts], ctype)
        return Cast(ctype, value, mode)

    def _load(self, argument: Node, node: Node) -> Value:
        pointer = self.value(argument)
        if not isinstance(pointer, Pointer):
            return Unknown("a load from an address that is not known")
        return self.read(Where(pointer.space, pointer.base, pointer.offset, pointer.pointee), node)

    def _store_call(self, arguments: list[Node], node: Node) -> Value:
        pointer, value = self.value(arguments[0]), self.value(arguments[1])
        if not isinstance(pointer, Pointer):
            raise self.give_up("a store to an address that is not known", node)
        self.write(Where(pointer.space, pointer.base, pointer.offset, pointer.pointee), value, node)
        return value

    def _atomic(self, name: str, arguments: list[Node], node: Node) -> Value:
        pointer, value = self.value(arguments[0]), self.value(arguments[1])
        if not isinstance(pointer, Pointer) or pointer.space != "gm":
            raise self.give_up("an atomic operation outside of GM", node)
        self.write(Where("gm", pointer.base, pointer.offset, pointer.pointee), value, node, name)
        return Unknown("what an atomic operation found")

    # -- the tree's own --------------------------------------------------------------------

    def _object_call(self, callee: Callee, node: Node) -> Value | None:
        """A call of a lambda or of an object with operator()."""
        title = callee.title if callee.receiver is None else None
        found = self.frame.names.get(self.text(title)) if title is not None else None
        if isinstance(found, Lambda):
            return self._lambda_call(found, callee)
        if isinstance(found, Functor):
            methods = self.program.methods(found.record, "operator()")
            return self._enter(methods[0], callee, node) if len(methods) == 1 else None
        return None

    def _lambda_call(self, found: Lambda, callee: Callee) -> Value:
        listed = found.node.child_by_field_name("declarator")
        body = found.node.child_by_field_name("body")
        parameters = listed.child_by_field_name("parameters") if listed is not None else None
        if body is None or len(self.frames) > MAX_CALLS:
            raise self.give_up("a closure that is not read", callee.node)
        given = [(a, self._argument(a)) for a in callee.arguments]
        before = self.frame.names
        frame = Frame(self.function, self.frame.origin, dict(self.frame.texts), dict(self.frame.constants))
        frame.names, frame.aliases = {**before, **found.names}, dict(self.frame.aliases)
        frame.is_lambda = True
        returns = (
            next((c for c in listed.named_children if c.type == "trailing_return_type"), None)
            if listed
            else None
        )
        if returns is not None:
            frame.returns = self.type_named(self.text(returns).removeprefix("->").strip())
        declared = (
            [c for c in parameters.named_children if c.type == "parameter_declaration"] if parameters else []
        )
        if len(declared) != len(given):
            raise self.give_up("a closure with other parameters", callee.node)
        self.frames.append(frame)
        for parameter, (argument, value) in zip(declared, given, strict=True):
            name = parameter.child_by_field_name("declarator")
            type_ = parameter.child_by_field_name("type")
            text = self.text(type_) if type_ is not None else "auto"
            stars = "" if name is None else self.text(name)
            while name is not None and name.type != "identifier":
                name = name.named_children[-1] if name.named_children else None
            if name is None:
                continue
            wanted = self.type_named(text + "*" * stars.count("*"))
            self._bind(self.text(name), wanted, "&" in stars, argument, value)
        return self._body(body, callee.node)

    def _own(self, callee: Callee, node: Node) -> Value | None:
        functions = [f for f in self.program.functions.get(callee.name, []) if f.body is not None]
        functions = [f for f in functions if f.origin.active and not f.record and not f.is_kernel]
        fitting = [f for f in functions if _takes(f, len(callee.arguments))]
        near = [f for f in fitting if f.origin.file.path == self.frame.origin.file.path]
        fitting = near or fitting
        if len(fitting) > 1:
            fitting = self._by_types(fitting, callee)
        if len(fitting) > 1:
            device = [f for f in fitting if runs_on_device(f)]
            fitting = device or fitting
        return self._enter(fitting[0], callee, node) if len(fitting) == 1 else None

    def _by_types(self, functions: list[Function], callee: Callee) -> list[Function]:
        """Overloads whose parameters are the arguments' addresses, else numbers for numbers."""
        given = [self._kind_of(a) for a in callee.arguments]
        return [f for f in functions if self._fits(f, given)] if all(given) else functions

    def _kind_of(self, argument: Node) -> Type | None:
        saved = len(self.stores), self.state
        self.state = self.state.fork()
        value = self.value(argument)
        changed = self.state.cells != saved[1].cells or len(self.stores) != saved[0]
        self.state = saved[1]
        if changed or isinstance(value, Unknown):
            return None
        if isinstance(value, Pointer):
            return value.pointee.pointer()
        return Type(type_of(value))

    def _fits(self, function: Function, given: list[Type | None]) -> bool:
        for parameter, type_ in zip(function.parameters, given, strict=False):
            if type_ is None or parameter.type is None:
                continue
            wanted = self.type_from(parameter.type)
            if wanted.pointers != type_.pointers:
                return False
            if wanted.pointers and (wanted.element, wanted.count) != (type_.element, type_.count):
                return False
        return True

    def _enter(self, function: Function, callee: Callee, node: Node) -> Value:
        if len(self.frames) > MAX_CALLS or any(f.function is function for f in self.frames):
            raise self.give_up(f"{function.name} calls itself", node)
        given = [(a, self._argument(a)) for a in callee.arguments]
        frame = Frame(function, function.origin)
        self._template(frame, function, callee, [v for _, v in given])
        caller = self.frame
        self.frames.append(frame)
        for position, parameter in enumerate(function.parameters):
            wanted = self.type_from(parameter.type) if parameter.type is not None else Type("")
            is_reference = "&" in parameter.type_text
            if position < len(given):
                argument, value = given[position]
                self._bind(parameter.name, wanted, is_reference, argument, value, caller)
            elif parameter.default:
                self._declare_value(parameter.name, wanted, self.text_value(parameter.default))
        assert function.body is not None
        return self._body(function.body, node)

    def _template(self, frame: Frame, function: Function, callee: Callee, given: list[Name | Value]) -> None:
        """The template's arguments: as written at the call, else from the arguments' types, else defaults."""
        for position, parameter in enumerate(function.template_parameters):
            text = callee.template_arguments[position] if position < len(callee.template_arguments) else ""
            if parameter.is_type and text:
                frame.texts[parameter.name] = _spelled(self.type_named(text)) or text
            elif parameter.is_type:
                found = self._deduced(function, parameter.name, given)
                if found:
                    frame.texts[parameter.name] = found
            else:
                value = self.text_value(text or parameter.default) if text or parameter.default else None
                if value is not None:
                    frame.constants[parameter.name] = value

    def _deduced(self, function: Function, name: str, given: list[Name | Value]) -> str:
        for parameter, value in zip(function.parameters, given, strict=False):
            if parameter.type is None or parameter.type.name != name:
                continue
            if isinstance(value, Pointer) and parameter.type.pointers == 1:
                return _spelled(value.pointee)
            if isinstance(value, Functor):
                return value.record
            if not isinstance(value, Pointer | Unknown | Lambda | Where) and not parameter.type.pointers:
                held = type_of(value)
                return held if held in WIDTHS else "int32" if held == "int" else ""
        return ""

    def _argument(self, node: Node) -> Name | Value:
        found = self.functor(node)
        return found if found is not None else self.value(node)

    def _bind(
        self,
        name: str,
        wanted: Type,
        is_reference: bool,
        argument: Node,
        value: Name | Value,
        caller: Frame | None = None,
    ) -> None:
        """A parameter: a reference names the argument's own bytes, everything else is a copy."""
        if isinstance(value, Lambda | Functor | Where):
            self.frame.names[name] = value
            return
        if is_reference:
            inner, before = self.frames.pop(), self.state
            self.state = before.fork()
            at = self.where(argument)
            if self.state.cells != before.cells:
                raise self.give_up("an argument that changes variables and is referred to", argument)
            self.state = before
            self.frames.append(inner)
            if at is not None:
                self.frame.names[name] = at
                return
        self._declare_value(name, wanted, value)

    def _declare_value(self, name: str, wanted: Type, value: Value) -> None:
        type_ = (
            wanted if wanted.element in WIDTHS or wanted.pointers or wanted.width_bytes else _type_of(value)
        )
        if isinstance(value, Pointer) and type_.pointers == 1:
            value = replace(value, pointee=type_.dereferenced())
        base = self.unique(name)
        at = Where("local", base, ZERO, type_)
        self.frame.names[name] = at
        self.state.write(base, 0, type_.bytes or 8, converted(value, type_))

    def _body(self, body: Node, node: Node) -> Value:
        self.must_be_parsed(body)
        frame = self.frame
        frame.result = self.unique("result")
        self.run([*body.named_children])
        self.frames.pop()
        cells = self.state.cells.pop(frame.result, {})
        if not cells:
            return ZERO
        if len(cells) == 1:
            ((_, value),) = cells.values()
            return value
        return Pack(tuple((at, size, v) for at, (size, v) in sorted(cells.items())))

    # -- macros and constructors -----------------------------------------------------------

    def _macro(self, callee: Callee, node: Node) -> Value | None:
        path = self.frame.origin.file.path
        at = self.frame.origin.lookup_offset if self.frame.origin.expansion else node.start_byte
        macro = self.context.macros.get(callee.name, path, at)
        if macro is not None and macro.parameters is None:
            if macro.body.strip() != callee.name.encode():
                raise self.give_up("a macro in place of a function's name", node)
            macro = None
        may_check = callee.arguments and (macro is not None or callee.name not in self.program.functions)
        if may_check and requires(callee.name, self.context, path):
            self.note("assumption", self.text(callee.arguments[0]), node)
            return ZERO
        listed = node.child_by_field_name("arguments")
        if macro is None or listed is None or len(self.frames) > MAX_CALLS:
            return None
        raw = self.frame.origin.text[listed.start_byte + 1 : listed.end_byte - 1]
        expansion = expand_call(macro, split_arguments(raw), self.context.macros, path=path, offset=at)
        text = b"void f() {" + expansion.text + b";}"
        root = parse_text(text).root_node
        if root.has_error:
            return None
        body = root.named_children[0].child_by_field_name("body") if root.named_children else None
        if body is None:
            return None
        here = self.place(node)
        before = self.frame.origin
        self.frame.origin = replace(
            before, text=text, place=lambda _s, _e: here, expansion=True, lookup_offset=node.start_byte
        )
        try:
            statements = [c for c in body.named_children if c.type != "comment"]
            if len(statements) == 1 and statements[0].type == "expression_statement":
                inner = statements[0].named_children
                if inner and not stays_whole(inner[0], node):
                    raise self.give_up("a macro that the operators around it take apart", node)
                return self.value(inner[0]) if inner else ZERO
            if jumps_in(body):
                raise self.give_up("a macro that leaves the code around it", node)
            self.run([*statements])
            return ZERO
        finally:
            self.frame.origin = before

    def _constructor(self, callee: Callee) -> Value | None:
        """float(x), __nv_bfloat16(x), T(x)."""
        if callee.receiver is not None or len(callee.arguments) > 1:
            return None
        if callee.name in self.program.functions:
            return None
        title = callee.name if callee.name in self.frame.texts or element(callee.name) else ""
        if not title:
            return None
        type_ = self.type_named(title)
        if not type_.is_number:
            return None
        if not callee.arguments:
            return converted(ZERO, type_)
        return self.cast(type_, self.value(callee.arguments[0]))


_TABLES: Mapping[str, object] = {**UNARY, **BINARY, **CASTS, **PAIR_CASTS, **dict.fromkeys(FUSED, 0)}


def _takes(function: Function, count: int) -> bool:
    needed = sum(1 for p in function.parameters if not p.default)
    return needed <= count <= len(function.parameters)


def _cast(value: Value, ctype: str, mode: str) -> Value:
    if isinstance(value, Unknown):
        return value
    if type_of(value) == ctype and not mode.startswith(("rint", "floor", "ceil")):
        return value
    return cast(value, ctype, mode)


def _parts(value: Value) -> list[Value]:
    return [v for _, _, v in value.parts] if isinstance(value, Pack) else [value]


def _packed(values: list[Value], ctype: str = "") -> Pack:
    parts: list[tuple[int, int, Value]] = []
    offset = 0
    for value in values:
        held = ctype or type_of(value)
        width = WIDTHS.get(held, 4)
        parts.append((offset, width, value))
        offset += width
    return Pack(tuple(parts))


def _type_of(value: Value) -> Type:
    if isinstance(value, Pointer):
        return value.pointee.pointer()
    if isinstance(value, Pack):
        kinds = {(type_of(v), size) for _, size, v in value.parts}
        ((one, width),) = kinds if len(kinds) == 1 else (("", 0),)
        if WIDTHS.get(one) == width:
            return Type(one, len(value.parts))
        return Type("", width_bytes=sum(p[1] for p in value.parts))
    held = type_of(value)
    if held.startswith("raw"):
        return Type("", width_bytes=int(held.removeprefix("raw")))
    return Type(held if held in WIDTHS else "int64" if held in INTEGERS else "float")


def _spelled(type_: Type) -> str:
    """A type as text that `type_named` reads again, "" where it is not known."""
    if not type_.element or type_.extents:
        return ""
    if type_.element not in WIDTHS:
        return type_.element + "*" * type_.pointers
    vectors = {"int32": "int", "uint32": "uint", "float": "float", "int16": "short", "int8": "char"}
    pairs = {"bf16": "nv_bfloat162", "half": "half2"}
    if type_.count == 1:
        name = type_.element
    elif type_.element in pairs and type_.count == 2:
        name = pairs[type_.element]
    elif type_.element in vectors:
        name = f"{vectors[type_.element]}{type_.count}"
    else:
        return ""
    return name + "*" * type_.pointers
