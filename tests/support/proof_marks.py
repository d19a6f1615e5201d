"""Questions to the interpreter that stand, with their answers, in comments of CUDA files.

    const int bytes = 16 * (n / 2);  // prove: bytes => depends n % 4 == 0 || n % 4 == 1

A mark is asked at its line, before the statement there (after it where a name is only visible
then); a mark on a line of its own is asked at the next line with code. It reads

    prove: EXPR [mod M] [is R] [in FUNCTION] [given A; B] => ANSWER [OPTION …]

with `mod 32` and `is 0` by default, and as answers

    holds | violated | unknown | not holds | not violated | depends CONDITION

`depends` gives the exact condition in C; it is compared by value, never by text. `not holds`
accepts every other answer, `not violated` likewise. Options:

- `where CONDITION`: compare a condition only where this is true (what the path knows)
- `value V`: the expression's value at the witness
- `witness CONDITION`: true of the witness
- `via a, b`: lines that the derivation must cite, named by `// (a)` at their ends
- `not via a`: lines that it must not cite
- `assuming a, b`: ids of assumptions that the proof must list; `assuming nothing`
- `because TEXT`: a part of the reason for an `unknown`
- `xfail TEXT`, the last one: the answer is wrong today, and how

Several marks on one line are separated by ` ;; `.
"""

from __future__ import annotations

import ast
import itertools
import random
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from portcheck.analysis.engine import Analysis
from portcheck.analysis.proof import Proof
from portcheck.symbolic.condition import Condition, condition_symbols
from portcheck.symbolic.decide import Verdict
from portcheck.symbolic.evaluate import Undefined, test
from portcheck.symbolic.expr import Symbol

_MARK = re.compile(r"//\s*prove:\s*(.*?)\s*$")
_LABEL = re.compile(r"//.*?\((\w+)\)\s*$")
_OPTIONS = ("where", "value", "witness", "not via", "via", "assuming", "because")
_OPTION = re.compile(rf"\s+({'|'.join(_OPTIONS)})\s+")
_QUESTION = re.compile(
    r"(?P<expr>.*?)(?:\s+mod\s+(?P<mod>\d+))?(?:\s+is\s+(?P<is>\d+))?"
    r"(?:\s+in\s+(?P<in>[\w:]+))?(?:\s+given\s+(?P<given>.*))?"
)
SAMPLES = 6000


@dataclass(frozen=True)
class Mark:
    """One question with the answer that is right."""

    path: Path
    line: int
    written: int
    expr: str
    modulus: int
    equals: int
    function: str | None
    given: Mapping[str, str | int]
    answer: str
    condition: str
    options: Mapping[str, str]
    labels: Mapping[str, int] = field(hash=False)

    @property
    def name(self) -> str:
        return f"{self.path.stem}:{self.written} {self.expr}"


def marks(path: Path) -> list[Mark]:
    """The questions of a file, in order."""
    lines = path.read_text(encoding="utf-8").split("\n")
    labels = {m.group(1): n for n, line in enumerate(lines, 1) if (m := _LABEL.search(line))}
    found: list[Mark] = []
    for number, line in enumerate(lines, 1):
        match = _MARK.search(line)
        if match is None:
            continue
        alone = line.lstrip().startswith("//")
        asked = _next_code(lines, number) if alone else number
        found += [_mark(path, asked, number, text, labels) for text in match.group(1).split(" ;; ")]
    return found


def _next_code(lines: list[str], number: int) -> int:
    for later in range(number + 1, len(lines) + 1):
        text = lines[later - 1].strip()
        if text and not text.startswith("//") and text not in ("}", "};"):
            return later
    raise AssertionError(f"no code behind line {number}")


