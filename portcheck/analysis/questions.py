"""A question about one expression at one line: who reaches the line, and what is known there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from portcheck.analysis import memory
from portcheck.analysis.machine import Machine
from portcheck.analysis.proof import Line, Proof, Row
from portcheck.analysis.proofs import NEVER, Judge, Question
from portcheck.analysis.state import Frame, Known
from portcheck.analysis.values import Number, Vague, Value
from portcheck.program.model import Function
from portcheck.source.place import Place
from portcheck.symbolic.condition import Condition, congruent, equal, truth
from portcheck.symbolic.expr import Expr, Symbol, number, of
from portcheck.symbolic.premises import Premise, Premises
from portcheck.symbolic.verdict import Verdict

if TYPE_CHECKING:
    from tree_sitter import Node

    from portcheck.analysis.engine import Analysis

UNREACHED = "no value lets the code reach this line"
_UNREACHED = Proof(Verdict.UNKNOWN, "", "", why="no kernel in the tree reaches this line")
MAX_ROOTS = 8
MAX_CAPTURES = 24
MAX_NODES = 8_000  # steps of interpretation a question may take over all kernels
_STATEMENTS = frozenset(
    (
        "expression_statement", "declaration", "if_statement", "for_statement", "while_statement",
        "do_statement", "for_range_loop", "switch_statement", "return_statement", "labeled_statement",
        "static_assert_declaration", "goto_statement", "break_statement", "continue_statement",
    )
)  # fmt: skip
_RANK = {Verdict.HOLDS: 0, Verdict.DEPENDS: 1, Verdict.VIOLATED: 2, Verdict.UNKNOWN: 3}


class QuestionError(Exception):
    """The question cannot be asked; the message is one line."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the user puts it; fields as the arguments of `Analysis.prove`."""

    path: str
    line: int
    text: str
    modulus: int
    equals: int
    function: str | None
    given: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Capture:
    """The expression's value where one way through the calls reaches the line."""

    rank: int  # which of the places that stand for the line: less is better
    value: Value
    known: tuple[Known, ...]
    calls: tuple[Place, ...]
    missing: tuple[str, ...]


@dataclass(eq=False)
class Probe:
    """Evaluates the expression when the run comes to the line."""

    asked: Asked
    machine: Machine
    targets: Mapping[int, tuple[int, bool]]
    path: str
    captures: list[Capture] = field(default_factory=list)
    overflown: bool = False

    def __call__(self, node: Node, frame: Frame, after: bool) -> None:
        target = self.targets.get(node.id)
        if target is None or frame.origin.expansion or frame.origin.file.path != self.path:
            return
        rank, only_before = target
        if after and only_before:
            return
        if len(self.captures) >= MAX_CAPTURES:
            self.overflown = True
            return
        m = self.machine
        mark, alive, recorder = m.state.mark, m.state.alive, m.recorder
        m.recorder, m.asking = None, frame
        m.missing.clear()
        try:
            value = memory.decayed(m, m.text_value(self.asked.text, frame), frame)
            known = [*m.state.known, *self._given(m, frame)]
        finally:
            m.state.roll_back(mark)
            m.state.alive, m.recorder, m.asking = alive, recorder, None
        missing = tuple(dict.fromkeys(m.missing))
        self.captures.append(Capture(rank + (1 if after else 0), value, tuple(known), frame.calls, missing))

    def _given(self, m: Machine, frame: Frame) -> Iterator[Known]:
        for name, given in self.asked.given.items():
            text = name if given == "" else f"{name} = {given}"
            condition = self._condition(m, frame, name, given)
            yield Known(condition, m.state.step(None, f"given: {text}", "given"), False)

    def _condition(self, m: Machine, frame: Frame, name: str, given: str | int) -> Condition:
        if given == "":  # a condition of its own
            value = m.text_value(name, frame)
            if not isinstance(value, Number):
                raise QuestionError(f"--given {name}: this is no condition over integers")
            return truth(value.expr)
        left = m.text_value(name, frame)
        right = Number(number(given)) if isinstance(given, int) else m.text_value(given, frame)
        if isinstance(left, Number) and isinstance(right, Number):
            return equal(left.expr, right.expr)
        raise QuestionError(f"'{name}' is no integer here, so it cannot be given a value")


