"""Values of expressions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from portcheck.analysis import calls, closures, losing, memory, names, objects
from portcheck.analysis.arithmetic import boolean, boolean_bits, compare, disjoint, divide, shift
from portcheck.analysis.sizes import is_unsigned
from portcheck.analysis.state import Known, Snapshot
from portcheck.analysis.values import NO_TAGS, Cell, Number, Tags, Vague, Value
from portcheck.program.nodes import first_child
from portcheck.program.types import CType
from portcheck.symbolic.condition import (
    Condition,
    as_integer,
    every,
    negate,
    some,
    truth,
    unequal,
)
from portcheck.symbolic.expr import (
    Expr,
    Role,
    bits,
    number,
)

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.analysis.machine import Machine
    from portcheck.analysis.state import Frame

INT = CType("int")
BOOL = CType("bool")
SIZE = CType("size_t")
_SUFFIX = re.compile(r"[uUlLzZ]+$")
NARROW_BITS = {
    "uint8_t": 8, "unsigned char": 8, "uint16_t": 16, "unsigned short": 16,
    "uint32_t": 32, "unsigned": 32, "unsigned int": 32,
}  # fmt: skip
SIGNED_BYTES = ("char", "signed char", "int8_t", "short", "int16_t")
MAX_TERMS = 200  # of a polynomial; a bigger one is given up


def value(m: Machine, node: Node, frame: Frame) -> Value:
    """What an expression evaluates to, its side effects carried out."""
    handler = m.expression_handlers.get(node.type)
    if handler is None or not m.spend():
        return Vague(None, f"`{m.shown(node, frame)}` is not followed")
    return handler(m, node, frame)


def condition(m: Machine, node: Node, frame: Frame) -> tuple[Condition, Tags]:
    """When an expression is true. `and`, `or` and `not` of what they join."""
    found = value(m, node, frame)
    if isinstance(found, Number):
        return truth(found.expr), found.tags
    reason = found.reason if isinstance(found, Vague) else ""
    text = m.shown(node, frame)
    return unequal(m.state.fresh(text, Role.OPAQUE, 0, 1, reason), 0), NO_TAGS


# -- leaves ------------------------------------------------------------------------------


def literal(m: Machine, node: Node, frame: Frame) -> Value:
    text = m.read(node, frame).replace("'", "")
    try:
        if text[:2] in ("0x", "0X", "0b", "0B"):
            bare = _SUFFIX.sub("", text)
            return Number(number(int(bare, 0)), CType("unsigned int") if "u" in text.lower() else INT)
        bare = _SUFFIX.sub("", text)
        octal = len(bare) > 1 and bare[0] == "0" and bare.isdigit()
        number_ = int(bare, 8) if octal else int(bare)
    except ValueError:
        return Vague(CType("float" if text.lower().endswith("f") else "double"), f"{text} is no integer")
    suffix = text[len(bare) :].lower()
    type_ = {"": INT, "u": CType("unsigned int")}.get(suffix)
    return Number(number(number_), type_ or CType("uint64_t" if "u" in suffix else "int64_t"))


def true(m: Machine, node: Node, frame: Frame) -> Value:
    return Number(number(1), BOOL)


def false(m: Machine, node: Node, frame: Frame) -> Value:
    return Number(number(0), BOOL)


def null(m: Machine, node: Node, frame: Frame) -> Value:
    return Number(number(0), CType("void", (), 1))


def character(m: Machine, node: Node, frame: Frame) -> Value:
    text = m.read(node, frame)
    return Number(number(ord(text[1])), CType("char")) if len(text) == 3 else Vague(CType("char"))


def parenthesized(m: Machine, node: Node, frame: Frame) -> Value:
    inner = first_child(node)
    if node.has_error:
        return _read_again(m, node, frame)
    return value(m, inner, frame) if inner is not None else Vague()


def _read_again(m: Machine, node: Node, frame: Frame) -> Value:
    """`(a = 1, b)`, where the grammar fails at the comma: without the brackets it does not."""
    parts = _between_commas(m.read(node, frame).strip()[1:-1])
    text = ", ".join(f"({p.strip()})" for p in parts)
    found = m.in_text(text, frame, m.place(node, frame)) if len(parts) > 1 else None
    if found is None:
        losing.lose_named(m, node, frame)
        return Vague(None, f"`{m.shown(node, frame)}` cannot be read")
    inner, origin = found
    before, frame.origin = frame.origin, origin
    try:
        return value(m, inner, frame)
    finally:
        frame.origin = before


def _between_commas(text: str) -> list[str]:
    """The text cut at the commas that stand in no brackets."""
    parts = [""]
    depth = 0
    for c in text:
        depth += (c in "([{") - (c in ")]}")
        if c == "," and not depth:
            parts.append("")
        else:
            parts[-1] += c
    return parts


def condition_clause(m: Machine, node: Node, frame: Frame) -> Value:
    inner = node.child_by_field_name("value")
    if inner is None:
        return Vague(None, "a condition that declares a variable")
    return value(m, inner, frame)


def identifier(m: Machine, node: Node, frame: Frame) -> Value:
    """A name: a variable's value, or what a reference refers to."""
    cell = names.cell_of(m, m.read(node, frame), frame)
    if cell is not None:
        return memory.load(m, memory.through(cell), frame, node)
    return names.identifier(m, node, frame)