def _mark(path: Path, line: int, written: int, text: str, labels: Mapping[str, int]) -> Mark:
    question, arrow, answer = text.partition(" => ")
    assert arrow, f"{path}:{written}: no `=>` in {text!r}"
    match = _QUESTION.fullmatch(question.strip())
    assert match is not None, f"{path}:{written}: unreadable question {question!r}"
    answer, _, reason = answer.partition(" xfail ")
    first, *rest = _OPTION.split(" " + answer)
    options = {k: v.strip() for k, v in zip(rest[::2], rest[1::2], strict=True)}
    if reason:
        options["xfail"] = reason.strip()
    verdict = first.strip()
    condition = ""
    if verdict.startswith("depends"):
        verdict, condition = "depends", verdict.removeprefix("depends").strip()
    assert verdict in ("holds", "violated", "unknown", "not holds", "not violated", "depends"), (
        f"{path}:{written}: {verdict!r}"
    )
    for label in _listed(options.get("via", "")) + _listed(options.get("not via", "")):
        assert label in labels, f"{path}:{written}: no line is named ({label})"
    return Mark(
        path,
        line,
        written,
        match["expr"].strip(),
        int(match["mod"] or 32),
        int(match["is"] or 0),
        match["in"],
        _given(match["given"] or ""),
        verdict,
        condition,
        options,
        labels,
    )


def _listed(text: str) -> list[str]:
    return [t.strip() for t in text.split(",") if t.strip()]


def _given(text: str) -> dict[str, str | int]:
    from portcheck.analysis.questions import parse_given

    return parse_given([t for t in text.split(";") if t.strip()])


# -- answers -----------------------------------------------------------------------------


def ask(analysis: Analysis, mark: Mark) -> Proof:
    path = analysis.reading.parsed[0].source.path
    return analysis.prove(
        path,
        mark.line,
        mark.expr,
        modulus=mark.modulus,
        equals=mark.equals,
        function=mark.function,
        given=mark.given,
    )


def differences(proof: Proof, mark: Mark) -> list[str]:
    """What is wrong with a proof, each in a line; [] for a right one."""
    wrong: list[str] = []
    verdict = str(proof.verdict.value)
    if mark.answer.startswith("not "):
        if verdict == mark.answer.removeprefix("not "):
            wrong.append(f"WRONG {verdict}: nothing proves it")
    elif verdict != mark.answer:
        detail = proof.why or (str(proof.condition) if proof.condition is not None else "")
        shown = f" ({detail})" if detail else ""
        shown += f" witness {dict(proof.witness)}" if proof.witness else ""
        wrong.append(f"{verdict}{shown} instead of {mark.answer} {mark.condition}".rstrip())
    elif mark.answer == "depends" and mark.condition:
        wrong += _condition_differs(proof, mark)
    if proof.verdict is Verdict.VIOLATED:
        wrong += _witness_differs(proof, mark)
    cited = {line.place.line for line in proof.derivation if line.place is not None}
    for label in _listed(mark.options.get("via", "")):
        if mark.labels[label] not in cited:
            wrong.append(
                f"the derivation does not cite line {mark.labels[label]} ({label}), only {sorted(cited)}"
            )
    for label in _listed(mark.options.get("not via", "")):
        if mark.labels[label] in cited:
            wrong.append(f"the derivation cites line {mark.labels[label]} ({label})")
    if "assuming" in mark.options:
        wanted = set(_listed(mark.options["assuming"])) - {"nothing"}
        if set(proof.assumptions) != wanted:
            wrong.append(f"it assumes {sorted(proof.assumptions)} instead of {sorted(wanted)}")
    if "because" in mark.options and mark.options["because"] not in proof.why:
        wrong.append(f"the reason is {proof.why!r}")
    return wrong


def _witness_differs(proof: Proof, mark: Mark) -> list[str]:
    wrong: list[str] = []
    if proof.value is None or proof.value % mark.modulus == mark.equals:
        wrong.append(f"the witness {dict(proof.witness)} does not refute it: value {proof.value}")
    if "value" in mark.options and proof.value != int(mark.options["value"], 0):
        wrong.append(f"the value is {proof.value} instead of {mark.options['value']}")
    if "witness" in mark.options:
        holds = Expected(mark.options["witness"])
        missing = holds.names - set(proof.witness)
        if missing:
            wrong.append(f"the witness {dict(proof.witness)} says nothing of {sorted(missing)}")
        elif not holds(proof.witness):
            wrong.append(f"the witness {dict(proof.witness)} is impossible")
    return wrong


