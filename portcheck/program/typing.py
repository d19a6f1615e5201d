"""Types of expressions, as far as the declarations of the scanned tree give them.

`Typer.type_of` answers with a type or None ("not known"), never with a guess: a template
parameter stays a name, a call of an unknown function has no type.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from portcheck.program import knowledge
from portcheck.program.callee import NAMED_CASTS, Callee
from portcheck.program.model import Binding, Function, Origin, Record, Unit
from portcheck.program.nodes import first_child
from portcheck.program.types import CType, parse_type, substitute

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_DEPTH = 24


class Program:
    """The declarations of every scanned file, by name."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self.functions: dict[str, list[Function]] = defaultdict(list)
        self.records: dict[str, list[Record]] = defaultdict(list)
        self.aliases: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self.constants: dict[str, list[tuple[Node, Origin]]] = defaultdict(list)
        self.template_arguments: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        self.prototypes: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        units = list(units)
        for unit in units:
            for name, types in unit.prototypes.items():
                self.prototypes[name] += types
            for function in unit.functions:
                if function.name and function.shadow_of is None:
                    self.functions[function.name].append(function)
            for record in unit.records:
                self.records[record.name].append(record)
            for name, texts in unit.aliases.items():
                self.aliases[name] += [(unit.path, text) for text in texts]
            for name, values in unit.constants.items():
                self.constants[name] += values
        for unit in units:
            for name, arguments in unit.template_uses:
                if name in self.functions or name in self.records:
                    self.template_arguments[name].append(arguments)

    def instantiated(self, function: Function, name: str) -> list[str]:
        """What the scanned code puts in for a template parameter of a function or its class."""
        found: list[str] = []
        lists = [(function.name, function.template_parameters)]
        owner = function.record.rsplit("::", 1)[-1]
        lists += [(owner, r.template_parameters) for r in self.records.get(owner, ())]
        for title, parameters in lists:
            for position, parameter in enumerate(parameters):
                if parameter.name == name:
                    for arguments in self.template_arguments.get(title, ()):
                        if position < len(arguments) and arguments[position] not in found:
                            found.append(arguments[position])
        return found

    def methods(self, record: str, name: str) -> list[Function]:
        short = record.rsplit("::", 1)[-1]
        return [f for f in self.functions.get(name, ()) if f.record.rsplit("::", 1)[-1] == short]


