"""Constants and enumerators: which one a name means, and its value.

A name means the constant of the innermost scope that has one: the class with its bases, then
the namespaces from the inside out. Where several of different values could be meant, as
those of headers that the tree uses one at a time, the value is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from portcheck.analysis import classes, expressions, names, objects
from portcheck.analysis.scopes import (
    Constant,
    Scope,
    enumeration,
    is_constant,
    is_indirect,
    is_variable,
    scope_of,
)
from portcheck.analysis.state import Frame
from portcheck.analysis.values import Cell, Number, Vague, Value
from portcheck.program.model import Parameter, Record
from portcheck.program.types import CType, split_scopes, split_top
from portcheck.symbolic.expr import Role, number

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.analysis.machine import Machine
    from portcheck.program.model import Origin

MAX_BASES = 8


@dataclass(eq=False)
class Constants:
    """The constants of one machine's tree."""

    machine: Machine
    _listed: dict[str, list[Constant]] = field(default_factory=dict)
    _values: dict[tuple[object, ...], Value] = field(default_factory=dict)
    _records: dict[tuple[str, int], Record] | None = None
    _scopes: dict[tuple[str, int], Scope] = field(default_factory=dict)

    def lookup(self, text: str, frame: Frame) -> Value | None:
        """The value of a constant or enumerator as a name means it here; None for what is none."""
        parts = split_scopes(text)
        if not parts:
            return None
        name, _, rest = parts[-1].partition("<")
        listed = self._named(name.strip())
        if not listed:
            return None
        arguments = tuple(split_top(rest.rsplit(">", 1)[0])) if rest else ()
        if text.lstrip().startswith("::") and len(parts) == 1:
            chosen = [c for c in listed if not c.scope.records and not c.scope.namespace and not c.is_scoped]
            return self._one(chosen, frame, None, arguments)
        if len(parts) > 1:
            return self._qualified(parts[:-1], listed, frame, arguments)
        return self._one(self._visible(listed, frame), frame, None, arguments)

    # -- what there is -------------------------------------------------------------------

    def _named(self, name: str) -> list[Constant]:
        if name not in self._listed:
            self._listed[name] = [*self._declared(name), *self._enumerators(name)]
        return self._listed[name]

    def _declared(self, name: str) -> Iterator[Constant]:
        found = self.machine.program.constants
        special = [k for k in found if k.startswith(f"{name}<")]
        for key in (name, *special):
            arguments = tuple(split_top(key.partition("<")[2].rsplit(">", 1)[0])) if key != name else None
            for node, origin in found.get(key, ()):
                if origin.expansion or origin.is_macro or not is_variable(node, origin):
                    continue
                scope = self._scope(node, origin)
                if scope.function is None:
                    changes = not is_constant(node, origin)
                    yield Constant(name, node, origin, scope, specialization=arguments, changes=changes)

    def _enumerators(self, name: str) -> Iterator[Constant]:
        for one in self.machine.enumerators.get(name, ()):
            node = enumeration(one)
            if node is None:
                continue
            is_scoped = any(c.type in ("class", "struct") for c in node.children)
            yield Constant(name, node, one.origin, self._scope(node, one.origin), one.enum, is_scoped, one)

    def _scope(self, node: Node, origin: Origin) -> Scope:
        key = (origin.file.path, node.start_byte)
        if key not in self._scopes:
            self._scopes[key] = scope_of(node, origin, self._record)
        return self._scopes[key]

    def _record(self, origin: Origin, start: int) -> Record | None:
        if self._records is None:
            self._records = {
                (r.origin.file.path, r.node.start_byte): r
                for group in self.machine.program.records.values()
                for r in group
                if r.origin is not None and r.node is not None and not r.origin.expansion
            }
        return self._records.get((origin.file.path, start))

    # -- what is meant -------------------------------------------------------------------

    def _visible(self, listed: list[Constant], frame: Frame) -> list[Constant]:
        """What a name without a qualifier can mean."""
        function = frame.function
        plain = [c for c in listed if not c.is_scoped]
        local = [c for c in plain if c.scope.function is not None and _is_inside(c, function)]
        if local:
            return [max(local, key=lambda c: c.scope.function or (0, 0))]
        plain = [c for c in plain if c.scope.function is None]
        for record in self._classes(frame):
            inside = self._of_class(plain, record, frame)
            if inside:
                return inside
        free = [c for c in plain if not c.scope.records and c.scope.complete]
        namespace = function.namespace
        for depth in range(len(namespace), -1, -1):
            level = [c for c in free if c.scope.namespace == namespace[:depth]]
            if level:
                # A header that this file does not include may have put a name in between.
                outer = [c for c in free if c.origin.file is frame.origin.file and _is_outside(c, namespace)]
                own = any(c.origin.file is frame.origin.file for c in level)
                return level if own else [*level, *outer]
        return free

    def _classes(self, frame: Frame) -> list[Record]:
        """The classes around the code of a frame, innermost first."""
        found: list[Record] = []
        if frame.this is not None and frame.this.record is not None:
            found.append(frame.this.record)
        if frame.function.record:
            *_, last = split_scopes(frame.function.record)
            record = classes.record_of(self.machine, CType(last), frame)
            own = [
                r
                for r in self.machine.program.records.get(last, ())
                if r.origin is not None
                and r.node is not None
                and r.origin.file is frame.function.origin.file
                and r.node.start_byte <= frame.function.start_byte < r.node.end_byte
            ]
            for one in own or ([record] if record is not None else []):
                if one not in found:
                    found.append(one)
        for record in list(found):
            if record.origin is not None and record.node is not None:
                around = self._scope(record.node, record.origin).records
                found += [r for r in reversed(around) if r not in found]
        return found

    def _of_class(
        self, listed: Sequence[Constant], record: Record, frame: Frame, depth: int = 0
    ) -> list[Constant]:
        """The members of a class of that name, or those of its bases."""
        own = [c for c in listed if c.scope.records and c.scope.records[-1] is record]
        if own or depth > MAX_BASES:
            return own
        found: list[Constant] = []
        for text in record.bases:
            type_ = self.machine.sizes.parse(text, frame)
            base = classes.record_of(self.machine, type_, frame) if type_ is not None else None
            if base is not None and not base.template_parameters:
                found += self._of_class(listed, base, frame, depth + 1)
        return found

    def _qualified(
        self, parts: list[str], listed: list[Constant], frame: Frame, arguments: tuple[str, ...]
    ) -> Value | None:
        m = self.machine
        type_ = m.sizes.parse("::".join(parts), frame)
        record = self._class_named(parts, type_, frame)
        if record is not None and type_ is not None:
            chosen = self._of_class([c for c in listed if not c.is_scoped], record, frame)
            own = bool(chosen) and chosen[0].scope.records[-1] is record
            bound = objects.class_frame(m, record, type_, frame) if own else None
            return self._one(chosen, frame, bound, arguments) if chosen else None
        title = type_.name if type_ is not None and not type_.is_indirect else parts[-1]
        enumerated = [c for c in listed if c.enum == title]
        if enumerated:
            outer = tuple(p.split("<", 1)[0] for p in parts[:-1])
            if outer:
                enumerated = [c for c in enumerated if _path(c)[-len(outer) :] == outer]
            elif len(enumerated) > 1:
                enumerated = self._nearest(enumerated, frame)
            return self._one(enumerated, frame, None, arguments)
        if any("<" in p for p in parts):
            return None
        free = [c for c in listed if not c.scope.records and not c.is_scoped and c.scope.function is None]
        namespace = frame.function.namespace
        path = tuple(parts)
        for depth in range(len(namespace), -1, -1):
            level = [c for c in free if c.scope.namespace == (*namespace[:depth], *path)]
            if level:
                return self._one(level, frame, None, arguments)
        return self._one([c for c in free if c.scope.namespace[-len(path) :] == path], frame, None, arguments)

    def _nearest(self, listed: list[Constant], frame: Frame) -> list[Constant]:
        """Enumerators of enumerations of one name: those of the innermost scope."""
        local = [c for c in listed if c.scope.function is not None and _is_inside(c, frame.function)]
        if local:
            return local
        listed = [c for c in listed if c.scope.function is None]
        for record in self._classes(frame):
            inside = [c for c in listed if c.scope.records and c.scope.records[-1] is record]
            if inside:
                return inside
        free = [c for c in listed if not c.scope.records] or listed
        namespace = frame.function.namespace
        for depth in range(len(namespace), -1, -1):
            level = [c for c in free if c.scope.namespace == namespace[:depth]]
            if level:
                return level
        return free

    def _class_named(self, parts: list[str], type_: CType | None, frame: Frame) -> Record | None:
        if type_ is None or type_.is_indirect:
            return None
        outer = tuple(p.split("<", 1)[0].strip() for p in parts[:-1])
        record = classes.record_of(self.machine, type_, frame)
        if not outer or type_.name != parts[-1].split("<", 1)[0].strip():
            return record
        if record is not None and self._stands_in(record, outer):
            return record
        listed = [r for r in self.machine.program.records.get(type_.name, ()) if self._stands_in(r, outer)]
        return listed[0] if len(listed) == 1 and not listed[0].template_parameters else None

    def _stands_in(self, record: Record, outer: tuple[str, ...]) -> bool:
        if record.node is None or record.origin is None:
            return False
        around = [r.name for r in self._scope(record.node, record.origin).records if r is not record]
        return (*record.namespace, *around)[-len(outer) :] == outer

    # -- values --------------------------------------------------------------------------

    def _one(
        self, chosen: list[Constant], frame: Frame, bound: Frame | None, arguments: tuple[str, ...]
    ) -> Value | None:
        """The value that all the constants have; unknown where they differ."""
        if not chosen:
            return None
        if any(c.specialization is not None for c in chosen):
            matched = self._specialised(chosen, frame, arguments)
            if matched is None:
                return self._unknown(chosen[0], f"a specialisation of {chosen[0].name}", frame)
            chosen = matched
        active = [c for c in chosen if c.origin.active] or chosen
        path = frame.origin.file.path
        chosen = [c for c in active if c.origin.file.path == path] or active
        found: Value | None = None
        for one in chosen:
            value = self._value(one, frame, bound, arguments)
            if found is not None and not _same(value, found):
                return self._unknown(one, f"the tree defines {one.name} in several ways", frame)
            found = found if found is not None else value
        return found

    def _specialised(
        self, chosen: list[Constant], frame: Frame, arguments: tuple[str, ...]
    ) -> list[Constant] | None:
        """Those of a variable template for the arguments; None where that is not clear."""
        given = tuple(self.machine.sizes.argument(a, frame) for a in arguments)
        primary: list[Constant] = []
        for one in chosen:
            if one.specialization is None:
                primary.append(one)
                continue
            match = classes.same_arguments(self.machine, one.specialization, given)
            if match is None:
                return None
            if match:
                return [one]
        return primary

    def _unknown(self, one: Constant, note: str, frame: Frame) -> Value:
        return Number(self.machine.state.fresh(one.name, Role.OPAQUE, note=note), None)

    def _value(self, one: Constant, frame: Frame, bound: Frame | None, arguments: tuple[str, ...]) -> Value:
        m = self.machine
        if one.changes:
            return self._unknown(one, f"the variable {one.name} may be changed anywhere", frame)
        inner = self._frame(one, frame, bound, arguments)
        if inner is None:
            return self._unknown(one, f"{one.name} depends on template arguments that are not known", frame)
        held = tuple(
            (n, str(c.value.expr) if isinstance(c.value, Number) else id(c.value))
            for n, c in inner.scopes[0].items()
        )
        key = (id(one), held, tuple((n, str(t)) for n, t in inner.types.items()))
        if key not in self._values:
            self._values[key] = Vague(None, f"{one.name} is defined by itself")
            dead = not m.state.alive
            m.state.alive = True
            self._values[key] = self._computed(one, inner)
            m.state.alive = m.state.alive and not dead
        return self._values[key]

    def _computed(self, one: Constant, inner: Frame) -> Value:
        m = self.machine
        if one.enumerator is not None:
            return self._enumerated(one, inner)
        assert one.node is not None
        holder = one.node.parent
        if holder is not None and holder.type == "init_declarator":
            holder = holder.parent
        written = holder.child_by_field_name("type") if holder is not None else None
        type_ = m.sizes.parse(m.read(written, inner), inner) if written is not None else None
        if is_indirect(one.node):
            return Vague(None, f"{one.name} is no integer")
        if one.node.type == "initializer_list":
            children = [c for c in one.node.named_children if c.type != "comment"]
            if type_ is None or not (m.sizes.is_integer(type_) or type_.name in m.enums) or len(children) > 1:
                return Vague(type_, f"{one.name} is no integer")
            found = expressions.value(m, children[0], inner) if children else Number(number(0), type_)
        else:
            found = expressions.value(m, one.node, inner)
        if not isinstance(found, Number):
            return found
        found = names.cast(m, found, type_, inner)
        if not isinstance(found, Number):
            return found
        text = f"{one.name} = {names.brief(found)}"
        tag = m.state.step(m.place(one.node, inner), text, "value", found.tags)
        return Number(found.expr, found.type, found.tags | {tag})

    def _enumerated(self, one: Constant, inner: Frame) -> Value:
        m = self.machine
        assert one.enumerator is not None
        type_ = CType(one.enum or "int")
        if one.enumerator.value is not None:
            return Number(number(one.enumerator.value), type_)
        assert one.node is not None
        body = one.node.child_by_field_name("body")
        value: Value = Number(number(-1), type_)
        before: dict[str, Cell] = {}
        inner.scopes.append(before)
        for child in body.named_children if body is not None else ():
            if child.type not in ("enumerator", "comment"):
                break
            title, given = child.child_by_field_name("name"), child.child_by_field_name("value")
            if title is None:
                continue
            if given is not None:
                value = expressions.value(m, given, inner)
            elif isinstance(value, Number):
                value = Number(value.expr + 1, type_, value.tags)
            name = m.read(title, inner)
            if isinstance(value, Number):
                value = Number(value.expr, type_, value.tags)
            before[name] = Cell(value, name, constant=True)
            if name == one.name:
                return value
        return Vague(type_, f"the value of {one.name}")

    def _frame(
        self, one: Constant, frame: Frame, bound: Frame | None, arguments: tuple[str, ...]
    ) -> Frame | None:
        """Where the constant's own scope is visible; None if a template argument is not known."""
        m = self.machine
        scope = one.scope
        record = "::".join(r.name for r in scope.records)
        function = classes.region(m, one.origin, scope.namespace, record)
        inner = Frame(function, one.origin, [{}], calls=frame.calls)
        known = bound or frame
        for around in scope.records:
            for parameter in around.template_parameters:
                if not _bind(parameter, known, inner) and not around.specialization:
                    return None
        for position, parameter in enumerate(scope.parameters):
            text = arguments[position] if position < len(arguments) else parameter.default
            if one.specialization is not None:
                continue
            if not text or parameter.name == "":
                return None
            where = frame if position < len(arguments) else inner
            found = names.template_argument(m, text, where)
            if isinstance(found, CType):
                inner.types[parameter.name] = found
            else:
                inner.scopes[0][parameter.name] = Cell(found, parameter.name, constant=True)
        return inner


def _bind(parameter: Parameter, known: Frame, inner: Frame) -> bool:
    if parameter.is_type:
        found = known.types.get(parameter.name)
        if found is not None:
            inner.types[parameter.name] = found
        return found is not None
    cell = known.lookup(parameter.name)
    if cell is not None:
        inner.scopes[0][parameter.name] = cell
    return cell is not None


def _same(a: Value, b: Value) -> bool:
    if isinstance(a, Number) and isinstance(b, Number):
        return a.expr == b.expr
    return a is b


def _path(one: Constant) -> tuple[str, ...]:
    return (*one.scope.namespace, *(r.name for r in one.scope.records))


def _is_inside(one: Constant, function: object) -> bool:
    """Whether a constant of a function's body is one of this function."""
    from portcheck.program.model import Function

    assert isinstance(function, Function)
    span = one.scope.function
    return (
        span is not None
        and function.origin.file is one.origin.file
        and function.start_byte <= span[0]
        and span[1] <= function.end_byte
    )


def _is_outside(one: Constant, namespace: tuple[str, ...]) -> bool:
    return one.scope.namespace == namespace[: len(one.scope.namespace)]