def _condition_differs(proof: Proof, mark: Mark) -> list[str]:
    if proof.condition is None:
        return [f"no condition instead of {mark.condition}"]
    expected = Expected(mark.condition)
    where = Expected(mark.options.get("where", "1"))
    for values in _values(proof.condition, expected.names | where.names):
        named = {s.name: v for s, v in values.items()}
        try:
            if not where(named):
                continue
            found = test(proof.condition, values)
        except (Undefined, ZeroDivisionError):
            continue
        if found != bool(expected(named)):
            return [f"{proof.condition} instead of {mark.condition}: they differ for {named}"]
    return []


def _values(condition: Condition, names: Iterable[str]) -> Iterable[dict[Symbol, int]]:
    """Values of the symbols of a condition, all that the names stand for included."""
    from portcheck.symbolic.expr import Role

    symbols = sorted(condition_symbols(condition), key=lambda s: s.name)
    known = {s.name for s in symbols}
    symbols += [Symbol(n, Role.PARAMETER, 0, None, "") for n in sorted(set(names) - known)]
    if not symbols:
        return [{}]
    each = max(8, int(SAMPLES ** (1 / len(symbols))))
    ranges: list[list[int]] = []
    for symbol in symbols:
        low = symbol.low if symbol.low is not None else -each // 3
        high = symbol.high if symbol.high is not None else low + each
        ranges.append(list(range(low, min(high, low + each) + 1)))
    grid = [
        dict(zip(symbols, v, strict=True)) for v in itertools.islice(itertools.product(*ranges), 4 * SAMPLES)
    ]
    source = random.Random(len(symbols))
    grid += [
        {s: source.choice(r) * source.choice((1, 1, 2, 16, 32)) for s, r in zip(symbols, ranges, strict=True)}
        for _ in range(400)
    ]

    def inside(s: Symbol, v: int) -> bool:
        return (s.low is None or v >= s.low) and (s.high is None or v <= s.high)

    return [g for g in grid if all(inside(s, v) for s, v in g.items())]


# -- expected conditions -----------------------------------------------------------------


class Expected:
    """A condition in C over named integers; `/` and `%` as C has them."""

    def __init__(self, text: str) -> None:
        changed = re.sub(r"!(?!=)", " not ", text.replace("&&", " and ").replace("||", " or "))
        self._tree = ast.parse(changed.strip(), mode="eval").body
        self.names = set(_names(self._tree))

    def __call__(self, values: Mapping[str, int]) -> int:
        return _value(self._tree, values)


def _names(node: ast.AST) -> Iterable[str]:
    if isinstance(node, ast.Name | ast.Attribute):
        yield ast.unparse(node)
        return
    if isinstance(node, ast.Call):
        yield ast.unparse(node)
        return
    for child in ast.iter_child_nodes(node):
        yield from _names(child)


def _quotient(a: int, b: int) -> int:
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


_BINARY: dict[type, Callable[[int, int], int]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: _quotient,
    ast.Mod: lambda a, b: a - _quotient(a, b) * b,
    ast.BitAnd: lambda a, b: a & b,
    ast.BitOr: lambda a, b: a | b,
    ast.BitXor: lambda a, b: a ^ b,
    ast.LShift: lambda a, b: a << b,
    ast.RShift: lambda a, b: a >> b,
}
_COMPARE: dict[type, Callable[[int, int], bool]] = {
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
}


def _value(node: ast.AST, values: Mapping[str, int]) -> int:
    if isinstance(node, ast.Constant):
        return int(node.value)
    if isinstance(node, ast.Name | ast.Attribute | ast.Call):
        return values[ast.unparse(node)]
    if isinstance(node, ast.BinOp):
        return _BINARY[type(node.op)](_value(node.left, values), _value(node.right, values))
    if isinstance(node, ast.UnaryOp):
        inner = _value(node.operand, values)
        return int(not inner) if isinstance(node.op, ast.Not) else -inner
    if isinstance(node, ast.BoolOp):
        both = isinstance(node.op, ast.And)
        return int((all if both else any)(_value(v, values) for v in node.values))
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return int(
            _COMPARE[type(node.ops[0])](_value(node.left, values), _value(node.comparators[0], values))
        )
    raise AssertionError(f"unreadable condition {ast.dump(node)}")