# -- operators ---------------------------------------------------------------------------


def binary(m: Machine, node: Node, frame: Frame) -> Value:
    operator_node = node.child_by_field_name("operator")
    left_node, right_node = node.child_by_field_name("left"), node.child_by_field_name("right")
    if operator_node is None or left_node is None or right_node is None:
        return Vague()
    operator = operator_node.type
    if operator in ("&&", "and", "||", "or"):
        return _logical(m, operator in ("&&", "and"), left_node, right_node, frame)
    left, right = value(m, left_node, frame), value(m, right_node, frame)
    return operate(m, operator, left, right, frame, node)


def _logical(m: Machine, both: bool, left_node: Node, right_node: Node, frame: Frame) -> Value:
    state = m.state
    left, left_tags = condition(m, left_node, frame)
    if left.known is not None and left.known != both:
        return Number(number(int(left.known)), BOOL, left_tags)
    mark = state.mark
    right, right_tags = condition(m, right_node, frame)
    if len(state.journal) > mark[0] or not state.alive:  # the right side may not be evaluated
        tag = state.step(m.place(left_node, frame), m.shown(left_node, frame), "guard", left_tags)
        skipped, taken = (negate(left), left) if both else (left, negate(left))
        run = state.snapshot(mark)
        paths = [Snapshot({}, (Known(skipped, tag, True),))] if skipped.known is not False else []
        if state.alive:
            paths.insert(0, Snapshot(run.values, (Known(taken, tag, True), *run.known)))
        state.merge(mark, paths)
    joined = every([left, right]) if both else some([left, right])
    return Number(as_integer(joined), BOOL, left_tags | right_tags)


def operate(
    m: Machine, operator: str, left: Value, right: Value, frame: Frame, node: Node | None = None
) -> Value:
    """The value of `left operator right` for an operator without short circuit."""
    left, right = memory.decayed(m, left, frame), memory.decayed(m, right, frame)
    if isinstance(left, Number) and left.is_pointer and isinstance(right, Vague):
        right = m.as_number(right, "offset", frame)
    if not isinstance(left, Number) or not isinstance(right, Number):
        overloaded = calls.operator_call(m, operator, left, right, frame, node)
        if overloaded is not None:
            return overloaded
        vague = left if isinstance(left, Vague) else right
        reason = vague.reason if isinstance(vague, Vague) else ""
        if operator in ("==", "!=", "<", ">", "<=", ">="):
            return Vague(BOOL, reason or "a comparison of what is no integer")
        return Vague(vague.type if isinstance(vague, Vague) else None, reason)
    tags = left.tags | right.tags
    a, b = left.expr, right.expr
    if operator in ("==", "!=", "<", ">", "<=", ">="):
        return Number(as_integer(compare(operator, a, b)), BOOL, tags)
    if left.is_pointer or right.is_pointer:
        return _pointer_arithmetic(m, operator, left, right, tags, frame)
    type_ = _common_type(m, left.type, right.type, operator)
    unsigned = is_unsigned(type_)
    result: Expr | None = None
    if len(a.terms) + len(b.terms) > MAX_TERMS:
        result = None
    elif operator == "+":
        result = a + b
    elif operator == "-":
        result = a - b
    elif operator == "*" and (len(a.terms) + 1) * (len(b.terms) + 1) <= MAX_TERMS:
        result = a * b
    elif operator == "/":
        result = divide(a, b, unsigned)
    elif operator == "%":
        result = a - divide(a, b, unsigned) * b
    elif operator in ("&", "|", "^"):
        if operator == "|" and disjoint(a, b):
            result = a + b
        elif a == boolean(a) and b == boolean(b):
            result = boolean_bits(operator, a, b)
        else:
            result = bits(operator, a, b)
    elif operator in ("<<", ">>"):
        result = shift(operator, a, b)
    if result is None:
        text = m.shown(node, frame) if node is not None else operator
        note = f"the value of `{text}`"
        low = 0 if unsigned else None
        return Number(m.state.stand_in(text, low, note=note), type_, tags)
    return Number(result, type_, tags)


