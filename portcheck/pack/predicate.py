"""The language of rules: expressions over a subject's fields and a target, in three-valued logic.

It is the expression part of Python: names of fields, `target.key` for a value of the target's
profile, literals, comparisons, `in`, `and`, `or`, `not`, `+ - * // %`, and the functions of
`FUNCTIONS`. A field that is None, or a value that no source gives, is unknown: an expression
over it is unknown unless the rest decides. In a string a backslash is a backslash.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache

from portcheck.targets import Target

Value = object  # str, int, bool, None or a tuple of them


class PredicateError(Exception):
    """The text is no predicate; the message says why in one line."""


def _matches(text: Value, pattern: Value) -> bool | None:
    """Whether the regular expression is found anywhere in the text."""
    if text is None or pattern is None:
        return None
    return re.search(str(pattern), str(text)) is not None


def _any(values: Value, pattern: Value) -> bool | None:
    """Whether the regular expression is found in any of the values."""
    if not isinstance(values, tuple) or pattern is None:
        return None
    return any(re.search(str(pattern), str(v)) for v in values)


FUNCTIONS: Mapping[str, Callable[[Value, Value], bool | None]] = {"matches": _matches, "any_matches": _any}

_COMPARISONS: Mapping[type[ast.cmpop], Callable[[object, object], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,  # type: ignore[dict-item]
    ast.LtE: operator.le,  # type: ignore[dict-item]
    ast.Gt: operator.gt,  # type: ignore[dict-item]
    ast.GtE: operator.ge,  # type: ignore[dict-item]
    ast.In: lambda a, b: a in b,  # type: ignore[operator]
    ast.NotIn: lambda a, b: a not in b,  # type: ignore[operator]
}
_ARITHMETIC: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


@dataclass(frozen=True, slots=True)
class Predicate:
    """A compiled expression. `keys` are the values of the target's profile that it reads."""

    text: str
    keys: tuple[str, ...]

    def test(self, fields: Mapping[str, Value], target: Target | None = None) -> bool | None:
        """True, False, or None where what is known does not decide."""
        found = _value(_tree(self.text), fields, target)
        return None if found is None else bool(found)


def compile_predicate(text: str, fields: Collection[str], keys: Collection[str]) -> Predicate:
    """The predicate; raises PredicateError for bad syntax and for a name that does not exist."""
    from tokenize import TokenError

    try:
        tree = _tree(text)
    except (SyntaxError, TokenError) as error:
        raise PredicateError(f"{error.args[0]}: {text.strip()!r}") from None
    used: dict[str, None] = {}
    _check(tree, fields, keys, used)
    return Predicate(text, tuple(used))


@cache
def _tree(text: str) -> ast.expr:
    return ast.parse(_raw(text.strip()), mode="eval").body


def _raw(text: str) -> str:
    """The text with `r` before every string, so that a backslash of a pattern is a backslash."""
    from io import StringIO
    from token import STRING
    from tokenize import generate_tokens

    strings = [t for t in generate_tokens(StringIO(text).readline) if t.type == STRING]
    lines = text.splitlines(keepends=True)
    for token in reversed(strings):
        row, column = token.start
        if token.string[0] in "'\"":
            lines[row - 1] = f"{lines[row - 1][:column]}r{lines[row - 1][column:]}"
    return "".join(lines)


def _check(node: ast.expr, fields: Collection[str], keys: Collection[str], used: dict[str, None]) -> None:
    parts: list[ast.expr] = []
    match node:
        case ast.Name():
            if node.id not in fields:
                raise PredicateError(f"no field '{node.id}' here; there are {', '.join(sorted(fields))}")
        case ast.Attribute(value=ast.Name(id="target")):
            if node.attr not in keys:
                raise PredicateError(f"no value '{node.attr}' in the target profiles")
            used[node.attr] = None
        case ast.Constant():
            if not isinstance(node.value, str | int | bool):
                raise PredicateError(f"{ast.unparse(node)}: not a string, an integer, True or False")
        case ast.BoolOp() | ast.Tuple():
            parts = node.values if isinstance(node, ast.BoolOp) else node.elts
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            parts = [node.operand]
        case ast.BinOp() if type(node.op) in _ARITHMETIC:
            parts = [node.left, node.right]
        case ast.Compare() if all(type(o) in _COMPARISONS for o in node.ops):
            parts = [node.left, *node.comparators]
        case ast.Call(func=ast.Name(id=name)) if name in FUNCTIONS and not node.keywords:
            if len(node.args) != 2:
                raise PredicateError(f"{name} takes two arguments")
            _check_pattern(node.args[1])
            parts = node.args
        case _:
            raise PredicateError(f"not part of the language: {ast.unparse(node)}")
    for part in parts:
        _check(part, fields, keys, used)


def _check_pattern(node: ast.expr) -> None:
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        raise PredicateError("the second argument must be a regular expression in quotes")
    try:
        re.compile(node.value)
    except re.error as error:
        raise PredicateError(f"{node.value!r} is no regular expression: {error}") from None


def _value(node: ast.expr, fields: Mapping[str, Value], target: Target | None) -> Value:
    match node:
        case ast.Name():
            return fields.get(node.id)
        case ast.Attribute():
            return target.value(node.attr) if target is not None else None
        case ast.Constant():
            return node.value
        case ast.Tuple():
            return tuple(_value(e, fields, target) for e in node.elts)
        case ast.BoolOp():
            return _connected(isinstance(node.op, ast.And), [_value(v, fields, target) for v in node.values])
        case ast.UnaryOp():
            inner = _value(node.operand, fields, target)
            if inner is None:
                return None
            return not inner if isinstance(node.op, ast.Not) else -inner  # type: ignore[operator]
        case ast.BinOp():
            left, right = _value(node.left, fields, target), _value(node.right, fields, target)
            if not isinstance(left, int) or not isinstance(right, int):
                return None
            if isinstance(node.op, ast.FloorDiv | ast.Mod) and right == 0:
                return None
            return _ARITHMETIC[type(node.op)](left, right)
        case ast.Compare():
            return _compared(node, fields, target)
        case ast.Call(func=ast.Name(id=name)):
            return FUNCTIONS[name](*(_value(a, fields, target) for a in node.args))
    raise AssertionError(ast.dump(node))


def _compared(node: ast.Compare, fields: Mapping[str, Value], target: Target | None) -> bool | None:
    values = [_value(v, fields, target) for v in (node.left, *node.comparators)]
    found: list[Value] = []
    for position, comparison in enumerate(node.ops):
        left, right = values[position], values[position + 1]
        if left is None or right is None:
            found.append(None)
            continue
        try:
            found.append(_COMPARISONS[type(comparison)](left, right))
        except TypeError:
            found.append(None)  # of different types: nothing to compare
    return _connected(True, found)


def _connected(every: bool, values: list[Value]) -> bool | None:
    """Kleene's `and` and `or`."""
    truths = [None if v is None else bool(v) for v in values]
    if (not every) in truths:
        return not every
    return None if None in truths else every