def ask(analysis: Analysis, asked: Asked) -> Proof:
    """The proof, over every way that reaches the line. Raises QuestionError."""
    if asked.modulus < 1:
        raise QuestionError(f"--mod {asked.modulus}: a modulus is at least 1")
    function = _function(analysis, asked)
    targets = _targets(function, asked)
    if not targets:
        raise QuestionError(f"{asked.path}:{asked.line}: no statement stands on this line")
    own, error = _attempt(analysis, asked, function, targets)
    alone = _combined(asked, own.proofs) if own.proofs and own.whole else None
    if asked.function is None and alone is not None and alone.verdict is Verdict.HOLDS:
        return alone  # whoever calls it
    proofs: list[tuple[str, Proof]] = []
    spent, whole = 0, True
    roots, others = _roots(analysis, function, asked)
    for root in roots:
        if root is function:
            found = own
        elif spent > MAX_NODES:
            return _partly(asked, own, proofs, function)
        else:
            found, failure = _attempt(analysis, asked, root, targets)
            error = error or failure
        spent += found.nodes
        whole = whole and found.whole
        proofs += found.proofs
    if others:
        return _partly(asked, own, proofs, function)
    nothing = roots and not proofs and own.proofs and whole and error is None and asked.function is None
    if nothing and _callers(analysis, function)[1]:
        return replace(_UNREACHED, goal=asked.text, expression=asked.text)
    if proofs or own.proofs:
        combined = _combined(asked, proofs or own.proofs)
        return combined if whole and (proofs or own.whole) else _in_part(combined)
    if error is not None:
        raise error
    raise QuestionError(f"{asked.path}:{asked.line}: the analysis never reaches this line")


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one root says: a proof for each way to the line, and the work that took.

    `whole` is False where a way may be missing: the budget was spent before it was seen.
    """

    proofs: list[tuple[str, Proof]]
    nodes: int
    whole: bool = True


def _attempt(
    analysis: Analysis, asked: Asked, root: Function, targets: dict[int, tuple[int, bool]]
) -> tuple[Attempt, QuestionError | None]:
    try:
        return _in_root(analysis, asked, root, targets), None
    except QuestionError as error:
        return Attempt([], 0), error


def _partly(asked: Asked, own: Attempt, proofs: list[tuple[str, Proof]], function: Function) -> Proof:
    """The answer where more kernels reach the line than one question may look into."""
    line = Line(None, "more kernels reach this line; --in NAME asks about one of them", "conclusion")
    if own.proofs and own.whole:
        proof = _combined(asked, own.proofs)
    elif not proofs:
        proof = Proof(Verdict.UNKNOWN, "", "", why=f"too many kernels reach {function.name}")
    else:
        why = f"too many kernels reach {function.name}"
        proof = replace(_combined(asked, proofs), verdict=Verdict.UNKNOWN, why=why, would_decide="--in NAME")
    return replace(proof, derivation=(*proof.derivation, line))


def _in_part(proof: Proof) -> Proof:
    """An answer that may lack a way to the line: what holds on the others need not hold there."""
    if proof.verdict is not Verdict.HOLDS:
        return proof
    why = "not every way to this line was followed: the calls that lead here nest too deeply or are too many"
    return replace(proof, verdict=Verdict.UNKNOWN, why=why, would_decide="--in NAME, for one of the callers")


def _function(analysis: Analysis, asked: Asked) -> Function:
    """The innermost function around the line."""
    here = [f for f in analysis.functions if f.origin.file.path == asked.path]
    if not any(p.source.path == asked.path for p in analysis.reading.parsed):
        raise QuestionError(f"{asked.path}: this file was not analysed")
    around = []
    for function in here:
        place = function.origin.place(function.start_byte, function.end_byte)
        if place.line <= asked.line <= place.end_line:
            around.append(function)
    if not around:
        raise QuestionError(f"{asked.path}:{asked.line}: this line is outside any function")
    return max(around, key=lambda f: f.start_byte)


def _targets(function: Function, asked: Asked) -> dict[int, tuple[int, bool]]:
    """Statements that stand for the line, by node: the innermost one, then what it holds.

    The value is a rank, and whether only the moment before the statement counts.
    """
    assert function.body is not None
    origin = function.origin
    found: list[Node] = []
    pending = [function.body]
    while pending:
        node = pending.pop()
        place = origin.place(node.start_byte, node.end_byte)
        if not place.line <= asked.line <= place.end_line:
            continue
        if node.type in _STATEMENTS and not _is_header(node):
            found.append(node)
        pending += node.named_children
    if not found:
        last = [c for c in function.body.named_children if c.type in _STATEMENTS]
        return {last[0].id: (0, True)} if last and asked.line else {}
    starting = [n for n in found if origin.place(n.start_byte, n.end_byte).line == asked.line]
    best = min(starting or found, key=lambda n: (n.end_byte - n.start_byte, n.start_byte))
    targets = {best.id: (0, False)}
    inner = _first_inside(best)
    if inner is not None:
        targets[inner.id] = (2, True)
    return targets


def _is_header(node: Node) -> bool:
    """Whether a declaration stands in the head of a loop or branch."""
    parent = node.parent
    return parent is not None and (
        (parent.type == "for_statement" and parent.child_by_field_name("initializer") == node)
        or parent.type in ("condition_clause", "init_statement")
    )


def _first_inside(node: Node) -> Node | None:
    """The first statement of a loop's or branch's body, where the header's names are visible."""
    body = node.child_by_field_name("body") or node.child_by_field_name("consequence")
    while body is not None and body.type == "compound_statement":
        body = next((c for c in body.named_children if c.type != "comment"), None)
    return body