def _pointer_arithmetic(
    m: Machine, operator: str, left: Number, right: Number, tags: Tags, frame: Frame
) -> Value:
    pointer, other = (left, right) if left.is_pointer else (right, left)
    assert pointer.type is not None
    pointee = pointer.type.dereferenced()
    size = m.sizes.size(pointee, frame) if pointee is not None else None
    if operator == "-" and right.is_pointer and left.is_pointer:
        if size is None:
            return Vague(CType("ptrdiff_t"), f"the size of {pointee} is not known")
        return Number(divide(left.expr - right.expr, size, unsigned=False), CType("ptrdiff_t"), tags)
    if operator not in ("+", "-") or other.is_pointer:
        return Vague(pointer.type, f"pointer {operator}")
    if size is None:
        note = f"the size of {pointee} is not known"
        return Number(m.state.fresh(f"{pointer.type}", Role.BASE, 0, note=note), pointer.type, tags)
    step = other.expr * size
    expr = pointer.expr + step if operator == "+" else pointer.expr - step
    return Number(expr, pointer.type.decayed(), tags)


def _common_type(m: Machine, left: CType | None, right: CType | None, operator: str) -> CType | None:
    if operator in ("<<", ">>") or right is None:
        return left
    if left is None:
        return right
    scalars = m.sizes.table.scalars
    a, b = max(scalars.get(left.name, 4), 4), max(scalars.get(right.name, 4), 4)
    if a != b:
        return left if a > b else right
    if a == 4 and scalars.get(left.name, 4) < 4 and scalars.get(right.name, 4) < 4:
        return INT  # both promote to int
    if scalars.get(left.name, 4) < 4:
        return right
    if scalars.get(right.name, 4) < 4:
        return left
    return left if is_unsigned(left) else right


def unary(m: Machine, node: Node, frame: Frame) -> Value:
    operator_node, argument = node.child_by_field_name("operator"), node.child_by_field_name("argument")
    if operator_node is None or argument is None:
        return Vague()
    operator = operator_node.type
    if operator in ("!", "not"):
        found, tags = condition(m, argument, frame)
        return Number(as_integer(negate(found)), BOOL, tags)
    inner = value(m, argument, frame)
    if not isinstance(inner, Number):
        return inner if isinstance(inner, Vague) else Vague(None, "an operator of a class")
    type_ = inner.type if m.sizes.table.scalars.get(inner.type.name if inner.type else "", 4) >= 4 else INT
    if operator == "-":
        return Number(-inner.expr, _signed(type_), inner.tags)
    if operator == "+":
        return Number(inner.expr, type_, inner.tags)
    if operator in ("~", "compl"):
        # ~x is -x - 1 in two's complement; for unsigned types that is x's complement modulo 2^n,
        # the same under every mask.
        return Number(-inner.expr - 1, _signed(type_), inner.tags)
    return Vague(inner.type, f"operator {operator}")


def _signed(type_: CType | None) -> CType | None:
    if type_ is None or type_.is_indirect:
        return type_
    return (
        CType("int64_t")
        if type_.name in ("size_t", "uint64_t", "unsigned long", "unsigned long long")
        else INT
    )


def update(m: Machine, node: Node, frame: Frame) -> Value:
    argument, operator_node = node.child_by_field_name("argument"), node.child_by_field_name("operator")
    if argument is None or operator_node is None:
        return Vague()
    target = memory.target(m, argument, frame)
    before = memory.load(m, target, frame, node)
    one = Number(number(1), INT)
    after = operate(m, operator_node.type[0], before, one, frame, node)
    after = names.converted(m, after, memory.type_of_target(target), frame)
    memory.store(m, target, after, frame, node)
    return after if node.children[0] == operator_node else before


def assignment(m: Machine, node: Node, frame: Frame) -> Value:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    operator_node = node.child_by_field_name("operator")
    if left is None or right is None or operator_node is None:
        return Vague()
    operator = operator_node.type
    later: list[Node] = []
    while right.type == "comma_expression":  # `x = a, b` is `(x = a), b`
        parts = right.named_children
        later = [*parts[1:], *later]
        right = parts[0]
    if right.type == "initializer_list":
        target = memory.target(m, left, frame)
        type_ = memory.type_of_target(target)
        found = objects.construct(m, type_, right.named_children, frame, node) if type_ else Vague()
        memory.store(m, target, found, frame, node)
        return found
    found = value(m, right, frame)
    target = memory.target(m, left, frame)
    if operator != "=":
        before = memory.load(m, target, frame, node)
        found = operate(m, operator[:-1], before, found, frame, node)
    type_ = memory.type_of_target(target)
    found = names.converted(m, found, type_, frame)
    if isinstance(found, Number) and isinstance(target, Cell) and not m.dry:
        place, text = m.place(node, frame), m.shown(node, frame)
        tag = m.state.step(place, text, "value", found.tags, value=found.expr)
        found = Number(found.expr, found.type, found.tags | {tag})
    memory.store(m, target, found, frame, node)
    for one in later:
        found = value(m, one, frame)
    return found


