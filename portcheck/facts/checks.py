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

if TYPE_CHECKING:
    from tree_sitter import Node

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
    return name in context.macros or bool(_NAME.search(name))


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
    yield _make(seen, context, first, callee.name)


def comparison(name: str) -> str:
    """The operator that a check such as `CHECK_EQ` puts between its arguments, "" for none."""
    compared = _COMPARED.search(name)
    return _OPERATORS[compared.group(1).upper()] if compared else ""


def is_check(name: str, context: Context, path: str) -> bool:
    """Whether calling `name` stops the program when its first argument is false."""
    key = (name, path)
    if key not in context.checks:
        macro = context.macros.get(name, path)
        if macro is not None and macro.parameters:
            context.checks[key] = _macro_checks(macro, context, path, 0)
        else:
            context.checks[key] = bool(_NAME.search(name)) and name not in context.program.functions
    return context.checks[key]


def _macro_checks(macro: MacroDefinition, context: Context, path: str, depth: int) -> bool:
    body = macro.body.decode("utf-8", "replace")
    assert macro.parameters is not None
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
