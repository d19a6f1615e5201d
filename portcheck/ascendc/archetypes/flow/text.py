"""Numbers that a launch fixes, as CUDA text."""

from __future__ import annotations

from portcheck.ascendc.archetypes.flow.values import Const, Op, Scalar, Sum, Value


def cuda_text(value: Value) -> str:
    """A number that a launch fixes as CUDA text; "" for anything else."""
    match value:
        case Const():
            return str(value.value)
        case Scalar():
            return value.name
        case Sum():
            texts = [_product(atoms, n) for atoms, n in value.terms]
            return " + ".join(texts) if all(texts) else ""
        case Op(name="//") | Op(name="%"):
            left, right = (cuda_text(a) for a in value.args)
            sign = "/" if value.name == "//" else "%"
            return f"{_bracketed(left)} {sign} {_bracketed(right)}" if left and right else ""
        case _:
            return ""


def _product(atoms: tuple[Value, ...], n: int) -> str:
    texts = [_bracketed(cuda_text(a)) for a in atoms]
    if not all(texts):
        return ""
    return " * ".join([*([str(n)] if n != 1 or not texts else []), *texts])


def _bracketed(text: str) -> str:
    return f"({text})" if " " in text else text
