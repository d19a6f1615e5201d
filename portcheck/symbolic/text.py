"""Expressions and conditions as a programmer writes them."""

from __future__ import annotations

from portcheck.symbolic.condition import Condition, Congruent, Constant, Every, Operator, Relation
from portcheck.symbolic.expr import Expr, Monomial, Quotient, Symbol


def expression_text(expr: Expr) -> str:
    """The polynomial, remainders shown as `n % d`: `16*i + 4624`, `x % 32`, `i - 1`."""
    terms, constant = _remainders(expr)
    parts: list[tuple[int, str]] = [(c, t) for c, t in terms]
    if constant or not parts:
        parts.append((constant, ""))
    text = ""
    for coefficient, product in parts:
        size = abs(coefficient)
        shown = product if size == 1 and product else f"{size}*{product}" if product else str(size)
        if not text:
            text = f"-{shown}" if coefficient < 0 else shown
        else:
            text += f" - {shown}" if coefficient < 0 else f" + {shown}"
    return text


def _remainders(expr: Expr) -> tuple[list[tuple[int, str]], int]:
    """Terms as (coefficient, text), each `n - d * (n / d)` folded into `n % d`."""
    left: dict[Monomial, int] = dict(expr.terms)
    constant = expr.constant
    folded: list[tuple[int, str]] = []
    for monomial, coefficient in expr.terms:
        if len(monomial) != 1 or not isinstance(monomial[0], Quotient):
            continue
        quotient = monomial[0]
        d = quotient.divisor.value
        if not d or coefficient % d or monomial not in left:
            continue
        times = -coefficient // d
        wanted = quotient.dividend.terms
        if wanted and all(left.get(m) == c * times for m, c in wanted):
            for m, _ in wanted:
                left.pop(m)
            left.pop(monomial)
            constant -= quotient.dividend.constant * times
            folded.append((times, f"{_bracketed(quotient.dividend)} % {d}"))
    terms = [(c, _product(m)) for m, c in left.items()]
    alone = not left and not constant and len(folded) == 1
    terms += [(c, t if c == 1 and alone else f"({t})") for c, t in folded]
    terms.sort(key=lambda t: t[0] < 0)  # a leading minus only where nothing is positive
    return terms, constant


def _product(monomial: Monomial) -> str:
    return "*".join(f"({a})" if isinstance(a, Quotient) else str(a) for a in monomial)


def _bracketed(expr: Expr) -> str:
    text = str(expr)
    atoms = list(expr.atoms())
    plain = len(atoms) == 1 and isinstance(atoms[0], Symbol) and text == atoms[0].name
    if len(atoms) == 1 and isinstance(atoms[0], Quotient) and text == f"({atoms[0]})":
        return text
    return text if plain or expr.value is not None else f"({text})"


def condition_text(condition: Condition) -> str:
    """The condition in C's notation: `hidden_int4 % 4 == 0 and i < n`."""
    if isinstance(condition, Constant):
        return "true" if condition.truth else "false"
    if isinstance(condition, Congruent):
        sign = "!=" if condition.negated else "=="
        return f"{_bracketed(condition.expr)} % {condition.modulus} {sign} {condition.residue}"
    if isinstance(condition, Relation):
        return _relation(condition)
    word = " and " if isinstance(condition, Every) else " or "
    parts = (condition_text(c) for c in condition.conditions)
    return word.join(
        f"({text})" if not isinstance(c, (Relation, Congruent, Constant)) else text
        for text, c in zip(parts, condition.conditions, strict=True)
    )


def _relation(condition: Relation) -> str:
    expr = condition.expr
    folded, constant = _remainders(expr)
    if len(folded) == 1 and len(expr.terms) > 1 and abs(folded[0][0]) == 1:  # one remainder
        coefficient, text = folded[0]
        bare = text[1:-1] if constant else text  # alone, a remainder has no brackets
        if condition.operator is not Operator.NON_NEGATIVE:
            return f"{bare} {condition.operator.value[:2]} {-constant * coefficient}"
        return f"{bare} >= {-constant}" if coefficient > 0 else f"{bare} <= {constant}"
    positive = Expr(tuple((m, c) for m, c in expr.terms if c > 0), max(expr.constant, 0))
    negative = Expr(tuple((m, -c) for m, c in expr.terms if c < 0), max(-expr.constant, 0))
    if condition.operator is not Operator.NON_NEGATIVE:
        sign = condition.operator.value[:2]
        if not positive.terms:
            positive, negative = negative, positive
        return f"{positive} {sign} {negative}"
    if not positive.terms:
        return f"{negative} <= {positive}"
    if negative == Expr((), 1):
        return f"{positive} > 0"
    if not positive.constant and negative.constant == 1:
        return f"{negative - 1} < {positive}"
    return f"{positive} >= {negative}"