class Typer:
    """Types of expressions of one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.table = knowledge.types()
        self.returns: dict[str, str] = knowledge.intrinsics().tables["returns"]

    # -- names of types ----------------------------------------------------------------

    def resolve(
        self, type_: CType, function: Function | None = None, visiting: frozenset[str] = frozenset()
    ) -> list[CType]:
        """The types that an alias can stand for; a type that is no alias stands for itself.

        More than one answer means that the alias differs between template arguments or
        configurations, as `std::conditional_t<c, int2, int4>` does.
        """
        if type_.name in self.table.vectors or type_.name in self.table.scalars:
            return [type_]
        if type_.name in visiting or len(visiting) > 8:
            return [type_]
        visiting = visiting | {type_.name}
        if type_.name in ("conditional_t", "conditional") and len(type_.arguments) == 3:
            return self._each(type_.arguments[1:], type_, function, visiting)
        if type_.scope is not None and type_.scope.name == "conditional" and len(type_.scope.arguments) == 3:
            return self._each(type_.scope.arguments[1:], type_, function, visiting)
        if type_.scope is not None:
            scopes = self._instances(type_.scope, function)
            texts = [t for s in scopes for t in self._member_aliases(s, type_.name)]
            return self._each(texts, type_, function, visiting) if texts else [type_]
        text = function.aliases.get(type_.name) if function is not None else None
        if text is not None:
            return self._each([text], type_, function, visiting)
        if function is not None and function.record:
            texts = self._member_aliases(CType(function.record), type_.name)
            if texts:
                return self._each(texts, type_, function, visiting)
        if function is not None and any(
            p.is_type and p.name == type_.name for p in function.template_parameters
        ):
            return [type_]  # the template's own name hides one of file scope
        if type_.name in self.program.aliases and type_.name not in self.program.records:
            return self._each(self._file_aliases(type_.name, function), type_, function, visiting)
        return [type_]

    def _file_aliases(self, name: str, function: Function | None) -> list[str]:
        """What an alias of file scope means: in the function's own file, else anywhere."""
        listed = self.program.aliases[name]
        path = function.origin.file.path if function is not None else ""
        own = [text for where, text in listed if where == path]
        return list(dict.fromkeys(own or [text for _, text in listed]))[:4]

    def _each(
        self, texts: Iterable[str], outer: CType, function: Function | None, visiting: frozenset[str]
    ) -> list[CType]:
        found: list[CType] = []
        for text in texts:
            parsed = parse_type(text)
            if parsed is None or parsed == outer.base():
                continue
            for inner in self.resolve(parsed, function, visiting):
                whole = CType(
                    inner.name,
                    inner.arguments,
                    inner.pointers + outer.pointers,
                    outer.extents + inner.extents,
                    inner.scope,
                )
                if whole not in found:
                    found.append(whole)
        return found or [outer]

    def _instances(self, scope: CType, function: Function | None) -> list[CType]:
        """A class such as `Traits<kBytes>` for each value that the code instantiates kBytes with."""
        if function is None or len(scope.arguments) != 1:
            return [scope]
        values = self.program.instantiated(function, scope.arguments[0])
        return [CType(scope.name, (v,)) for v in values[:8]] or [scope]

    def _member_aliases(self, scope: CType, name: str) -> list[str]:
        texts: list[str] = []
        for record in self.program.records.get(scope.name, ()):
            text = record.aliases.get(name)
            if text is None:
                continue
            if record.specialization and record.specialization == scope.arguments:
                return [text]
            names = [p.name for p in record.template_parameters]
            texts.append(substitute(text, dict(zip(names, scope.arguments, strict=False))))
        return list(dict.fromkeys(texts))[:6]

    def width_bytes(self, type_: CType, function: Function | None = None, depth: int = 0) -> int | None:
        """Size in bytes of a value of the type, None where it is not a constant here."""
        widths = {self._width(t, function, depth) for t in self.resolve(type_, function)}
        return widths.pop() if len(widths) == 1 else None

    def _width(self, type_: CType, function: Function | None, depth: int) -> int | None:
        if type_.extents or depth > 6:
            return None
        if type_.pointers:
            return 8
        known = self.table.vectors.get(type_.name) or self.table.scalars.get(type_.name)
        return known or self._record_width(type_, function, depth)

    def _record_width(self, type_: CType, function: Function | None, depth: int) -> int | None:
        records = self.program.records.get(type_.name, ())
        if len(records) != 1:
            return None
        record = records[0]
        names = [p.name for p in record.template_parameters]
        bound = dict(zip(names, type_.arguments, strict=False))
        total = 0
        for member in record.members.values():
            count = 1
            for extent in member.extents:
                text = substitute(extent, bound)
                if not text.isdigit():
                    return None
                count *= int(text)
            base = parse_type(substitute(str(member.base()), bound))
            width = 8 if member.pointers else base and self.width_bytes(base, function, depth + 1)
            if not width:
                return None
            if record.is_union:
                total = max(total, width * count)
            else:
                total = -(-total // width) * width + width * count
        return total or None

    def is_vector(self, type_: CType, function: Function | None = None) -> bool:
        """Whether a meaning of the type moves at least 8 bytes as one vector."""
        return any(self._is_vector(t) for t in self.resolve(type_, function))

    def may_be_vector(self, type_: CType, function: Function) -> bool:
        """Like `is_vector`; of a template's type parameter, whether some instantiation is one."""
        if self.is_vector(type_, function):
            return True
        if type_.scope is not None or type_.is_indirect:
            return False
        parsed = (parse_type(t) for t in self.program.instantiated(function, type_.name))
        return any(t is not None and self.is_vector(t) for t in parsed)

    def _is_vector(self, type_: CType) -> bool:
        if type_.is_indirect:
            return False
        if type_.name in self.table.vectors:
            return self.table.vectors[type_.name] >= 8
        if type_.name in self.table.vector_templates and type_.arguments:
            return True
        return any(self._is_aligned_pack(r) for r in self.program.records.get(type_.name, ()))

    def _is_aligned_pack(self, record: Record) -> bool:
        """A class declared with an alignment that holds elements of one type: a vector."""
        if not record.members:
            return False
        if not record.alignment:
            return self._is_vector_pack(record)
        if record.alignment.isdigit() and not 8 <= int(record.alignment) <= 32:
            return False
        members = list(record.members.values())
        elements = {(m.name, m.pointers) for m in members}
        several = len(members) > 1 or bool(members[0].extents)
        return several and (len(elements) == 1 or record.is_union) and not members[0].pointers

    def _is_vector_pack(self, record: Record) -> bool:
        """A class of 2, 4 or 8 members of one toolkit vector type, such as four `__nv_bfloat162`."""
        members = list(record.members.values())
        widths = {self.table.vectors.get(m.name) for m in members if not m.is_indirect}
        width = widths.pop() if len(widths) == 1 else None
        return width is not None and len(members) in (2, 4, 8) and width * len(members) in (8, 16, 32)

    def low_precision(self, type_: CType, function: Function | None = None) -> str | None:
        """The format of a floating type narrower than FP32, None for every other type."""
        for meaning in self.resolve(type_.base(), function):
            found = self.table.low_precision.get(meaning.name)
            if found:
                return found
        return None

    # -- expressions -------------------------------------------------------------------

    def binding_type(self, binding: Binding, function: Function, depth: int = 0) -> CType | None:
        """The declared type of a name; of `auto`, the type of its initialiser."""
        if binding.type is not None:
            return binding.type
        if binding.value is None or depth > MAX_DEPTH:
            return None
        if binding.inferred is False:
            binding.inferred = None
            binding.inferred = self.type_of(binding.value, function, binding.origin, depth + 1)
        return binding.inferred  # type: ignore[return-value]

    def lookup(self, name: str, function: Function, offset: int) -> Binding | None:
        return function.lookup(name, offset)

    def type_of(self, node: Node, function: Function, origin: Origin, depth: int = 0) -> CType | None:
        """The type of an expression, None where the scanned code does not say."""
        if depth > MAX_DEPTH:
            return None
        handler = _HANDLERS.get(node.type)
        return handler(self, node, function, origin, depth + 1) if handler else None

    def _identifier(self, node: Node, function: Function, origin: Origin, depth: int) -> CType | None:
        name = origin.read(node)
        if name in origin.macro_parameters:
            return None
        binding = function.lookup(name, node.start_byte)
        if binding is not None:
            return self.binding_type(binding, function, depth)
        if function.record:
            for record in self.program.records.get(function.record.rsplit("::", 1)[-1], ()):
                if name in record.members:
                    return record.members[name]
        constants = self.program.constants.get(name)
        if constants and len(constants) == 1:
            value, where = constants[0]
            return self.type_of(value, function, where, depth)
        return None

    def _inner(self, node: Node, function: Function, origin: Origin, depth: int) -> CType | None:
        inner = first_child(node)
        return self.type_of(inner, function, origin, depth) if inner is not None else None

    def _cast(self, node: Node, function: Function, origin: Origin, depth: int) -> CType | None:
        type_node = node.child_by_field_name("type")
        return parse_type(origin.read(type_node)) if type_node is not None else None

    def _pointer(self, node: Node, function: Function, origin: Origin, depth: int) -> CType | None:
        argument = node.child_by_field_name("argument")
        operator = node.child_by_field_name("operator")
        if argument is None or operator is None:
            return None
        inner = self.type_of(argument, function, origin, depth)
        if inner is None:
            return None
        if operator.type == "&":
            return inner.pointer()
        return self.dereference(inner, function)

    def _unary(self, node: Node, function: Function, origin: Origin, depth: int) -> CType | None:
        argument = node.child_by_field_name("argument")
        return self.type_of(argument, function, origin, depth) if argument is not None else None

    def dereference(self, type_: CType, function: Function) -> CType | None:
        found = type_.dereferenced()
        if found is not None:
            return found
        for meaning in self.resolve(type_, function):
            if meaning.is_indirect:
                return meaning.dereferenced()
        return self._method_return(type_, "operator[]", function)

    def _subscript(self, node: Node, function: Function, origin: Origin, depth: int) -> CType | None:
        argument = node.child_by_field_name("argument")
        if argument is None:
            return None
        inner = self.type_of(argument, function, origin, depth)
        return self.dereference(inner, function) if inner is not None else None

    def _binary(self, node: Node, function: Function, origin: Origin, depth: int) -> CType | None:
        operator = node.child_by_field_name("operator")
        symbol = operator.type if operator is not None else ""
        if symbol in ("==", "!=", "<", ">", "<=", ">=", "&&", "||", "and", "or"):
            return CType("bool")
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        left_type = self.type_of(left, function, origin, depth) if left is not None else None
        if left_type is not None and left_type.is_indirect:
            return left_type.decayed()
        right_type = self.type_of(right, function, origin, depth) if right is not None else None
        if left_type is None or right_type is None:
            return None
        if right_type.is_indirect:
            return right_type if symbol == "+" and left_type.name in self.table.scalars else None
        if symbol in ("<<", ">>"):
            return left_type
        ranks = ("double", "float")
        for rank in ranks:
            if rank in (left_type.name, right_type.name):
                return CType(rank)
        return max((left_type, right_type), key=lambda t: self.table.scalars.get(t.name, 0))

    def _assignment(self, node: Node, function: Function, origin: Origin, depth: int) -> CType | None:
        left = node.child_by_field_name("left")
        return self.type_of(left, function, origin, depth) if left is not None else None

    def _conditional(self, node: Node, function: Function, origin: Origin, depth: int) -> CType | None:
        for field in ("consequence", "alternative"):
            branch = node.child_by_field_name(field)
            if branch is not None and branch.type != "null":
                found = self.type_of(branch, function, origin, depth)
                if found is not None:
                    return found
        return None

    def _field(self, node: Node, function: Function, origin: Origin, depth: int) -> CType | None:
        argument, name_node = node.child_by_field_name("argument"), node.child_by_field_name("field")
        if argument is None or name_node is None:
            return None
        name = origin.read(name_node)
        if argument.type == "this":
            owner: CType | None = CType(function.record) if function.record else None
        else:
            owner = self.type_of(argument, function, origin, depth)
        if owner is None:
            return None
        for meaning in self.resolve(owner.base(), function):
            element = _vector_element(meaning.name) if name in "xyzw" else None
            if element:
                return CType(element)
            for record in self.program.records.get(meaning.name, ()):
                if name in record.members:
                    return self._instantiate(record.members[name], record, meaning)
        return None

    def _instantiate(self, type_: CType, record: Record, use: CType) -> CType:
        names = [p.name for p in record.template_parameters]
        bound = dict(zip(names, use.arguments, strict=False))
        if not bound:
            return type_
        parsed = parse_type(substitute(str(CType(type_.name, type_.arguments, 0, (), type_.scope)), bound))
        if parsed is None:
            return type_
        return CType(
            parsed.name, parsed.arguments, parsed.pointers + type_.pointers, type_.extents, parsed.scope
        )

    def _literal(self, node: Node, function: Function, origin: Origin, depth: int) -> CType | None:
        text = origin.read(node).lower()
        if text.startswith("0x"):
            return CType("int64_t" if "ll" in text else "int")
        if text.endswith("f"):
            return CType("float")
        if "." in text or "e" in text:
            return CType("double")
        return CType("int64_t" if "ll" in text else "int")

    def _sizeof(self, node: Node, function: Function, origin: Origin, depth: int) -> CType | None:
        return CType("size_t")

    def _call(self, node: Node, function: Function, origin: Origin, depth: int) -> CType | None:
        callee = Callee.of(node, origin)
        if callee is None:
            return None
        if callee.name in NAMED_CASTS and callee.template_arguments:
            return parse_type(callee.template_arguments[0])
        rule = self.returns.get(callee.name)
        if rule is not None:
            position = 1 if rule == "second" else 0
            if rule not in ("deref", "same", "second"):
                return CType(rule)
            if len(callee.arguments) <= position:
                return None
            first = self.type_of(callee.arguments[position], function, origin, depth)
            if first is None or rule != "deref":
                return first
            return first.dereferenced()
        if callee.receiver is not None:
            owner = self.type_of(callee.receiver, function, origin, depth)
            return self._method_return(owner, callee.name, function) if owner is not None else None
        binding = function.lookup(callee.name, node.start_byte)
        if binding is not None:
            return self._lambda_return(binding, function, depth)
        if callee.name in self.program.records or callee.name in self.table.vectors:
            return CType(callee.name, tuple(callee.template_arguments))
        return self._function_return(callee, function, origin, depth)

    def _lambda_return(self, binding: Binding, function: Function, depth: int) -> CType | None:
        value = binding.value
        if value is None or value.type != "lambda_expression":
            return None
        declarator = value.child_by_field_name("declarator")
        if declarator is not None:
            for child in declarator.named_children:
                if child.type == "trailing_return_type":
                    return parse_type(binding.origin.read(child).removeprefix("->"))
        return self._returned_by(value, function, binding.origin, depth)

    def _returned_by(self, node: Node, function: Function, origin: Origin, depth: int) -> CType | None:
        body = node.child_by_field_name("body")
        if body is None:
            return None
        for child in body.named_children:
            if child.type == "return_statement" and first_child(child) is not None:
                return self._inner(child, function, origin, depth)
        return None

    def _function_return(
        self, callee: Callee, function: Function, origin: Origin, depth: int
    ) -> CType | None:
        found: set[CType] = set()
        for candidate in self.program.functions.get(callee.name, ())[:24]:
            if candidate.return_type is None:
                continue
            bound = self._deduce(candidate, callee, function, origin, depth)
            if bound is None:
                continue
            parsed = parse_type(substitute(str(candidate.return_type), bound))
            if parsed is not None:
                found.add(parsed)
        concrete = {t for t in found if t.name not in ("T", "void")} or found
        return concrete.pop() if len(concrete) == 1 else None

    def _deduce(
        self, candidate: Function, callee: Callee, function: Function, origin: Origin, depth: int
    ) -> dict[str, str] | None:
        """Template bindings of a call; None where the arguments cannot be this overload's."""
        names = [p.name for p in candidate.template_parameters]
        bound = dict(zip(names, callee.template_arguments, strict=False))
        for parameter in candidate.template_parameters:
            if parameter.name not in bound and parameter.default:
                bound[parameter.name] = parameter.default
        if len(callee.arguments) > len(candidate.parameters):
            return None
        for parameter, argument in zip(candidate.parameters, callee.arguments, strict=False):
            wanted = parameter.type
            if wanted is None:
                continue
            is_template = wanted.name in names
            if not wanted.pointers and not is_template:
                continue
            given = self.type_of(argument, function, origin, depth)
            if given is None:
                continue
            if is_template:
                inner = given
                for _ in range(wanted.pointers):
                    deeper = inner.dereferenced()
                    if deeper is None:
                        break
                    inner = deeper
                bound.setdefault(wanted.name, str(inner)) if wanted.name not in bound else None
            elif given.is_indirect and wanted.name != "void" and given.base() != wanted.base():
                meanings = {t.name for t in self.resolve(given.base(), function)}
                if wanted.name not in meanings:
                    return None
        return bound

    def _method_return(self, owner: CType, name: str, function: Function) -> CType | None:
        for meaning in self.resolve(owner.base(), function):
            returned = [
                m.return_type for m in self.program.methods(meaning.name, name) if m.return_type is not None
            ]
            if not returned:
                continue
            records = self.program.records.get(meaning.name, [])
            if len({t.name for t in returned}) > 1:
                return self._specialised(returned, records, meaning)
            return self._instantiate(returned[0], records[0], meaning) if records else returned[0]
        return None

    def _specialised(self, returned: list[CType], records: list[Record], use: CType) -> CType | None:
        """What a method returns whose specialisations each return their own first argument."""
        firsts = {r.specialization[0] for r in records if r.specialization}
        firsts |= {p.name for r in records for p in r.template_parameters[:1]}
        shapes = {(t.pointers, t.extents) for t in returned}
        if len(shapes) != 1 or not use.arguments or not all(t.name in firsts for t in returned):
            return None
        first = parse_type(use.arguments[0])
        pointers, extents = shapes.pop()
        return CType(first.name, first.arguments, pointers, extents, first.scope) if first else None


def _vector_element(name: str) -> str | None:
    pair = knowledge.types().pairs.get(name)
    if pair is not None:
        return pair
    for prefix, element in _ELEMENTS:
        if name.startswith(prefix) and name[len(prefix) : len(prefix) + 1].isdigit():
            return element
    return None


_ELEMENTS = (
    ("ulonglong", "unsigned long long"),
    ("longlong", "long long"),
    ("ulong", "unsigned long"),
    ("uchar", "unsigned char"),
    ("ushort", "unsigned short"),
    ("uint", "unsigned int"),
    ("double", "double"),
    ("float", "float"),
    ("short", "short"),
    ("char", "char"),
    ("long", "long"),
    ("int", "int"),
)

_HANDLERS = {
    "identifier": Typer._identifier,
    "qualified_identifier": Typer._identifier,
    "parenthesized_expression": Typer._inner,
    "cast_expression": Typer._cast,
    "compound_literal_expression": Typer._cast,
    "pointer_expression": Typer._pointer,
    "unary_expression": Typer._unary,
    "update_expression": Typer._unary,
    "subscript_expression": Typer._subscript,
    "binary_expression": Typer._binary,
    "assignment_expression": Typer._assignment,
    "conditional_expression": Typer._conditional,
    "field_expression": Typer._field,
    "number_literal": Typer._literal,
    "sizeof_expression": Typer._sizeof,
    "call_expression": Typer._call,
}