def _roots(analysis: Analysis, function: Function, asked: Asked) -> tuple[list[Function], bool]:
    """Where to start: the function itself if it is a kernel, else the kernels that call it.

    Also whether there are more of them than one question looks into.
    """
    if asked.function is not None:
        named = [f for f in analysis.functions if _is_called(f, asked.function)]
        if not named:
            raise QuestionError(f"--in {asked.function}: no function of this name was found")
        reaching = [f for f in named if f is function or function.name in _reached(analysis, f)]
        if not reaching:
            raise QuestionError(f"--in {asked.function}: it does not reach {asked.path}:{asked.line}")
        return reaching[:MAX_ROOTS], len(reaching) > MAX_ROOTS
    if function.is_kernel:
        return [function], False
    found, _ = _callers(analysis, function)
    found.sort(key=lambda f: f.end_byte - f.start_byte)
    return found[:MAX_ROOTS], len(found) > MAX_ROOTS


def _callers(analysis: Analysis, function: Function) -> tuple[list[Function], bool]:
    """The kernels that a function is called from, and whether nothing else calls it."""
    seen = {id(function)}
    found: list[Function] = []
    pending = [function]
    closed = True
    while pending:
        current = pending.pop(0)
        callers = [c for c in analysis.callers.get(current.name, ()) if _may_call(analysis, c, current)]
        closed = closed and bool(callers)
        for caller in callers:
            if id(caller) in seen or not caller.origin.active:
                continue
            seen.add(id(caller))
            if caller.is_kernel:
                found.append(caller)
            else:
                pending.append(caller)
    return found, closed


def _may_call(analysis: Analysis, caller: Function, function: Function) -> bool:
    """Whether a call of that name can mean the function: not if the caller's namespace has its own."""
    if function.record or caller.namespace == function.namespace:
        return True
    named = analysis.reading.context.program.functions.get(function.name, ())
    if not any(f.namespace == caller.namespace and not f.record and f.body for f in named):
        return True
    observed = (*caller.observations, *(o for s in caller.shadows for o in s.observations))
    return any(
        o.callee.qualifier or o.callee.receiver is not None
        for o in observed
        if o.callee is not None and o.callee.name == function.name
    )


def _is_called(function: Function, name: str) -> bool:
    return function.qualified == name or function.qualified.endswith(f"::{name}") or function.name == name


def _reached(analysis: Analysis, function: Function) -> set[str]:
    """The names that a function calls, directly or not."""
    found: set[str] = set()
    pending = [function]
    while pending:
        one = pending.pop()
        for seen in (*one.observations, *(o for s in one.shadows for o in s.observations)):
            name = seen.callee.name if seen.callee is not None else None
            if name and name not in found:
                found.add(name)
                pending += [f for f in analysis.reading.context.program.functions.get(name, ()) if f.body]
    return found


def _in_root(
    analysis: Analysis,
    asked: Asked,
    root: Function,
    targets: dict[int, tuple[int, bool]],
) -> Attempt:
    machine = Machine(analysis.tree, None)
    probe = Probe(asked, machine, targets, asked.path)
    machine.probe = probe
    machine.run(root)
    whole = not (machine.exhausted or probe.overflown or _may_have_missed(analysis, machine, asked))
    if not probe.captures:
        return Attempt([], machine.nodes, whole)
    best = _best(probe.captures, asked)
    judge = analysis.judge(machine, root)
    found: list[tuple[str, Proof]] = []
    for capture in best:
        label = root.qualified
        if capture.calls:
            label += " via " + ", ".join(f"{p.path}:{p.line}" for p in capture.calls)
        found.append((label, _proof(machine, judge, asked, capture)))
    return Attempt(found, machine.nodes, whole)


def _may_have_missed(analysis: Analysis, machine: Machine, asked: Asked) -> bool:
    """Whether a function that was not looked into could lead to the line."""
    if not machine.cut:
        return False
    name = _function(analysis, asked).name
    cut = [f for f in analysis.functions if f.name in machine.cut]
    return name in machine.cut or any(name in _reached(analysis, f) for f in cut)


