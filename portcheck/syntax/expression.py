"""The value of a `#if` expression: a small precedence climber over integers."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Replacement text that marks a function-like macro: defined, but of no known value.
FUNCTION_LIKE = "\0"

_TOKEN = re.compile(
    r"\s*(?:(0[xX][0-9a-fA-F']+|0[bB][01']+|\d[\d']*)[uUlLzZ]*|([A-Za-z_]\w*)"
    r"|'(\\?[^'])'|(\|\||&&|==|!=|<=|>=|<<|>>|[-+*/%<>&|^!~()?:,])|(.))",
    re.DOTALL,
)
_WORDS = {
    "and": "&&",
    "or": "||",
    "not": "!",
    "bitand": "&",
    "bitor": "|",
    "xor": "^",
    "compl": "~",
    "not_eq": "!=",
}
_PRECEDENCE = {
    "||": 1,
    "&&": 2,
    "|": 3,
    "^": 4,
    "&": 5,
    "==": 6,
    "!=": 6,
    "<": 7,
    ">": 7,
    "<=": 7,
    ">=": 7,
    "<<": 8,
    ">>": 8,
    "+": 9,
    "-": 9,
    "*": 10,
    "/": 10,
    "%": 10,
}
_MAX_TOKENS = 4000
_MAX_DEPTH = 60
_MAX_EXPANSION = 24


def evaluate(text: str, names: Mapping[str, str]) -> int:
    """The value of `text`; what cannot be read counts as 0, as an unknown name does."""
    try:
        tokens = _expand(_tokens(text), names, frozenset(), [_MAX_TOKENS])
        value, _ = _Reader(tokens).ternary(0, 0)
    except (_UnreadableError, ValueError, ArithmeticError):
        return 0
    return value


class _UnreadableError(Exception):
    pass


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    for number, name, character, operator, other in _TOKEN.findall(text):
        if number:
            digits = number.replace("'", "")
            octal = len(digits) > 1 and digits.isdigit() and digits[0] == "0"
            tokens.append(str(int(digits, 8 if octal else 0)))
        elif character:
            tokens.append(str(ord(character[-1])))
        elif name:
            tokens.append(_WORDS.get(name, name))
        elif operator or other.strip():
            tokens.append(operator or other)
        if len(tokens) > _MAX_TOKENS:
            raise _UnreadableError
    return tokens


def _expand(
    tokens: list[str], names: Mapping[str, str], active: frozenset[str], budget: list[int]
) -> list[str]:
    """Replace names by their values; a call of anything but `defined` becomes 0."""
    out: list[str] = []
    at = 0
    while at < len(tokens):
        budget[0] -= 1
        if budget[0] < 0:
            raise _UnreadableError
        token = tokens[at]
        at += 1
        if not (token[0].isalpha() or token[0] == "_"):
            out.append(token)
        elif token == "defined":
            bracket = at < len(tokens) and tokens[at] == "("
            at += bracket
            if at >= len(tokens):
                raise _UnreadableError
            out.append("1" if tokens[at] in names else "0")
            at += 1 + bracket
        elif at < len(tokens) and tokens[at] == "(":
            value = names.get(token, FUNCTION_LIKE)
            if value == FUNCTION_LIKE:
                at = _after_call(tokens, at)
                out.append("0")
            else:
                out.extend(_expand_name(token, value, names, active, budget))
        elif token in ("true", "false"):
            out.append("1" if token == "true" else "0")
        else:
            out.extend(_expand_name(token, names.get(token, "0"), names, active, budget))
    return out


def _expand_name(
    token: str, value: str, names: Mapping[str, str], active: frozenset[str], budget: list[int]
) -> list[str]:
    if token in active or len(active) > _MAX_EXPANSION or value == FUNCTION_LIKE:
        return ["0"]
    return _expand(_tokens(value), names, active | {token}, budget)


def _after_call(tokens: list[str], at: int) -> int:
    depth = 0
    while at < len(tokens):
        depth += (tokens[at] == "(") - (tokens[at] == ")")
        at += 1
        if depth == 0:
            break
    return at


class _Reader:
    """Precedence climbing; the depth of brackets is bounded, deeper text is unreadable."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = [*tokens, ""]

    def ternary(self, at: int, depth: int) -> tuple[int, int]:
        value, at = self.binary(at, 1, depth)
        if self.tokens[at] == "?":
            yes, at = self.ternary(at + 1, depth + 1)
            if self.tokens[at] != ":":
                raise _UnreadableError
            no, at = self.ternary(at + 1, depth + 1)
            value = yes if value else no
        return value, at

    def binary(self, at: int, lowest: int, depth: int) -> tuple[int, int]:
        if depth > _MAX_DEPTH:
            raise _UnreadableError
        left, at = self.unary(at, depth)
        while (level := _PRECEDENCE.get(self.tokens[at], 0)) >= lowest:
            operator = self.tokens[at]
            right, at = self.binary(at + 1, level + 1, depth + 1)
            left = _apply(operator, left, right)
        return left, at

    def unary(self, at: int, depth: int) -> tuple[int, int]:
        negations: list[str] = []
        while self.tokens[at] in ("!", "-", "+", "~") and self.tokens[at]:
            negations.append(self.tokens[at])
            at += 1
        token = self.tokens[at]
        if token == "(":
            value, at = self.ternary(at + 1, depth + 1)
            if self.tokens[at] != ")":
                raise _UnreadableError
        elif token.isdigit():
            value = int(token)
        else:
            raise _UnreadableError
        for sign in reversed(negations):
            value = (
                int(not value) if sign == "!" else -value if sign == "-" else ~value if sign == "~" else value
            )
        return value, at + 1


def _apply(operator: str, left: int, right: int) -> int:
    match operator:
        case "||":
            return int(bool(left) or bool(right))
        case "&&":
            return int(bool(left) and bool(right))
        case "==":
            return int(left == right)
        case "!=":
            return int(left != right)
        case "<":
            return int(left < right)
        case ">":
            return int(left > right)
        case "<=":
            return int(left <= right)
        case ">=":
            return int(left >= right)
        case "|":
            return left | right
        case "^":
            return left ^ right
        case "&":
            return left & right
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    if operator in ("<<", ">>"):
        if not 0 <= right < 64:
            return 0
        return (left << right) & (2**64 - 1) if operator == "<<" else left >> right
    if right == 0:
        return 0
    quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    return quotient if operator == "/" else left - quotient * right
