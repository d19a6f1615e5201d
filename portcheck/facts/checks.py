"""Checks that stop the program: asserts, static asserts, `if (…) throw`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portcheck.facts.base import Fact, FactKind
from portcheck.facts.context import Context
from portcheck.program.model import Observation
from portcheck.program.nodes import first_child
from portcheck.syntax import parse_text

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.program.model import Function
    from portcheck.syntax import MacroDefinition

_NAME = re.compile(
    r"(?:^|_)(?:[DI]?CHECK|ASSERT|ENFORCE|REQUIRES?|EXPECTS?|VERIFY)(?:_|$)|assert$", re.IGNORECASE
)
_COMPARED = re.compile(r"_(EQ|NE|LT|LE|GT|GE)$")
_OPERATORS = {"EQ": "==", "NE": "!=", "LT": "<", "LE": "<=", "GT": ">", "GE": ">="}
_STOPS = re.compile(
    r"\bthrow\b|\btrap\b|\babort\s*\(|\bexit\s*\(|\bassert\s*\(|__trap|terminate\s*\(|assert_fail"
)
_STOPPING_BODY = re.compile(r"\bthrow\b|\babort\b|__trap|\btrap\b|\bexit\s*\(|TORCH_CHECK|std::terminate")
MAX_STOPPING_BYTES = 600
MAX_DEPTH = 5
# Names of macros without a definition that are trusted to stop unless their first argument is true.
_TRUSTED = re.compile(
    r"(?:^|_)(?:[DI]?CHECK|ASSERT|ENFORCE|REQUIRES?|EXPECTS|VERIFY)"
    r"(?:_(?:EQ|NE|LT|LE|GT|GE|MSG|TRUE|WITH_MSG|ARG|VALUE|INDEX|TYPE|NOT_IMPLEMENTED|DEBUG_ONLY|ALWAYS"
    r"|DEVICE|HOST))?$|^(?:\w*_)?assert$"
)
# A macro of these checks the status of a call: zero is what it wants.
_OF_STATUS = re.compile(r"(?:^|_)(?:CUDA|CU|NCCL|NVSHMEM|CUBLAS|CUDNN|NVRTC|HIP|IBV?|MPI)(?:_|$)")
_REVERSED = re.compile(r"_(?:FALSE|UNSET|NOT)$")
_STOPPING_CALL = re.compile(
    r"(?:^|::)(?:abort|exit|_exit|quick_exit|terminate|__trap|trap|__builtin_trap|__builtin_unreachable"
    r"|__assert_fail|\w*CheckFail|\w*check_fail|\w*assert_fail|\w*AssertFail|throw_\w+|panic)$"
)
_TRUTH = re.compile(r"expect|likely", re.IGNORECASE)
_SIZEOF = re.compile(r"\b(?:sizeof|alignof|_Alignof)\b")
# A quantity that equals a product and nothing more is a multiple of its factors.
_ENDS = r"(?:and|or|&&|\|\||,|$)"
_MULTIPLE = re.compile(
    rf"(?:^|and|or|&&|\|\||\()\s*(?:\w+\s*\*\s*\w+\s*==\s*\w+|\w+\s*==\s*\w+\s*\*\s*\w+)\s*{_ENDS}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Fact):
    """A condition that holds after this point: `requires` is its text.

    `by` is the macro, "static_assert" or "if". `relation` says what it constrains:
    "divisibility", "alignment", "size" (a relation between sizes of types), "capacity" (a
    bound), "contiguity" or "other". Host and device checks look alike here.
    """

    kind = FactKind.CHECK

    requires: str
    by: str
    relation: str

    @property
    def detail(self) -> str:
        return f"{self.by} requires {self.requires} ({self.relation})"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignmentCheck(Check):
    """A check that constrains divisibility, alignment or a relation between sizes."""

    kind = FactKind.ALIGN_ASSERT


def concerns(name: str, context: Context) -> bool:
    return name in context.macros or name in context.own.stops or bool(_NAME.search(name))


def find(seen: Observation, context: Context) -> Iterator[Fact]:
    """Checks in a call, a static_assert or an if statement."""
    if seen.kind == "static_assert":
        condition = seen.node.child_by_field_name("condition")
        if condition is not None:
            yield _make(seen, context, seen.origin.read(condition), "static_assert")
        return
    if seen.kind == "if":
        yield from _guard(seen, context)
        return
    callee = seen.callee
    if callee is None or not callee.arguments or callee.receiver is not None:
        return
    if not is_check(callee.name, context, seen.origin.file.path):
        return
    first = seen.origin.read(callee.arguments[0])
    operator = comparison(callee.name)
    if operator and len(callee.arguments) >= 2:
        first = f"{first} {operator} {seen.origin.read(callee.arguments[1])}"
    elif _is_status(first):
        return
    elif _is_reversed(callee.name, context, seen.origin.file.path):
        first = f"not ({first})"
    yield _make(seen, context, first, callee.name)


def _is_reversed(name: str, context: Context, path: str) -> bool:
    """Whether a check stops the program when its condition is true: `THROW_IF(n % 16)`."""
    if name in context.macros or name in context.own.stops:
        return sense(name, context, path) is False
    return bool(_REVERSED.search(name))


def comparison(name: str) -> str:
    """The operator that a check such as `CHECK_EQ` puts between its arguments, "" for none."""
    compared = _COMPARED.search(name)
    return _OPERATORS[compared.group(1).upper()] if compared else ""


def requires(name: str, context: Context, path: str) -> bool:
    """Whether the first argument of `name` is true behind a call, read strictly: see `sense`.

    A macro that does anything else besides is none: what it expands to says what it does.
    """
    return sense(name, context, path) is True


def sense(name: str, context: Context, path: str, depth: int = 0) -> bool | None:
    """Whether the first argument is true, or false, behind a call of a macro; None for neither.

    Only what is sure counts: a body that is nothing but a test of its first parameter and
    a stop, or an undefined macro whose name says as much.
    """
    key = (name, path)
    if key not in context.senses:
        context.senses[key] = None
        context.senses[key] = _sense(name, context, path, depth)
    return context.senses[key]


def _sense(name: str, context: Context, path: str, depth: int) -> bool | None:
    if name in context.own.stops:
        return True
    macro = context.macros.get(name, path)
    trusted = bool(_TRUSTED.search(name)) and (not _OF_STATUS.search(name) or "assert" in name.lower())
    if macro is None:
        return True if trusted and name not in context.program.functions else None
    body = macro.body.strip()
    if macro.parameters is None:
        simple = re.fullmatch(rb"[A-Za-z_]\w*", body)
        return sense(body.decode(), context, path, depth + 1) if simple and depth < MAX_DEPTH else None
    if not macro.parameters or depth >= MAX_DEPTH:
        return None
    if not body:
        return True if trusted else None
    condition = macro.parameters[0].removesuffix("...") or "__VA_ARGS__"
    found = _Body(context, path, condition, depth)
    return found.statement(found.parsed(body))


@dataclass(slots=True)
class _Body:
    """A macro's body, read as the check that it may be."""

    context: Context
    path: str
    condition: str
    depth: int
    text: bytes = b""

    def parsed(self, body: bytes) -> Node | None:
        self.text = body.replace(b"#", b" ") + (b"" if body.endswith((b";", b"}")) else b";")
        root = parse_text(self.text).root_node
        return _only(root) if not root.has_error else None

    def read(self, node: Node) -> str:
        return self.text[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def statement(self, node: Node | None) -> bool | None:
        if node is None:
            return None
        kind = node.type
        if kind == "compound_statement":
            return self.statement(_only(node))
        if kind == "do_statement":
            again = node.child_by_field_name("condition")
            once = again is not None and self.read(again).strip("() ") in ("0", "false")
            return self.statement(node.child_by_field_name("body")) if once else None
        if kind == "static_assert_declaration":
            given = node.child_by_field_name("condition")
            return self.truth(given) if given is not None else None
        if kind == "expression_statement":
            inner = first_child(node)
            return self.expression(inner) if inner is not None else None
        if kind == "if_statement":
            given = node.child_by_field_name("condition")
            then, other = node.child_by_field_name("consequence"), node.child_by_field_name("alternative")
            inner = first_child(other) if other is not None else None
            return self._either(given, then, inner)
        return None

    def expression(self, node: Node) -> bool | None:
        kind = node.type
        if kind == "parenthesized_expression":
            inner = first_child(node)
            return self.expression(inner) if inner is not None else None
        if kind == "cast_expression":
            inner = node.child_by_field_name("value")
            return self.expression(inner) if inner is not None else None
        if kind == "conditional_expression":
            fields = ("condition", "consequence", "alternative")
            return self._either(*(node.child_by_field_name(f) for f in fields))
        if kind == "binary_expression" and node.child_by_field_name("operator") is not None:
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            if left is None or right is None or not self.stops(right):
                return None
            operator = self.read(node.child_by_field_name("operator"))  # type: ignore[arg-type]
            found = self.truth(left)
            if found is None or operator not in ("||", "or", "&&", "and"):
                return None
            return found if operator in ("||", "or") else not found
        if kind == "call_expression":
            callee = self._callee(node)
            if callee is None or not callee[1]:
                return None
            name, arguments = callee
            if comparison(name) and len(arguments) > 1:
                return None
            found = self.truth(arguments[0])
            inner_sense = sense(name, self.context, self.path, self.depth + 1) if found is not None else None
            return None if inner_sense is None or found is None else inner_sense is found
        return None

    def _either(self, given: Node | None, then: Node | None, other: Node | None) -> bool | None:
        found = self.truth(given) if given is not None else None
        if found is None or then is None:
            return None
        if self.stops(then) and (other is None or _is_empty(other)):
            return not found
        return found if other is not None and self.stops(other) and _is_empty(then) else None

    def _callee(self, node: Node) -> tuple[str, list[Node]] | None:
        title, listed = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if title is None or listed is None or title.type not in _TITLES:
            return None
        return self.read(title), [c for c in listed.named_children if c.type != "comment"]

    def truth(self, node: Node, bare: bool = True) -> bool | None:
        """True for the condition itself, False for its negation; `bare`: brackets are not needed."""
        kind = node.type
        if kind in ("parenthesized_expression", "condition_clause"):
            inner = first_child(node)
            return self.truth(inner) if inner is not None else None
        if kind in ("identifier", "type_identifier"):
            return True if bare and self.read(node) == self.condition else None
        if kind == "unary_expression":
            operator, inner = node.child_by_field_name("operator"), node.child_by_field_name("argument")
            if operator is None or inner is None or operator.type not in ("!", "not"):
                return None
            found = self.truth(inner, bare=False)
            return None if found is None else not found
        if kind == "call_expression":
            callee = self._callee(node)
            if callee is None or not callee[1]:
                return None
            name, arguments = callee
            if name == "static_cast<bool>" or name == "bool" or _TRUTH.search(name):
                return self.truth(arguments[0])
        if kind == "binary_expression":  # `(cond) && "text"`
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            operator = node.child_by_field_name("operator")
            if left is not None and right is not None and operator is not None:
                joined = operator.type in ("&&", "and") and right.type == "string_literal"
                return self.truth(left, bare=False) if joined else None
        return None

    def stops(self, node: Node) -> bool:
        """Whether nothing runs on behind a statement or expression."""
        kind = node.type
        if kind == "compound_statement":
            inner = [c for c in node.named_children if c.type != "comment"]
            if not inner or _LEAVES.search(self.read(node)):
                return False
            return self.stops(inner[-1])
        if kind == "throw_statement":
            return True
        if kind in ("expression_statement", "parenthesized_expression", "cast_expression"):
            inner_node = node.child_by_field_name("value") or first_child(node)
            return inner_node is not None and self.stops(inner_node)
        if kind == "comma_expression":
            return any(self.stops(c) for c in node.named_children)
        if kind == "gnu_asm_expression":
            return "trap;" in self.read(node)
        if kind == "do_statement":
            inner_node = node.child_by_field_name("body")
            return inner_node is not None and self.stops(inner_node)
        if kind == "binary_expression":
            return bool(re.match(r"\w*LOG\w*\(\s*FATAL\b", self.read(node)))
        if kind == "call_expression":
            return self._stopping_call(node)
        return "throw" in kind

    def _stopping_call(self, node: Node) -> bool:
        callee = self._callee(node)
        if callee is None:
            return False
        name, arguments = callee
        if self.depth >= MAX_DEPTH:
            return False
        if _STOPPING_CALL.search(name):
            return True
        if arguments and self.read(arguments[0]) in ("false", "0"):
            return sense(name, self.context, self.path, self.depth + 1) is True
        macro = self.context.macros.get(name, self.path)
        if macro is not None:
            inner = _Body(self.context, self.path, "", self.depth + 1)
            body = inner.parsed(macro.body.strip()) if macro.parameters is not None else None
            return body is not None and inner.stops(body)
        functions = self.context.program.functions.get(name.rsplit("::", 1)[-1], ())
        return bool(functions) and all(self._never_returns(f) for f in functions)

    def _never_returns(self, function: Function) -> bool:
        if function.body is None or function.body.end_byte - function.body.start_byte > MAX_STOPPING_BYTES:
            return False
        inner = _Body(self.context, self.path, "", self.depth + 1, function.origin.text)
        return inner.stops(function.body)


_TITLES = ("identifier", "qualified_identifier", "template_function", "primitive_type")
_LEAVES = re.compile(r"\b(?:return|break|continue|goto)\b")


def _only(node: Node) -> Node | None:
    """The one statement that a block holds."""
    inner = [c for c in node.named_children if c.type != "comment" and not _is_empty(c)]
    return inner[0] if len(inner) == 1 else None


def _is_empty(node: Node) -> bool:
    """Whether a statement or expression does nothing: `;`, `{}`, `(void)0`."""
    if node.type in ("compound_statement", "expression_statement"):
        inner = [c for c in node.named_children if c.type != "comment"]
        return all(_is_empty(c) for c in inner)
    if node.type in ("parenthesized_expression", "cast_expression"):
        inner_node = node.child_by_field_name("value") or first_child(node)
        return inner_node is not None and _is_empty(inner_node)
    if node.type == "call_expression":
        text = node.text or b""
        return re.fullmatch(rb"(?:static_cast<void>|void)\s*\(\s*0?\s*\)", text) is not None
    return node.type in ("number_literal", "true", "false", "null", "nullptr")


def is_check(name: str, context: Context, path: str) -> bool:
    """Whether calling `name` stops the program when its first argument is false."""
    key = (name, path)
    if key not in context.checks:
        macro = context.macros.get(name, path)
        if name in context.own.stops:
            context.checks[key] = True
        elif macro is not None and macro.parameters:
            context.checks[key] = _macro_checks(macro, context, path, 0)
        else:
            context.checks[key] = bool(_NAME.search(name)) and name not in context.program.functions
    return context.checks[key]


def _macro_checks(macro: MacroDefinition, context: Context, path: str, depth: int) -> bool:
    body = macro.body.decode("utf-8", "replace")
    assert macro.parameters is not None
    if _launches(body, context):
        return False
    condition = macro.parameters[0]
    if condition == "..." and "__VA_ARGS__" in body:
        condition = "__VA_ARGS__"
    name = re.escape(condition)
    tested = re.search(rf"(?:if|not|!|\?|assert)\W.*\b{name}\b|\b{name}\b\s*\)?\s*\?", body, re.DOTALL)
    if tested and _stops_in(body, context, path, 0):
        return not re.search(rf"=\s*\(?\s*{name}\b\s*\)?\s*;", body)
    if "static_assert" in body:
        return True
    if not body.strip():
        return bool(_NAME.search(macro.name))
    inner = re.match(r"\s*(?:do\s*\{\s*)?([A-Za-z_]\w*)\s*\(\s*\(?\s*(\w+)", body)
    if inner and depth < 5 and inner.group(1) != macro.name:
        deeper = context.macros.get(inner.group(1), path)
        if deeper is not None and deeper.parameters:
            return _macro_checks(deeper, context, path, depth + 1)
        return bool(_NAME.search(inner.group(1)))
    return False


def _launches(body: str, context: Context) -> bool:
    """Whether a macro's body launches a kernel: a check of the launch's status is none of its argument."""
    names = context.intrinsics.tables["launch"]["names"]
    return "<<<" in body or any(name in names for name in re.findall(r"\b([A-Za-z_]\w*)\s*\(", body))


def _stops_in(body: str, context: Context, path: str, depth: int) -> bool:
    """Whether a macro's body stops the program, itself or through the macros and functions it calls."""
    if _STOPS.search(body):
        return True
    if depth > 3:
        return False
    for called in dict.fromkeys(re.findall(r"\b([A-Za-z_]\w*)\s*\(", body)):
        macro = context.macros.get(called, path)
        if macro is not None and macro.parameters is not None:
            if _stops_in(macro.body.decode("utf-8", "replace"), context, path, depth + 1):
                return True
            continue
        for function in context.program.functions.get(called, ())[:2]:
            inner = function.body
            if inner is None or inner.end_byte - inner.start_byte > MAX_STOPPING_BYTES:
                continue
            if _STOPS.search(function.origin.read(inner)):
                return True
    return False


def _is_status(text: str) -> bool:
    """An API call whose status is checked constrains nothing."""
    return bool(re.match(r"^(?:cuda|cu|nccl|nvshmem|cublas|ibv_)\w+\s*\(", text)) or "cudaSuccess" in text


def _guard(seen: Observation, context: Context) -> Iterator[Fact]:
    """`if (condition) throw …;` requires the opposite of its condition from there on."""
    condition = seen.node.child_by_field_name("condition")
    consequence = seen.node.child_by_field_name("consequence")
    if condition is None or consequence is None:
        return
    statement = consequence
    if statement.type == "compound_statement":
        inner = [c for c in statement.named_children if c.type != "comment"]
        if not inner:
            return
        statement = inner[-1]
    if not _stops(statement, seen):
        return
    text = seen.origin.read(condition)
    text = text[1:-1].strip() if text.startswith("(") else text
    yield _make(seen, context, f"not ({text})", "if", condition)


def _stops(statement: Node, seen: Observation) -> bool:
    if statement.type == "throw_statement":
        return True
    if statement.type == "expression_statement":
        inner = first_child(statement)
        if inner is not None and inner.type in ("call_expression", "gnu_asm_expression"):
            return bool(_STOPPING_BODY.match(seen.origin.read(inner))) or "trap;" in seen.origin.read(inner)
    return False


def _make(seen: Observation, context: Context, text: str, by: str, node: Node | None = None) -> Fact:
    text = " ".join(text.split())
    relation = classify(text)
    class_ = AlignmentCheck if relation in ("divisibility", "alignment", "size") else Check
    return class_(**context.common(seen, node), requires=text, by=by, relation=relation)


_MASK = re.compile(r"&\s*\(?\s*(0x[0-9a-fA-F]+|\d+)[uUlL]*\b|&\s*\(?\s*[\w()]+\s*-\s*1\b")


def _masks_low_bits(text: str) -> bool:
    """`(n & 15) == 0` and `!(n & 15)`: a remainder by a power of two, spelled as a mask."""
    if not re.search(r"[=!]=\s*0|!\s*\(|\bnot\b", text):
        return False
    for match in _MASK.finditer(text):
        digits = match.group(1)
        mask = int(digits, 16 if digits.lower().startswith("0x") else 10) if digits else 1
        if mask & (mask + 1) == 0 and mask:
            return True
    return False


def classify(text: str) -> str:
    """What a condition constrains, by its operators."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", text)
    if re.search(r"aligned\w*\s*(?:<[^<>]*>\s*)?\(|alignof|is_?aligned", bare, re.IGNORECASE):
        return "alignment"
    if "%" in bare:
        address = re.search(r"(?:uintptr_t|intptr_t|data_ptr|uint64_t\W)[^%]*%", bare)
        return "alignment" if address else "divisibility"
    if _masks_low_bits(bare):
        return "alignment"
    if _SIZEOF.search(bare) and re.search(r"[=!<>]=|[<>]", bare):
        return "size"
    if "contiguous" in bare:
        return "contiguity"
    if _MULTIPLE.search(bare):
        return "divisibility"
    if re.search(r"[<>]=?", re.sub(r"<[^<>=]*>|->", "", bare)):
        return "capacity"
    return "other"