def _best(captures: list[Capture], asked: Asked) -> list[Capture]:
    """The captures at the best place for the line where every name means something."""
    whole = [c for c in captures if not c.missing]
    if not whole:
        first = min(captures, key=lambda c: c.rank)
        raise QuestionError(f"'{first.missing[0]}' is not visible at {asked.path}:{asked.line}")
    rank = min(c.rank for c in whole)
    return [c for c in whole if c.rank == rank]


def _proof(machine: Machine, judge: Judge, asked: Asked, capture: Capture) -> Proof:
    value = capture.value
    if not isinstance(value, Number):
        reason = value.reason if isinstance(value, Vague) else "it is no integer"
        return Proof(
            Verdict.UNKNOWN, asked.text, asked.text, why=reason, would_decide="an integer expression"
        )
    known = (*capture.known, *machine.universal)
    premises = Premises(tuple(Premise(k.condition, k.tag) for k in known))
    if premises.contradictory:
        if asked.given:
            shown = ", ".join(f"{n}={v}" if v != "" else n for n, v in asked.given.items())
            raise QuestionError(f"--given {shown}: contradicts what is known at {asked.path}:{asked.line}")
        return Proof(Verdict.UNKNOWN, asked.text, asked.text, why=UNREACHED)
    subject, base = _offset(machine, value)
    what = f"the offset of {asked.text} from {base}" if base else asked.text
    text = f"{what} ≡ {asked.equals} (mod {asked.modulus})"
    goal = congruent(subject, asked.modulus, asked.equals)
    return judge.answer(Question(goal, subject, text, value.tags, known))


def _offset(machine: Machine, value: Number) -> tuple[Expr, str]:
    """An address as the offset from its base object; an integer as it is."""
    if value.is_pointer:
        for monomial, coefficient in value.expr.terms:
            if coefficient == 1 and len(monomial) == 1 and isinstance(monomial[0], Symbol):
                symbol = monomial[0]
                if machine.is_base(symbol):
                    return value.expr - of(symbol), symbol.name
    return value.expr, ""


def _all_residues(asked: Asked, proofs: list[Proof]) -> tuple[int, ...]:
    """What the expression can be on any of the ways; () if that is not known on all of them."""
    found: set[int] = set()
    for proof in proofs:
        residues = proof.residues
        if not residues and re.fullmatch(r"-?\d+", proof.expression):
            residues = (int(proof.expression) % asked.modulus,)
        if not residues:
            return ()
        found |= set(residues)
    return tuple(sorted(found))


def _combined(asked: Asked, proofs: list[tuple[str, Proof]]) -> Proof:
    """One answer for all ways to the line: they agree, or the table says where they differ."""
    proofs = [(n, p) for n, p in proofs if p.why not in (NEVER, UNREACHED)] or proofs
    if len(proofs) == 1:
        return proofs[0][1]
    kinds = {(p.verdict, p.condition) for _, p in proofs}
    verdicts = {p.verdict for _, p in proofs}
    refuted = not verdicts.isdisjoint((Verdict.VIOLATED, Verdict.DEPENDS))  # whatever an unknown is
    decided = [p for _, p in proofs if not (refuted and p.verdict is Verdict.UNKNOWN)]
    worst = max(decided, key=lambda p: _RANK[p.verdict])
    worst = replace(worst, residues=_all_residues(asked, [p for _, p in proofs]))
    if len(kinds) == 1:
        return worst
    rows = tuple(
        Row(
            label,
            p.verdict,
            str(p.condition) if p.condition is not None else "",
            tuple(p.witness.items()),
            p.value,
        )
        for label, p in proofs
    )
    if not refuted or verdicts <= {Verdict.VIOLATED, Verdict.UNKNOWN}:
        return replace(worst, table=rows)
    line = Line(None, "it differs between the ways that lead here: see the table", "conclusion")
    return replace(
        worst,
        verdict=Verdict.DEPENDS,
        condition=None,
        table=rows,
        derivation=(*worst.derivation, line),
    )


def parse_given(texts: list[str]) -> dict[str, str | int]:
    """`name=value` and conditions, as the command line has them. Raises QuestionError."""
    found: dict[str, str | int] = {}
    for text in texts:
        match = re.fullmatch(r"\s*([A-Za-z_](?:[\w.:]|->)*)\s*=\s*([^=].*)", text)
        if match is None:
            found[text.strip()] = ""
            continue
        name, given = match.group(1), match.group(2).strip()
        value: str | int = int(given, 0) if re.fullmatch(r"-?(?:0[xX][0-9a-fA-F]+|\d+)", given) else given
        if found.get(name, value) != value:
            raise QuestionError(f"--given {name}={found[name]} and {name}={given} contradict each other")
        found[name] = value
    return found
