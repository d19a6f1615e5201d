"""Formulas for the bytes of a communication window: sums and products of quantities, rounded up."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping

_FUNCTIONS = ("up", "least", "parts")


def problem(formula: object, quantities: Collection[str]) -> str:
    """What is wrong with a formula, "" for nothing.

    It may add and multiply numbers and names of quantities; `up(n, m)` rounds up to a multiple,
    `parts(n, m)` is how many parts of m hold n, `least(a, b)` is the smaller one.
    """
    if not isinstance(formula, str):
        return "must be a formula"
    try:
        tree = ast.parse(formula, mode="eval")
    except SyntaxError as error:
        return f"no formula: {error.msg}"
    for node in ast.walk(tree.body):
        if isinstance(node, ast.Name) and node.id not in (*quantities, *_FUNCTIONS):
            return f"no quantity '{node.id}'"
        if isinstance(node, ast.Call) and (
            not isinstance(node.func, ast.Name) or node.func.id not in _FUNCTIONS or len(node.args) != 2
        ):
            return f"only {', '.join(_FUNCTIONS)} can be called, with two arguments"
        if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Add | ast.Mult):
            return "only + and * stand between quantities"
        if not isinstance(node, ast.Name | ast.Call | ast.BinOp | ast.Constant | ast.operator | ast.Load):
            return f"{type(node).__name__} is not known here"
        if isinstance(node, ast.Constant) and type(node.value) is not int:
            return "numbers are integers"
    return ""


def names(formula: str) -> frozenset[str]:
    """The quantities that a formula uses."""
    found = {n.id for n in ast.walk(ast.parse(formula, mode="eval")) if isinstance(n, ast.Name)}
    return frozenset(found - set(_FUNCTIONS))


def evaluate(formula: str, values: Mapping[str, int]) -> int:
    """The bytes; every quantity of the formula has a value. Greater values never give fewer bytes."""
    return _value(ast.parse(formula, mode="eval").body, values)


def _value(node: ast.expr, values: Mapping[str, int]) -> int:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    if isinstance(node, ast.Name):
        return values[node.id]
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left, values), _value(node.right, values)
        return left + right if isinstance(node.op, ast.Add) else left * right
    assert isinstance(node, ast.Call)  # `problem` saw to it
    assert isinstance(node.func, ast.Name)
    first, second = (_value(argument, values) for argument in node.args)
    if node.func.id == "least":
        return min(first, second)
    parts = -(-first // second)
    return parts if node.func.id == "parts" else parts * second
