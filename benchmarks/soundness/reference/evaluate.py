"""Turns functions into Python closures, one set for each template instantiation, and runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from benchmarks.soundness.reference import nodes as n
from benchmarks.soundness.reference import types as t
from benchmarks.soundness.reference.machine import Entry, Machine, Memory, Stop, Thrown, Trap
from benchmarks.soundness.reference.operators import converter, operation

BREAK, CONTINUE, RETURN = 1, 2, 3
MAX_DEPTH = 60
Frame = list[Any]
Get = Callable[[Frame], Any]
Place = Callable[[Frame], tuple[Any, Any]]  # a container and an index or key into it
Run = Callable[[Frame], Any]


class Invalid(Exception):  # noqa: N818
    """The file, or this instantiation of it, is no valid C++ (a static_assert fails, say)."""


@dataclass(slots=True)
class Code:
    """An expression: its type, how to compute it, where it lies if it is an object, its constant."""

    type: t.Type
    get: Get
    place: Place | None = None
    const: int | None = None


@dataclass(slots=True)
class Variable:
    slot: int
    type: t.Type
    const: int | None = None


@dataclass(slots=True)
class View:
    """Values of one type in a `Memory`, indexed by byte offset, as a container."""

    memory: Memory
    kind: t.Type

    def __getitem__(self, offset: int) -> int:
        signed = isinstance(self.kind, t.Int) and self.kind.signed
        return self.memory.load(offset, self.kind.size, signed)

    def __setitem__(self, offset: int, value: int) -> None:
        self.memory.store(offset, self.kind.size, value)


@dataclass(slots=True)
class Instance:
    """A function with its template arguments bound."""

    node: n.Function
    parameters: list[t.Type]
    result: t.Type
    slots: int = 1
    body: Run | None = None
    has_probe: bool = False
    invalid: str = ""


def constant(value: int, kind: t.Type = t.INT) -> Code:
    return Code(kind, lambda f: value, None, value)


class Program:
    """One parsed file, its instantiations so far, and the machine they run on."""

    def __init__(self, file: n.File) -> None:
        self.file = file
        self.machine = Machine()
        self.functions: dict[str, list[n.Function]] = {}
        for function in file.functions:
            if function.body is not None:
                self.functions.setdefault(function.name, []).append(function)
        self.globals: dict[str, Code] = {}
        self.aliases: dict[str, t.Type] = {}
        self.enums: dict[str, t.Int] = {}
        self.members: dict[str, dict[str, Code]] = {}
        self.records: dict[tuple[Any, ...], t.Record] = {}
        self.instances: dict[tuple[Any, ...], Instance] = {}
        self.probed = {f.name for f in file.functions if f.body is not None and _mentions(f.body, "probe")}
        top = Compiler(self, {})
        for enum in file.enums:
            self._enum(enum, top)
        for item in file.globals:
            if isinstance(item, n.Alias):
                self.aliases[item.name] = top.type(item.type)
            elif isinstance(item, n.StaticAssert):
                top.static_assert(item)
            else:
                for declarator in item.declarators:
                    self.globals[declarator.name] = top.constant_declaration(declarator)

    def _enum(self, node: n.Enum, top: Compiler) -> None:
        under = top.type(node.underlying) if node.underlying else t.INT
        assert isinstance(under, t.Int)
        kind = t.Int(node.name, under.size, under.signed, node.scoped)
        self.enums[node.name] = kind
        value = -1
        members = self.members.setdefault(node.name, {})
        for name, given in node.members:
            value = value + 1 if given is None else top.constant(given)
            members[name] = constant(value, kind)
            if not node.scoped:
                self.globals[name] = members[name]

    def record(self, node: n.Struct, bindings: dict[str, t.Type | int]) -> t.Record:
        key = (node.name, *bindings.items())
        if key not in self.records:
            made = self.records[key] = t.Record(node, bindings)
            inside = Compiler(self, bindings)
            made.fields = [(d.name, inside.declared(d)) for d in node.fields]
            made.lay_out()
        return self.records[key]

    def instance(
        self, node: n.Function, bindings: dict[str, t.Type | int], record: t.Record | None = None
    ) -> Instance:
        key = (id(node), id(record), *bindings.items())
        found = self.instances.get(key)
        if found is not None:
            if found.invalid:
                raise Invalid(found.invalid)
            return found
        try:
            return self._compiled(key, node, bindings, record)
        except Invalid as invalid:
            if key in self.instances:
                self.instances[key].invalid = str(invalid)
            raise

    def _compiled(
        self,
        key: tuple[Any, ...],
        node: n.Function,
        bindings: dict[str, t.Type | int],
        record: t.Record | None,
    ) -> Instance:
        compiler = Compiler(self, {**(record.bindings if record else {}), **bindings}, record)
        parameters = [compiler.type(p.type) for p in node.parameters]
        auto = node.result is not None and node.result.parts == ("auto",)
        result = t.VOID if node.result is None or auto else compiler.type(node.result)
        found = self.instances[key] = Instance(node, parameters, result)
        found.has_probe = node.name in self.probed and not node.kernel
        if record is not None:
            compiler.this_slot = compiler.slot()
        for parameter, kind in zip(node.parameters, parameters, strict=True):
            compiler.declare(parameter.name, kind)
        compiler.result = None if auto else result
        assert node.body is not None
        setup = compiler.initialisers(node, record) if record is not None and node.result is None else []
        body = compiler.statement(node.body)
        if setup:
            plain = body

            def body(f: Frame) -> Any:
                for step in setup:
                    step(f)
                return plain(f)

        found.body = body
        if auto:
            found.result = compiler.result or t.VOID
        found.slots = compiler.slots
        return found


def _mentions(node: object, name: str) -> bool:
    return any(isinstance(x, n.Name) and x.parts[-1] == name for x in walk(node))


def walk(node: object) -> Iterator[object]:
    """Every node below `node`, itself included."""
    if isinstance(node, list | tuple):
        for item in node:
            yield from walk(item)
    elif isinstance(node, dict):
        return
    elif is_dataclass(node):
        yield node
        for one in fields(node):
            yield from walk(getattr(node, one.name))


def copied(value: Any) -> Any:
    return [copied(v) for v in value] if isinstance(value, list) else value


def decayed(kind: t.Type) -> t.Type:
    if isinstance(kind, t.Reference):
        kind = kind.to
    return t.Pointer(kind.of) if isinstance(kind, t.Array) else kind


class Compiler:
    """Compiles one function body; a lambda's body has its own, with the captures in its frame."""

    def __init__(
        self, program: Program, bindings: dict[str, t.Type | int], record: t.Record | None = None
    ) -> None:
        self.program = program
        self.machine = program.machine
        self.bindings = bindings
        self.record = record
        self.this_slot = 0
        self.scopes: list[dict[str, Variable | t.Type]] = [{}]
        self.slots = 1  # slot 0 holds the value that is returned
        self.result: t.Type | None = t.VOID

    # -- names ---------------------------------------------------------------------------

    def slot(self) -> int:
        self.slots += 1
        return self.slots - 1

    def declare(self, name: str, kind: t.Type, const: int | None = None) -> int:
        slot = self.slot()
        self.scopes[-1][name] = Variable(slot, kind, const)
        return slot

    def find(self, name: str) -> Variable | t.Type | None:
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return None

    def variable(self, found: Variable) -> Code:
        slot = found.slot
        if found.const is not None:
            value = found.const
            return Code(found.type, lambda f: value, lambda f: (f, slot), value)
        if isinstance(found.type, t.Reference):

            def through(f: Frame) -> Any:
                container, index = f[slot]
                return container[index]

            return Code(found.type.to, through, lambda f: f[slot])
        return Code(found.type, lambda f: f[slot], lambda f: (f, slot))

    def name(self, node: n.Name) -> Code:
        last = node.parts[-1]
        if node.owner is not None:
            owner = self.type(node.owner)
            if isinstance(owner, t.Record):
                return self.static(owner, last)
            assert isinstance(owner, t.Int)
            return self.program.members[owner.name][last]
        if len(node.parts) == 1:
            found = self.find(last)
            if isinstance(found, Variable):
                return self.variable(found)
        if self.record is not None:
            position = self.record.position(last)
            if position >= 0:
                this = self.this_slot
                kind = self.record.fields[position][1]
                return Code(kind, lambda f: f[this][position], lambda f: (f[this], position))
            if any(d.name == last for d in self.record.node.statics):
                return self.static(self.record, last)
        bound = self.bindings.get(last)
        if isinstance(bound, int):
            kind = t.BOOL if isinstance(bound, bool) else t.INT
            return constant(int(bound), kind)
        if last in self.program.globals:
            return self.program.globals[last]
        raise Invalid(f"{'::'.join(node.parts)} is not known")

    def static(self, owner: t.Record, name: str) -> Code:
        for declarator in owner.node.statics:
            if declarator.name == name:
                return Compiler(self.program, owner.bindings, owner).constant_declaration(declarator)
        raise Invalid(f"{owner.node.name} has no {name}")

    # -- types ---------------------------------------------------------------------------

    def type(self, node: n.TypeNode) -> t.Type:
        kind = self.base_type(node)
        for _ in range(node.pointers):
            kind = t.Pointer(kind)
        return t.Reference(kind) if node.reference else kind

    def base_type(self, node: n.TypeNode) -> t.Type:
        name = node.parts[-1]
        if name == "conditional_t":
            assert node.args is not None
            test, then, otherwise = node.args
            chosen = then if self.constant(test) else otherwise
            assert isinstance(chosen, n.TypeNode)
            return self.type(chosen)
        found = self.find(name)
        if found is not None and not isinstance(found, Variable):
            return found
        bound = self.bindings.get(name)
        if bound is not None and not isinstance(bound, int):
            return bound
        if name in self.program.aliases:
            return self.program.aliases[name]
        if name in self.program.enums:
            return self.program.enums[name]
        struct = self.program.file.structs.get(name)
        if struct is not None:
            if self.record is not None and self.record.node is struct and node.args is None:
                return self.record
            return self.program.record(struct, self.template_bindings(struct.template, node.args or ()))
        known = t.NAMED.get(name)
        if known is None:
            raise Invalid(f"the type {name} is not known")
        return known

    def template_bindings(
        self,
        template: list[n.TemplateParameter],
        given: tuple[n.Argument, ...],
        deduced: dict[str, t.Type | int] | None = None,
    ) -> dict[str, t.Type | int]:
        found: dict[str, t.Type | int] = {}
        for index, parameter in enumerate(template):
            if index < len(given):
                found[parameter.name] = self.template_argument(parameter, given[index])
            elif deduced and parameter.name in deduced:
                found[parameter.name] = deduced[parameter.name]
            elif parameter.default is not None:
                inside = Compiler(self.program, {**self.bindings, **found})
                found[parameter.name] = inside.template_argument(parameter, parameter.default)
            else:
                raise Invalid(f"no argument for {parameter.name}")
        return found

    def template_argument(self, parameter: n.TemplateParameter, given: n.Argument) -> t.Type | int:
        if isinstance(given, n.TypeNode):
            return self.type(given)
        value = self.constant(given)
        wanted = self.type(parameter.type) if parameter.type else t.INT
        return bool(value) if wanted is t.BOOL else value

    def declared(self, declarator: n.Declarator) -> t.Type:
        kind = self.type(declarator.type)
        if declarator.count is not None:
            kind = t.Array(kind, self.constant(declarator.count))
        return kind

    # -- constants -----------------------------------------------------------------------

    def constant(self, node: n.Argument) -> int:
        assert not isinstance(node, n.TypeNode)
        code = self.expression(node)
        if code.const is None:
            raise Invalid("a constant is wanted here")
        return code.const

    def constant_declaration(self, declarator: n.Declarator) -> Code:
        if declarator.initial is None:
            raise Invalid(f"{declarator.name} has no value")
        code = self.expression(declarator.initial)
        kind = code.type if declarator.type.parts == ("auto",) else self.type(declarator.type)
        code = self.converted(code, kind)
        if code.const is None:
            raise Invalid(f"{declarator.name} is not constant")
        return code

    def folded(self, code: Code, *operands: Code) -> Code:
        if all(o.const is not None for o in operands) and isinstance(code.type, t.Int):
            try:
                code.const = int(code.get([]))
            except Stop:
                return code
            value = code.const
            code.get = lambda f: value
        return code

    def converted(self, code: Code, kind: t.Type) -> Code:
        if kind is code.type:
            return code
        if isinstance(code.type, t.Array) and isinstance(kind, t.Pointer):
            return self.decay(code)
        change = converter(code.type, kind)
        if change is None:
            return Code(kind, code.get, None, code.const)
        get = code.get
        return self.folded(Code(kind, lambda f: change(get(f))), code)

    def decay(self, code: Code) -> Code:
        if not isinstance(code.type, t.Array):
            return code
        get = code.get
        return Code(t.Pointer(code.type.of), lambda f: (get(f), 0))

    def truth(self, node: n.Expression) -> Code:
        return self.converted(self.expression(node), t.BOOL)

    def static_assert(self, node: n.StaticAssert) -> None:
        if not self.constant(node.condition):
            raise Invalid("a static_assert fails")

    # -- expressions ---------------------------------------------------------------------

    def expression(self, node: n.Expression) -> Code:
        if isinstance(node, n.Number):
            if node.type == "nullptr":
                return Code(t.NULL, lambda f: None)
            return constant(node.value, t.NAMED[node.type])
        if isinstance(node, n.Name):
            return self.name(node)
        if isinstance(node, n.Binary):
            return self.binary(node)
        if isinstance(node, n.Unary):
            return self.unary(node)
        if isinstance(node, n.Assign):
            return self.assign(node)
        if isinstance(node, n.Ternary):
            return self.ternary(node)
        if isinstance(node, n.Call):
            return self.call(node)
        if isinstance(node, n.Member):
            return self.member(node)
        if isinstance(node, n.Index):
            return self.index(node)
        if isinstance(node, n.Cast):
            return self.cast(self.expression(node.operand), self.type(node.type))
        if isinstance(node, n.Construct):
            return self.construct(node.type, node.arguments)
        if isinstance(node, n.SizeOf):
            kind = self.type(node.type) if node.type else self.expression(node.operand).type  # type: ignore[arg-type]
            return constant(kind.size, t.SIZE)
        if isinstance(node, n.Lambda):
            return self.lambda_(node)
        if isinstance(node, n.Launch):
            return self.launch(node)
        raise Invalid(f"cannot evaluate {type(node).__name__}")

    def binary(self, node: n.Binary) -> Code:
        operator = node.operator
        if operator in ("&&", "||"):
            a, b = self.truth(node.left), self.truth(node.right)
            left, right = a.get, b.get
            if operator == "&&":
                code = Code(t.BOOL, lambda f: 1 if left(f) and right(f) else 0)
            else:
                code = Code(t.BOOL, lambda f: 1 if left(f) or right(f) else 0)
            if a.const is not None and bool(a.const) == (operator == "||"):
                return constant(int(operator == "||"), t.BOOL)
            return self.folded(code, a, b)
        a, b = self.expression(node.left), self.expression(node.right)
        if operator == ",":
            first, second = a.get, b.get

            def sequence(f: Frame) -> Any:
                first(f)
                return second(f)

            return Code(b.type, sequence)
        return self.operate(operator, a, b)

    def operate(self, operator: str, a: Code, b: Code) -> Code:
        a, b = self.decay(a), self.decay(b)
        kind, compute = operation(operator, a.type, b.type)
        left, right = a.get, b.get
        if b.const is not None and a.const is None:
            value = b.const
            return Code(kind, lambda f: compute(left(f), value))
        return self.folded(Code(kind, lambda f: compute(left(f), right(f))), a, b)

    def unary(self, node: n.Unary) -> Code:
        operator = node.operator
        if operator in ("++", "--"):
            return self.step(node)
        if operator == "&":
            return self.address_of(self.expression(node.operand))
        if operator == "*":
            return self.element(self.decay(self.expression(node.operand)), constant(0))
        if operator == "!":
            code = self.truth(node.operand)
            get = code.get
            return self.folded(Code(t.BOOL, lambda f: 0 if get(f) else 1), code)
        code = self.expression(node.operand)
        assert isinstance(code.type, t.Int)
        kind = t.promoted(code.type)
        get = code.get
        if operator == "+":
            return Code(kind, get, None, code.const)
        if operator == "~":
            if kind.signed:
                return self.folded(Code(kind, lambda f: ~get(f)), code)
            mask = kind.high
            return self.folded(Code(kind, lambda f: ~get(f) & mask), code)
        _, minus = operation("-", kind, kind)
        return self.folded(Code(kind, lambda f: minus(0, get(f))), code)

    def step(self, node: n.Unary) -> Code:
        code = self.expression(node.operand)
        kind, place = code.type, code.place
        assert place is not None
        _, compute = operation("+" if node.operator == "++" else "-", kind, t.INT)
        narrow = converter(t.promoted(kind), kind) if isinstance(kind, t.Int) else None
        after = not node.postfix

        def run(f: Frame) -> Any:
            container, index = place(f)
            old = container[index]
            new = compute(old, 1)
            container[index] = new if narrow is None else narrow(new)
            return container[index] if after else old

        return Code(kind, run)

    def address_of(self, code: Code) -> Code:
        place, size = code.place, code.type.size
        assert place is not None

        def take(f: Frame) -> Any:
            container, index = place(f)
            if isinstance(container, View):
                return (container.memory, index)
            return (container, index * size)

        return Code(t.Pointer(code.type), take)

    def assign(self, node: n.Assign) -> Code:
        target = self.expression(node.left)
        place, kind = target.place, target.type
        if place is None:
            raise Invalid("assignment to what is no object")
        if isinstance(node.right, n.Braces):
            value = self.braces(kind, node.right)
        else:
            value = self.expression(node.right)
        if node.operator == "=":
            value = self.converted(self.decay(value) if not isinstance(kind, t.Array) else value, kind)
            get = value.get

            def store(f: Frame) -> Any:
                new = copied(get(f))
                container, index = place(f)
                container[index] = new
                return new

            return Code(kind, store, place)
        result, compute = operation(node.operator[:-1], kind, value.type)
        change = converter(result, kind)
        get = value.get

        def update(f: Frame) -> Any:
            right = get(f)
            container, index = place(f)
            new = compute(container[index], right)
            container[index] = new if change is None else change(new)
            return container[index]

        return Code(kind, update)

    def ternary(self, node: n.Ternary) -> Code:
        test = self.truth(node.condition)
        a, b = self.decay(self.expression(node.then)), self.decay(self.expression(node.otherwise))
        if isinstance(a.type, t.Int) and isinstance(b.type, t.Int):
            kind: t.Type = a.type if a.type is b.type else t.common(a.type, b.type)
            a, b = self.converted(a, kind), self.converted(b, kind)
        else:
            kind = b.type if a.type == t.NULL else a.type
        choose, left, right = test.get, a.get, b.get
        if test.const is not None:
            chosen = a if test.const else b
            return Code(kind, chosen.get, None, chosen.const)
        return Code(kind, lambda f: left(f) if choose(f) else right(f))

    def member(self, node: n.Member) -> Code:
        if isinstance(node.owner, n.Name) and node.owner.parts[-1].endswith(("Idx", "Dim")):
            return self.coordinate(node.owner.parts[-1], node.name)
        owner = self.expression(node.owner)
        if node.arrow:
            owner = self.element(owner, constant(0))
        record = owner.type
        assert isinstance(record, t.Record)
        position = record.position(node.name)
        if position < 0:
            return self.static(record, node.name)
        get = owner.get
        return Code(record.fields[position][1], lambda f: get(f)[position], lambda f: (get(f), position))

    def coordinate(self, name: str, axis: str) -> Code:
        machine = self.machine
        if axis != "x":
            return constant(1 if name.endswith("Dim") else 0, t.UNSIGNED)
        if name == "threadIdx":
            return Code(t.UNSIGNED, lambda f: machine.thread_index)
        if name == "blockIdx":
            return Code(t.UNSIGNED, lambda f: machine.block_index)
        if name == "blockDim":
            return Code(t.UNSIGNED, lambda f: machine.block_dim)
        return Code(t.UNSIGNED, lambda f: machine.grid_dim)

    def index(self, node: n.Index) -> Code:
        owner = self.expression(node.owner)
        if isinstance(owner.type, t.Record):
            return self.method(owner, "operator[]", [node.index])
        return self.element(self.decay(owner), self.expression(node.index))

    def element(self, pointer: Code, index: Code) -> Code:
        if not isinstance(pointer.type, t.Pointer):
            raise Invalid("only a pointer has elements")
        kind, size = pointer.type.to, pointer.type.to.size
        base, at = pointer.get, index.get

        def place(f: Frame) -> tuple[Any, Any]:
            container, offset = base(f)
            offset += at(f) * size
            if isinstance(container, Memory):
                if isinstance(kind, t.Record | t.Pointer):
                    raise Stop("a structured object in memory")
                return View(container, kind), offset
            position = offset // size
            if not 0 <= position < len(container):
                raise Stop("outside an array")
            return container, position

        def load(f: Frame) -> Any:
            container, position = place(f)
            return container[position]

        return Code(kind, load, place)

    def cast(self, code: Code, kind: t.Type) -> Code:
        if isinstance(kind, t.Reference):
            return code
        code = self.decay(code)
        if isinstance(kind, t.Pointer):
            if isinstance(code.type, t.Int):
                raise Invalid("a pointer made from a number")
            return Code(kind, code.get)
        return self.converted(code, kind)

    # -- calls ---------------------------------------------------------------------------

    def call(self, node: n.Call) -> Code:
        function = node.function
        if isinstance(function, n.Member):
            owner = self.expression(function.owner)
            if function.arrow:
                owner = self.element(owner, constant(0))
            if isinstance(owner.type, t.Record) and owner.type.position(function.name) < 0:
                return self.method(owner, function.name, node.arguments)
        if isinstance(function, n.Name) and function.owner is None:
            name = function.parts[-1]
            found = self.find(name) if len(function.parts) == 1 else None
            if found is None:
                if self.record is not None and any(m.name == name for m in self.record.node.methods):
                    this, record = self.this_slot, self.record
                    return self.method(Code(record, lambda f: f[this]), name, node.arguments)
                if name in self.program.functions and function.parts[0] != "std":
                    return self.call_function(name, function.args or (), node.arguments)
                if self.record is None or self.record.position(name) < 0:
                    return self.builtin(name, node)
        if isinstance(function, n.Name) and function.owner is not None:
            owner_type = self.type(function.owner)
            assert isinstance(owner_type, t.Record)
            return self.method(Code(owner_type, lambda f: []), function.parts[-1], node.arguments)
        target = self.expression(function)
        if not isinstance(target.type, t.Closure):
            raise Invalid("only functions and lambdas can be called")
        return self.call_lambda(target, node.arguments)

    def pick(self, candidates: list[n.Function], count: int) -> n.Function:
        for one in candidates:
            needed = sum(1 for p in one.parameters if p.default is None)
            if needed <= count <= len(one.parameters):
                return one
        raise Invalid(f"no function takes {count} arguments")

    def call_function(self, name: str, given: tuple[n.Argument, ...], nodes: list[n.Expression]) -> Code:
        node = self.pick(self.program.functions[name], len(nodes))
        codes = [self.expression(a) for a in nodes]
        deduced: dict[str, t.Type | int] = {}
        names = {p.name for p in node.template}
        for parameter, code in zip(node.parameters, codes, strict=False):
            _deduce(parameter.type, code.type, names, deduced)
        bindings = self.template_bindings(node.template, given, deduced)
        instance = self.program.instance(node, bindings)
        code = self.invoke(instance, codes, None)
        if node.constexpr and all(c.const is not None for c in codes):
            self.machine.fuel, saved = 100000, self.machine.fuel
            code = self.folded(code, *codes)
            self.machine.fuel = saved
        return code

    def method(self, owner: Code, name: str, nodes: list[n.Expression]) -> Code:
        record = owner.type
        assert isinstance(record, t.Record)
        node = self.pick([m for m in record.node.methods if m.name == name], len(nodes))
        return self.invoke(
            self.program.instance(node, {}, record), [self.expression(a) for a in nodes], owner.get
        )

    def argument(self, code: Code, kind: t.Type) -> Get:
        if isinstance(kind, t.Reference):
            if code.place is not None and code.const is None and code.type is kind.to:
                return code.place
            if code.place is not None and type(code.type) is type(kind.to) and code.type == kind.to:
                return code.place
            get = self.converted(code, kind.to).get
            return lambda f: ([get(f)], 0)
        code = self.converted(self.decay(code), kind)
        get = code.get
        if isinstance(kind, t.Record):
            return lambda f: copied(get(f))
        return get

    def invoke(self, instance: Instance, codes: list[Code], this: Get | None) -> Code:
        node = instance.node
        for parameter in node.parameters[len(codes) :]:
            assert parameter.default is not None
            codes = [*codes, self.expression(parameter.default)]
        gets = [self.argument(c, k) for c, k in zip(codes, instance.parameters, strict=True)]
        result = instance.result
        machine = self.machine
        first = 1
        if this is not None:
            gets = [this, *gets]
            first = 2
        watched = instance.has_probe
        integers = [
            (first + i, p.name)
            for i, (p, k) in enumerate(zip(node.parameters, instance.parameters, strict=True))
            if isinstance(k, t.Int)
        ]

        def run(f: Frame) -> Any:
            frame: Frame = [None] * instance.slots
            at = 1
            for get in gets:
                frame[at] = get(f)
                at += 1
            machine.fuel -= 1
            if machine.depth >= MAX_DEPTH or machine.fuel < 0:
                raise Stop("too long")
            machine.depth += 1
            saved = machine.local
            if watched:
                machine.local = {name: frame[slot] for slot, name in integers}
            instance.body(frame)  # type: ignore[misc]
            machine.local = saved
            machine.depth -= 1
            return frame[0]

        if isinstance(result, t.Reference):

            def through(f: Frame) -> Any:
                container, index = run(f)
                return container[index]

            return Code(result.to, through, run)
        return Code(result, run)

    def builtin(self, name: str, node: n.Call) -> Code:
        if name == "probe":
            return self.probe(node)
        if name == "trap":

            def trap(f: Frame) -> Any:
                raise Trap

            return Code(t.VOID, trap)
        if name in ("forward", "move"):
            return self.expression(node.arguments[0])
        if name == "__ldg":
            return self.element(self.decay(self.expression(node.arguments[0])), constant(0))
        if name in ("min", "max"):
            a, b = (self.expression(x) for x in node.arguments)
            assert isinstance(a.type, t.Int)
            assert isinstance(b.type, t.Int)
            kind = a.type if a.type is b.type else t.common(a.type, b.type)
            left, right = self.converted(a, kind).get, self.converted(b, kind).get
            pick = min if name == "min" else max
            return self.folded(Code(kind, lambda f: pick(left(f), right(f))), a, b)
        if name in ("__syncthreads", "__syncwarp"):
            return Code(t.VOID, lambda f: None)
        raise Invalid(f"{name} is not known")

    def probe(self, node: n.Call) -> Code:
        number = self.constant(node.arguments[0])
        code = self.decay(self.expression(node.arguments[1]))
        get = code.get
        machine = self.machine
        pointer = isinstance(code.type, t.Pointer)

        def run(f: Frame) -> None:
            value = get(f)
            if pointer:
                value = value[1]
            assert machine.entry is not None
            machine.entry.seen.append((number, value, machine.local))
            machine.trace.append((number, value))

        return Code(t.VOID, run)

    # -- lambdas -------------------------------------------------------------------------

    def lambda_(self, node: n.Lambda) -> Code:
        inner = Compiler(self.program, self.bindings, self.record)
        inner.scopes[0] = {
            k: v for scope in self.scopes for k, v in scope.items() if not isinstance(v, Variable)
        }
        captures: list[Get] = []
        used = {x.parts[0] for x in walk(node.body) if isinstance(x, n.Name) and len(x.parts) == 1}
        for name in sorted(used | set(node.captures)):
            found = self.find(name)
            if not isinstance(found, Variable):
                continue
            if found.const is not None:
                inner.scopes[0][name] = found
                continue
            if name not in node.captures and not node.default:
                continue
            by_reference = node.captures.get(name, node.default == "&")
            code = self.variable(found)
            kind = code.type
            if by_reference:
                assert code.place is not None
                captures.append(code.place)
                inner.declare(name, t.Reference(kind))
            else:
                captures.append(_copying(code.get))
                inner.declare(name, kind)
        inner.scopes.append({})
        cache: dict[tuple[t.Type, ...], Instance] = {}
        first = inner.slots

        def instance(types: tuple[t.Type, ...]) -> Instance:
            if types in cache:
                return cache[types]
            wanted = []
            for parameter, given in zip(node.parameters, types, strict=True):
                auto = parameter.type.parts == ("auto",)
                this = decayed(given) if auto else inner.type(parameter.type)
                if auto and parameter.type.reference:
                    this = t.Reference(this)
                wanted.append(this)
            body_compiler = Compiler(self.program, self.bindings, self.record)
            body_compiler.scopes = [dict(s) for s in inner.scopes]
            body_compiler.slots = first
            body_compiler.result = inner.type(node.result) if node.result else None
            for parameter, this in zip(node.parameters, wanted, strict=True):
                body_compiler.declare(parameter.name, this)
            body = body_compiler.statement(node.body)
            function = n.Function("lambda", [], None, node.parameters, node.body)
            made = Instance(function, wanted, body_compiler.result or t.VOID, body_compiler.slots, body)
            cache[types] = made
            return made

        return Code(t.Closure(node, instance), lambda f: tuple(get(f) for get in captures))

    def call_lambda(self, target: Code, nodes: list[n.Expression]) -> Code:
        assert isinstance(target.type, t.Closure)
        make = target.type.maker
        codes = [self.expression(a) for a in nodes]
        generic = any(p.type.parts == ("auto",) for p in target.type.node.parameters)
        key = tuple(decayed(c.type) for c in codes) if generic else (t.VOID,) * len(codes)
        instance: Instance = make(key)
        gets = [self.argument(c, k) for c, k in zip(codes, instance.parameters, strict=True)]
        closure = target.get
        machine = self.machine

        def run(f: Frame) -> Any:
            frame: Frame = [None] * instance.slots
            at = 1
            for value in closure(f):
                frame[at] = value
                at += 1
            for get in gets:
                frame[at] = get(f)
                at += 1
            machine.fuel -= 1
            if machine.fuel < 0:
                raise Stop("too long")
            instance.body(frame)  # type: ignore[misc]
            return frame[0]

        return Code(instance.result, run)

    # -- objects -------------------------------------------------------------------------

    def initialisers(self, node: n.Function, record: t.Record) -> list[Run]:
        found: list[Run] = []
        this = self.this_slot
        given = dict(node.initialisers)
        for position, (declarator, (name, kind)) in enumerate(
            zip(record.node.fields, record.fields, strict=True)
        ):
            if name in given:
                code = self.object(kind, given[name])
            elif declarator.initial is not None:
                code = self.converted(self.expression(declarator.initial), kind)
            else:
                continue
            found.append(_setter(this, position, code.get))
        return found

    def object(self, kind: t.Type, arguments: list[n.Expression]) -> Code:
        """A new object of a type from the arguments in its parentheses or braces."""
        if isinstance(kind, t.Record):
            record = kind
            make = self.blank(record)
            if not record.node.constructors:
                return self.braces(record, n.Braces(arguments))
            node = self.pick(record.node.constructors, len(arguments))
            instance = self.program.instance(node, {}, record)
            slot = self.slot()
            call = self.invoke(instance, [self.expression(a) for a in arguments], lambda f: f[slot])
            run = call.get

            def build(f: Frame) -> Any:
                f[slot] = made = make()
                run(f)
                return made

            return Code(record, build)
        if not arguments:
            return constant(0, kind)
        return self.converted(self.decay(self.expression(arguments[0])), kind)

    def braces(self, kind: t.Type, node: n.Braces) -> Code:
        if isinstance(kind, t.Array):
            items = [self.converted(self.expression(v), kind.of).get for v in node.values]
            missing = kind.count - len(items)
            return Code(kind, lambda f: [get(f) for get in items] + [0] * missing)
        if isinstance(kind, t.Record):
            if kind.node.constructors:
                return self.object(kind, node.values)
            gets: list[Get] = []
            for position, (declarator, (_, wanted)) in enumerate(
                zip(kind.node.fields, kind.fields, strict=True)
            ):
                if position < len(node.values):
                    gets.append(self.argument(self.expression(node.values[position]), wanted))
                elif declarator.initial is not None:
                    gets.append(self.converted(self.expression(declarator.initial), wanted).get)
                else:
                    gets.append(lambda f: 0)
            return Code(kind, lambda f: [get(f) for get in gets])
        return self.object(kind, node.values)

    def blank(self, kind: t.Type) -> Callable[[], Any]:
        if isinstance(kind, t.Record):
            makers = [self.blank(k) for _, k in kind.fields]
            return lambda: [make() for make in makers]
        if isinstance(kind, t.Array):
            maker, count = self.blank(kind.of), kind.count
            return lambda: [maker() for _ in range(count)]
        return lambda: None

    def construct(self, node: n.TypeNode, arguments: list[n.Expression]) -> Code:
        return self.object(self.deduced_record(node, arguments) or self.type(node), arguments)

    def deduced_record(self, node: n.TypeNode, arguments: list[n.Expression]) -> t.Type | None:
        struct = self.program.file.structs.get(node.parts[-1])
        if struct is None or not struct.template or node.args is not None or node.pointers:
            return None
        if self.record is not None and self.record.node is struct:
            return None
        maker = self.pick(struct.constructors, len(arguments))
        deduced: dict[str, t.Type | int] = {}
        for parameter, argument in zip(maker.parameters, arguments, strict=False):
            _deduce(
                parameter.type, self.expression(argument).type, {p.name for p in struct.template}, deduced
            )
        return self.program.record(struct, self.template_bindings(struct.template, (), deduced))

    # -- launches ------------------------------------------------------------------------

    def launch(self, node: n.Launch) -> Code:
        name = node.kernel.parts[-1]
        kernel = self.pick(self.program.functions[name], len(node.arguments))
        bindings = self.template_bindings(kernel.template, node.kernel.args or ())
        instance = self.program.instance(kernel, bindings)
        codes = [self.converted(self.expression(g), t.INT).get for g in node.geometry[:2]]
        arguments = [
            self.argument(self.expression(a), k)
            for a, k in zip(node.arguments, instance.parameters, strict=True)
        ]
        machine = self.machine

        def run(f: Frame) -> None:
            machine.grid_dim, machine.block_dim = codes[0](f), codes[1](f)
            if machine.grid_dim <= 0 or not 0 < machine.block_dim <= 1024:
                return
            enter(machine, instance, bindings, [get(f) for get in arguments])

        return Code(t.VOID, run)

    # -- statements ----------------------------------------------------------------------

    def statement(self, node: n.Statement) -> Run:
        if isinstance(node, n.Block):
            self.scopes.append({})
            run = self.sequence(node.statements)
            self.scopes.pop()
            return run
        if isinstance(node, n.Do):
            return _effect(self.expression(node.expression).get) if node.expression else _nothing
        if isinstance(node, n.Declare):
            steps = [self.declaration(d) for d in node.declarators]
            return steps[0] if len(steps) == 1 else _sequence(steps)
        if isinstance(node, n.Alias):
            self.scopes[-1][node.name] = self.type(node.type)
            return _nothing
        if isinstance(node, n.StaticAssert):
            self.static_assert(node)
            return _nothing
        if isinstance(node, n.If):
            return self.branch(node)
        if isinstance(node, n.Loop):
            return self.loop(node)
        if isinstance(node, n.Switch):
            return self.switch(node)
        if isinstance(node, n.Jump):
            return self.jump(node)
        if isinstance(node, n.Return):
            return self.return_(node)
        return _nothing

    def sequence(self, nodes: list[n.Statement]) -> Run:
        steps = [self.statement(s) for s in nodes]
        labels = {s.name: i for i, s in enumerate(nodes) if isinstance(s, n.Label)}
        if labels:
            return _labelled(steps, labels)
        return steps[0] if len(steps) == 1 else _sequence(steps)

    def declaration(self, node: n.Declarator) -> Run:
        if node.shared:
            machine = self.machine
            slot = self.declare(node.name, t.Pointer(self.type(node.type)))
            align = node.align or 16

            def share(f: Frame) -> None:
                if machine.shared is None:
                    machine.shared = Memory(0, align, machine)
                f[slot] = (machine.shared, 0)

            return share
        auto = node.type.parts == ("auto",)
        const: int | None = None
        kind: t.Type
        if node.count is not None:
            kind = self.declared(node)
            if isinstance(kind, t.Array) and not kind.count and isinstance(node.initial, n.Braces):
                kind = t.Array(kind.of, len(node.initial.values))
            if isinstance(node.initial, n.Braces):
                get = self.braces(kind, node.initial).get
            elif isinstance(kind.of, t.Record) and kind.of.node.constructors:  # type: ignore[attr-defined]
                one = self.object(kind.of, []).get  # type: ignore[attr-defined]
                count = kind.count  # type: ignore[attr-defined]

                def get(f: Frame) -> Any:
                    return [one(f) for _ in range(count)]

            else:
                make = self.blank(kind)

                def get(f: Frame) -> Any:
                    return make()

        elif node.initial is None:
            given = node.arguments or []
            kind = self.deduced_record(node.type, given) or self.type(node.type)
            built = isinstance(kind, t.Record) and kind.node.constructors
            if built or node.arguments is not None:
                get = self.object(kind, given).get
            else:
                make = self.blank(kind)

                def get(f: Frame) -> Any:
                    return make()

        elif isinstance(node.initial, n.Braces):
            kind = self.type(node.type)
            get = self.braces(kind, node.initial).get
        else:
            value = self.expression(node.initial)
            if auto:
                kind = decayed(value.type)
                if node.type.reference:
                    kind = t.Reference(kind)
            else:
                kind = self.deduced_record(node.type, [node.initial]) or self.type(node.type)
                if isinstance(kind, t.Record) and not isinstance(value.type, t.Record):
                    value = self.object(kind, [node.initial])
            if not isinstance(kind, t.Reference):
                folded = self.converted(self.decay(value), kind)
                const = folded.const if node.constant and isinstance(kind, t.Int) else None
            get = self.argument(value, kind)
        slot = self.declare(node.name, kind, const)

        def define(f: Frame) -> None:
            f[slot] = get(f)

        return define

    def branch(self, node: n.If) -> Run:
        test = self.truth(node.condition)
        if node.constexpr:
            if test.const is None:
                raise Invalid("if constexpr needs a constant")
            chosen = node.then if test.const else node.otherwise
            return self.scoped(chosen) if chosen else _nothing
        then = self.scoped(node.then)
        otherwise = self.scoped(node.otherwise) if node.otherwise else None
        condition = test.get
        if otherwise is None:
            return lambda f: then(f) if condition(f) else None
        other = otherwise
        return lambda f: then(f) if condition(f) else other(f)

    def scoped(self, node: n.Statement) -> Run:
        self.scopes.append({})
        run = self.statement(node)
        self.scopes.pop()
        return run

    def loop(self, node: n.Loop) -> Run:
        self.scopes.append({})
        start = self.statement(node.initial) if node.initial else _nothing
        test = self.truth(node.condition).get if node.condition else None
        step = self.expression(node.step).get if node.step else None
        body = self.scoped(node.body)
        self.scopes.pop()
        machine = self.machine
        first = not node.test_last

        def run(f: Frame) -> Any:
            start(f)
            check = first
            while True:
                if check and test is not None and not test(f):
                    return None
                check = True
                machine.fuel -= 1
                if machine.fuel < 0:
                    raise Stop("too long")
                signal = body(f)
                if signal is not None:
                    if signal == BREAK:
                        return None
                    if signal != CONTINUE:
                        return signal
                if step is not None:
                    step(f)

        return run

    def switch(self, node: n.Switch) -> Run:
        value = self.expression(node.value).get
        self.scopes.append({})
        steps = [self.statement(s) for s in node.statements]
        self.scopes.pop()
        targets: dict[int, int] = {}
        default = len(steps)
        for label, position in node.cases:
            if label is None:
                default = position
            else:
                targets[self.constant(label)] = position

        def run(f: Frame) -> Any:
            for at in range(targets.get(value(f), default), len(steps)):
                signal = steps[at](f)
                if signal is not None:
                    return None if signal == BREAK else signal
            return None

        return run

    def jump(self, node: n.Jump) -> Run:
        if node.kind == "throw":

            def thrown(f: Frame) -> Any:
                raise Thrown

            return thrown
        signal: Any = {"break": BREAK, "continue": CONTINUE}.get(node.kind, node.label)
        return lambda f: signal

    def return_(self, node: n.Return) -> Run:
        if node.value is None:
            return lambda f: RETURN
        if isinstance(node.value, n.Braces):
            assert self.result is not None
            code = self.braces(self.result, node.value)
        else:
            code = self.expression(node.value)
        if self.result is None:
            self.result = decayed(code.type)
        get = self.argument(code, self.result) if self.result is not t.VOID else code.get

        def run(f: Frame) -> int:
            f[0] = get(f)
            return RETURN

        return run