def conditional(m: Machine, node: Node, frame: Frame) -> Value:
    parts = [node.child_by_field_name(f) for f in ("condition", "consequence", "alternative")]
    if parts[0] is None or parts[1] is None or parts[2] is None:
        return Vague()
    found, tags = condition(m, parts[0], frame)
    if found.known is not None:
        return value(m, parts[1] if found.known else parts[2], frame)
    state, mark = m.state, m.state.mark
    tag = state.step(m.place(parts[0], frame), m.shown(parts[0], frame), "guard", tags)
    paths: list[Snapshot] = []
    values: list[Value] = []
    for branch, guard in ((parts[1], found), (parts[2], negate(found))):
        state.alive = True
        state.assume(guard, tag, guard=True)
        result = value(m, branch, frame)
        if state.alive:
            values.append(result)
            paths.append(state.snapshot(mark, result))
        state.roll_back(mark)
    merged = state.merge(mark, paths)
    if isinstance(merged, Vague) and any(isinstance(v, Number) for v in values):
        type_ = next((v.type for v in values if isinstance(v, Number)), None)
        return m.stands_in(m.unknown(type_, m.shown(node, frame), "one branch is no integer", frame, tags))
    return merged if merged is not None else Vague()


def comma(m: Machine, node: Node, frame: Frame) -> Value:
    found: Value = Vague()
    for child in node.named_children:
        found = value(m, child, frame)
    return found


# -- memory ------------------------------------------------------------------------------


def pointer(m: Machine, node: Node, frame: Frame) -> Value:
    operator_node, argument = node.child_by_field_name("operator"), node.child_by_field_name("argument")
    if operator_node is None or argument is None:
        return Vague()
    if operator_node.type == "&":
        return memory.address_of(m, argument, frame)
    return memory.load(m, memory.target(m, node, frame), frame, node)


def load(m: Machine, node: Node, frame: Frame) -> Value:
    return memory.load(m, memory.target(m, node, frame), frame, node)


def capture(m: Machine, node: Node, frame: Frame) -> Value:
    return closures.capture(m, node, frame)


def size_of(m: Machine, node: Node, frame: Frame) -> Value:
    type_node, inner = node.child_by_field_name("type"), node.child_by_field_name("value")
    if type_node is not None:
        return size_of_text(m, m.read(type_node, frame), frame)
    if inner is None:
        return Vague(SIZE)
    text = m.read(inner, frame)
    bare = text[1:-1].strip() if text.startswith("(") else text
    names_value = bare.isidentifier() and names.is_value(m, bare, frame)
    if not names_value:
        found = size_of_text(m, bare, frame)
        if isinstance(found, Number):
            return found
    type_ = memory.type_of(m, inner, frame)
    size = m.sizes.size(type_, frame) if type_ is not None else None
    return Number(size, SIZE) if size is not None else Vague(SIZE, f"the size of {bare} is not known")


def size_of_text(m: Machine, text: str, frame: Frame) -> Value:
    parsed = m.sizes.parse(text, frame)
    size = m.sizes.size(parsed, frame) if parsed is not None else None
    if size is None:
        return Vague(SIZE, f"the size of {text} is not known")
    return Number(size, SIZE)


def align_of(m: Machine, node: Node, frame: Frame) -> Value:
    type_node = node.child_by_field_name("type")
    parsed = m.sizes.parse(m.read(type_node, frame), frame) if type_node is not None else None
    found = m.sizes.alignment(parsed, frame) if parsed is not None else None
    return Number(found, SIZE) if found is not None else Vague(SIZE, "an alignment that is not known")


def cast(m: Machine, node: Node, frame: Frame) -> Value:
    type_node, inner = node.child_by_field_name("type"), node.child_by_field_name("value")
    if inner is None:
        return Vague()
    type_ = m.sizes.parse(m.read(type_node, frame), frame) if type_node is not None else None
    return names.cast(m, value(m, inner, frame), type_, frame)


def compound_literal(m: Machine, node: Node, frame: Frame) -> Value:
    type_node, listed = node.child_by_field_name("type"), node.child_by_field_name("value")
    type_ = m.sizes.parse(m.read(type_node, frame), frame) if type_node is not None else None
    if type_ is None or listed is None:
        return Vague(type_)
    return objects.construct(m, type_, listed.named_children, frame, node)