def enter(
    machine: Machine, instance: Instance, bindings: dict[str, t.Type | int], arguments: list[Any]
) -> None:
    """Run one thread of a kernel, or of a function that nothing calls."""
    values = {k: int(v) for k, v in bindings.items() if isinstance(v, int)}
    for parameter, kind, value in zip(instance.node.parameters, instance.parameters, arguments, strict=True):
        if isinstance(kind, t.Int):
            values[parameter.name] = value
            if value < 0:
                raise Stop("a negative size")  # sizes are not negative: an assumption of the campaign
    machine.thread_index = machine.thread % machine.block_dim
    machine.block_index = machine.block % machine.grid_dim
    thread = {
        "threadIdx.x": machine.thread_index,
        "blockIdx.x": machine.block_index,
        "blockDim.x": machine.block_dim,
        "gridDim.x": machine.grid_dim,
    }
    machine.entry = Entry(instance.node.name, values, dict(machine.host), thread)
    machine.entries.append(machine.entry)
    machine.local = None
    machine.depth = 0
    frame: Frame = [None] * instance.slots
    frame[1 : 1 + len(arguments)] = arguments
    assert instance.body is not None
    try:
        instance.body(frame)
    except Trap:
        machine.trace.append((-1, 0))


def _deduce(node: n.TypeNode, given: t.Type, names: set[str], found: dict[str, t.Type | int]) -> None:
    kind = decayed(given)
    for _ in range(node.pointers):
        if not isinstance(kind, t.Pointer):
            return
        kind = kind.to
    name = node.parts[-1]
    if name in names and len(node.parts) == 1:
        found.setdefault(name, kind)
    elif node.args is not None and isinstance(kind, t.Record) and kind.node.name == name:
        for argument, parameter in zip(node.args, kind.node.template, strict=False):
            value = kind.bindings[parameter.name]
            if isinstance(argument, n.TypeNode | n.Name) and argument.parts[-1] in names:
                found.setdefault(argument.parts[-1], value)


def _copying(get: Get) -> Get:
    return lambda f: copied(get(f))


def _setter(this: int, position: int, get: Get) -> Run:
    def run(f: Frame) -> None:
        f[this][position] = get(f)

    return run


def _nothing(f: Frame) -> None:
    return None


def _effect(get: Get) -> Run:
    def run(f: Frame) -> None:
        get(f)

    return run


def _sequence(steps: list[Run]) -> Run:
    def run(f: Frame) -> Any:
        for step in steps:
            signal = step(f)
            if signal is not None:
                return signal
        return None

    return run


def _labelled(steps: list[Run], labels: dict[str, int]) -> Run:
    def run(f: Frame) -> Any:
        at = 0
        while at < len(steps):
            signal = steps[at](f)
            if signal is None:
                at += 1
            elif isinstance(signal, str) and signal in labels:
                at = labels[signal]
            else:
                return signal
        return None

    return run
