"""Takes every statement of the analysis to what was recorded."""

from __future__ import annotations

import pickle
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from benchmarks.gpu.dump import Dump, Launch, Sample, read, unions
from benchmarks.gpu.sites import Plan
from portcheck.analysis.proof import Proof
from portcheck.analysis.transfers import End, Layout, Pattern, Transfer
from portcheck.analysis.verdicts import Judged, Statement
from portcheck.symbolic.condition import Condition, condition_symbols
from portcheck.symbolic.evaluate import Undefined, evaluate, substitute_condition
from portcheck.symbolic.expr import Expr, Role, Symbol, number, of
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import targets

Values = dict[str, int]


class Outcome(StrEnum):
    """What the run says of a statement."""

    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    NOT_WITNESSED = "not witnessed"  # executed, but never with values that would show it
    NOT_EXECUTED = "not executed"
    NOT_INSTRUMENTED = "not instrumented"
    NO_BASE = "base not known"
    NO_CLAIM = "nothing claimed"  # the verdict is "unknown"


@dataclass(frozen=True, slots=True)
class Result:
    outcome: Outcome
    why: str = ""
    observed: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """A number that occurred, in a launch, and what else is known of the thread."""

    launch: Launch
    block: tuple[int, int, int]
    thread: tuple[int, int, int] | None
    number: int

    def value_of(self, name: str) -> int | None:
        head, _, axis = name.partition(".")
        if axis in ("x", "y", "z"):
            if head == "blockIdx":
                return self.block["xyz".index(axis)]
            if head == "threadIdx":
                return self.thread["xyz".index(axis)] if self.thread else None
        return self.launch.values.get(name)

    def __str__(self) -> str:
        given = ", ".join(f"{k}={v}" for k, v in self.launch.values.items() if not k.endswith((".y", ".z")))
        thread = f", threadIdx.x={self.thread[0]}" if self.thread else ""
        return (
            f"{self.number} at blockIdx.x={self.block[0]}{thread} of {self.launch.kernel.name} with {given}"
        )


# -- values of symbols -----------------------------------------------------------------------------


def known_value(symbol: Symbol, seen: Seen) -> int | None:
    """The value of a symbol that was recorded.

    Kernels' parameters and template arguments by name, and CUDA's own names. A numbered symbol
    (`kHidden#2`) is taken for the kernel's template argument of that name, and for nothing else.
    """
    base, numbered, _ = symbol.name.partition("#")
    if numbered and base not in seen.launch.template_names:
        return None
    return seen.value_of(base)


def values_of(symbols: Iterable[Symbol], seen: Seen, counters: bool = False) -> dict[Symbol, int]:
    """The recorded values of symbols. `counters`: loop counters that were not recorded are 0."""
    found: dict[Symbol, int] = {}
    for symbol in symbols:
        value = known_value(symbol, seen)
        if value is None and counters and symbol.role is Role.INDEX and symbol.low == 0:
            value = 0
        if value is not None:
            found[symbol] = value
    return found


def truth(condition: Condition, seen: Seen) -> bool | None:
    """The condition where a number was seen; None where it rests on what was not recorded."""
    mapping = {s: number(v) for s, v in values_of(condition_symbols(condition), seen).items()}
    return substitute_condition(condition, mapping).known


def base_of(start: Expr) -> Symbol | None:
    for monomial, coefficient in start.terms:
        only = monomial[0] if coefficient == 1 and len(monomial) == 1 else None
        if isinstance(only, Symbol) and only.role is Role.BASE:
            return only
    return None


def base_address(end: End, address: int, at: Seen | Sample, dump: Dump) -> int | None:
    """Where the object starts that the analysis counts the offset from.

    A kernel's parameter and a shared variable are recorded; an entry of a table that a kernel's
    parameter points to is taken to be the start of the allocation that the address lies in.
    """
    symbol = base_of(end.start)
    if symbol is None:
        return None
    if end.space == "UB":
        return at.launch.shared.get((symbol.name, at.block))
    found = at.launch.pointers.get(symbol.name)
    if found is not None:
        return found
    table, entry, _ = symbol.name.partition("[")
    return dump.allocation(address) if entry and table in at.launch.pointers else None


# -- what was seen of a subject --------------------------------------------------------------------


class Observer:
    """What was recorded for one subject."""

    def __init__(self, plan: Plan, dump: Dump, subject: Transfer | Layout) -> None:
        self.dump = dump
        self.subject = subject
        self.where = (plan.site(subject).number, plan.path(subject), subject.kernel)
        self.samples = dump.samples.get(self.where, [])
        self.row_problems: list[str] = []
        self.rows = 0

    @property
    def is_row(self) -> bool:
        return isinstance(self.subject, Transfer) and self.subject.pattern is Pattern.CONTIGUOUS

    def end(self, role: str) -> End | None:
        if isinstance(self.subject, Layout):
            return self.subject.end
        return self.subject.source if role == "source" else self.subject.destination

    def seen(self, role: str) -> list[Seen] | None:
        """The numbers that a statement on this role is about; None if a base is not known."""
        if self.is_row:
            return self._of_rows(role)
        if role == "length":
            return [Seen(s.launch, s.block, s.thread, s.length) for s in self.samples]
        end = self.end(role)
        assert end is not None
        found: list[Seen] = []
        for s in self.samples:
            address = self._address(s, role)
            base = base_address(end, address, s, self.dump)
            if base is None:
                return None
            found.append(Seen(s.launch, s.block, s.thread, address - base))
        return found

    def _address(self, sample: Sample, role: str) -> int:
        bulk = isinstance(self.subject, Transfer) and self.subject.pattern is Pattern.BULK
        return sample.source if bulk and role == "source" else sample.destination

    def _of_rows(self, role: str) -> list[Seen] | None:
        """Starts or lengths of the contiguous pieces that the threads covered together."""
        found: list[Seen] = []
        assert isinstance(self.subject, Transfer)
        (end,) = self.subject.ends
        for piece, spans in self._spans(end):
            for low, high in spans:
                base = base_address(end, low, piece, self.dump)
                if base is None:
                    return None
                seen = high - low if role == "length" else low - base
                found.append(Seen(piece.launch, piece.block, None, seen))
        return found

    def _spans(self, end: End) -> Iterator[tuple[Seen, list[tuple[int, int]]]]:
        apart = any(s.name.startswith("threadIdx") for s in end.start.symbols())
        assert isinstance(self.subject, Transfer)
        for piece, spans in unions(self.dump.pieces.get(self.where, []), apart, self.subject.by_blocks):
            first = (piece.warp * 32, 0, 0) if apart else None
            yield Seen(piece.launch, piece.block, first, 0), spans

    # -- the analysis's own expressions ---------------------------------------------------------

    def expressions(self) -> tuple[int, list[str]]:
        """Expressions of addresses and lengths at recorded values: how many agree, which do not."""
        if self.is_row:
            return self._rows()
        agree = 0
        wrong: dict[str, str] = {}
        for role in ("source", "destination", "length"):
            if isinstance(self.subject, Layout) and role != "destination":
                continue
            end = None if role == "length" else self.end(role)
            expr = self.subject.length if isinstance(self.subject, Transfer) and role == "length" else None
            if end is not None:
                base = base_of(end.start)
                expr = end.start - of(base) if base is not None else None
            listed = self.seen(role) if expr is not None else None
            if expr is None or not listed:
                continue
            symbols = expr.symbols()
            for seen in listed:
                values = values_of(symbols, seen)
                if len(values) < len(symbols):
                    break
                predicted = evaluate(expr, values)
                if predicted == seen.number:
                    agree += 1
                else:
                    wrong.setdefault(role, f"{role}: {expr} is {predicted}, and {seen}")
        return agree, list(wrong.values())

    def _rows(self) -> tuple[int, list[str]]:
        """Whether the threads covered the row that the analysis names, the one at the loops' start."""
        assert isinstance(self.subject, Transfer)
        (end,) = self.subject.ends
        base = base_of(end.start)
        if base is None or self.subject.length is None:
            return 0, []
        start, length = end.start - of(base), self.subject.length
        agree = 0
        wrong: dict[str, str] = {}
        for seen, spans in self._spans(end):
            origin = base_address(end, spans[0][0], seen, self.dump)
            try:
                low = evaluate(start, values_of(start.symbols(), seen, counters=True))
                size = evaluate(length, values_of(length.symbols(), seen, counters=True))
            except Undefined:
                continue
            if origin is None:
                continue
            shown = ", ".join(f"[{a - origin}, {b - origin})" for a, b in spans[:3])
            at = origin + low
            if not any(a <= at < b for a, b in spans):
                wrong.setdefault("start", f"the row is said to start at {low}; covered is {shown}: {seen}")
            elif not any(a <= at and at + size <= b for a, b in spans):
                wrong.setdefault(
                    "length", f"the row is said to be [{low}, {low + size}); covered is {shown}: {seen}"
                )
            else:
                agree += 1
        return agree, list(wrong.values())

    def pattern(self) -> str:
        """What contradicts the pattern; empty if nothing does."""
        groups = self.dump.groups.get(self.where)
        if groups is None or not isinstance(self.subject, Transfer):
            return ""
        if self.subject.pattern is Pattern.BROADCAST and groups.neighbours + groups.other:
            count = groups.neighbours + groups.other
            return f"broadcast, but in {count} of {count + groups.same} executions lanes differ"
        if self.subject.pattern is Pattern.CONTIGUOUS and groups.same + groups.other:
            count = groups.same + groups.other
            total = count + groups.neighbours
            return f"contiguous, but in {count} of {total} executions lanes are no neighbours"
        return ""


# -- statements ------------------------------------------------------------------------------------


def modulus_of(statement: Statement) -> int:
    (first, *_) = [t for t in targets() if t.name in statement.targets]
    found = statement.requirement.modulus(first)
    assert found is not None
    return found


def settle(statement: Statement, seen: list[Seen], determined: bool) -> Result:
    """The statement against the numbers. `determined`: recorded values fix the number."""
    proof, modulus = statement.proof, modulus_of(statement)
    failing = [s for s in seen if s.number % modulus]
    count = len(seen)
    if proof.residues:
        allowed = set(proof.residues)
        outside = next((s for s in seen if s.number % modulus not in allowed), None)
        if outside is not None:
            return Result(
                Outcome.CONTRADICTED,
                f"{outside.number % modulus} is no residue of {proof.residues}: {outside}",
                count,
            )
    wrong = _rows_of_table(proof, failing)
    if wrong:
        return Result(Outcome.CONTRADICTED, wrong, count)
    if proof.verdict is Verdict.HOLDS:
        if failing:
            return Result(Outcome.CONTRADICTED, f"said to hold, and seen: {failing[0]}", count)
        return Result(Outcome.CONFIRMED, "", count)
    if proof.verdict is Verdict.UNKNOWN:
        return Result(Outcome.NO_CLAIM, f"{len(failing)} of {count} fail", count)
    if proof.verdict is Verdict.VIOLATED:
        if failing:
            return Result(Outcome.CONFIRMED, str(failing[0]), count)
        return Result(Outcome.NOT_WITNESSED, "no value that was run fails", count)
    return _depends(proof, seen, modulus, determined)


def _rows_of_table(proof: Proof, failing: list[Seen]) -> str:
    """A launch for which the table says "holds", with a number that fails."""
    good = [(_label(r.label), r.label) for r in proof.table if r.verdict is Verdict.HOLDS]
    seen_of: dict[int, Seen] = {id(s.launch): s for s in failing}
    for label, text in good:
        for seen in seen_of.values():
            if label and all(seen.launch.values.get(n) == v for n, v in label.items()):
                return f"said to hold for {text}, and seen: {seen}"
    return ""


def _label(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in text.split(", "):
        name, _, value = part.partition("=")
        if value.lstrip("-").isdigit():
            found[name] = int(value)
        elif value in ("true", "false"):
            found[name] = int(value == "true")
    return found


def _depends(proof: Proof, seen: list[Seen], modulus: int, determined: bool) -> Result:
    fails = sum(1 for s in seen if s.number % modulus)
    shown = f"{fails} of {len(seen)} fail"
    if proof.condition is None:
        rows = [r for r in proof.table if r.verdict is not Verdict.UNKNOWN and _label(r.label)]
        checked = {
            r.label: [s for s in seen if all(s.launch.values.get(n) == v for n, v in _label(r.label).items())]
            for r in rows
        }
        for row in rows:
            good = [s for s in checked[row.label] if s.number % modulus == 0]
            if row.verdict is Verdict.VIOLATED and checked[row.label] and determined and good:
                return Result(
                    Outcome.CONTRADICTED, f"said to fail for {row.label}, and seen: {good[0]}", len(seen)
                )
        both = 0 < fails < len(seen)
        decided = any(
            checked[r.label]
            and (r.verdict is Verdict.HOLDS or any(s.number % modulus for s in checked[r.label]))
            for r in rows
            if r.verdict is not Verdict.DEPENDS
        )
        if both or decided:
            return Result(Outcome.CONFIRMED, shown, len(seen))
        return Result(Outcome.NOT_WITNESSED, f"no condition is given; {shown}", len(seen))
    said: dict[tuple[object, ...], bool | None] = {}
    symbols = sorted(condition_symbols(proof.condition), key=lambda s: s.name)
    counts: Counter[tuple[bool | None, bool]] = Counter()
    for s in seen:
        key = tuple(known_value(y, s) for y in symbols)
        if key not in said:
            said[key] = truth(proof.condition, s)
        holds = s.number % modulus == 0
        counts[said[key], holds] += 1
        if said[key] is True and not holds:
            return Result(Outcome.CONTRADICTED, f"{proof.condition} is true, and seen: {s}", len(seen))
        if said[key] is False and holds and determined:
            return Result(Outcome.CONTRADICTED, f"{proof.condition} is false, and seen: {s}", len(seen))
    if counts[True, True] or counts[False, False]:
        return Result(Outcome.CONFIRMED, shown, len(seen))
    if counts[False, True]:
        return Result(Outcome.NOT_WITNESSED, f"{proof.condition} is false, {shown}", len(seen))
    return Result(
        Outcome.NOT_WITNESSED, f"{proof.condition} rests on values that were not recorded; {shown}", len(seen)
    )


def results(plan: Plan, judged: Judged, observer: Observer | None) -> Iterator[tuple[Statement, Result]]:
    problem = plan.problem(judged.subject)
    for statement in judged.statements:
        if problem or observer is None:
            yield statement, Result(Outcome.NOT_INSTRUMENTED, problem)
            continue
        if not observer.samples:
            yield statement, Result(Outcome.NOT_EXECUTED)
            continue
        if isinstance(judged.subject, Layout) or statement.role != "length":
            end = observer.end(statement.role)
            expr = end.start if end is not None else None
        else:
            expr = judged.subject.length
        seen = observer.seen(statement.role)
        if seen is None:
            yield statement, Result(Outcome.NO_BASE)
            continue
        determined = not observer.is_row and _determined(expr, statement.proof.condition, seen[0])
        yield statement, settle(statement, seen, determined)


def _determined(expr: Expr | None, condition: Condition | None, seen: Seen) -> bool:
    """Whether recorded values fix the number, and the condition speaks of no other threads or iterations."""
    if expr is None:
        return False
    named = {s.name for s in condition_symbols(condition)} if condition is not None else set()
    return all(
        s.role is Role.BASE
        or (
            known_value(s, seen) is not None
            and (s.role is Role.PARAMETER or s.name.partition("#")[0] in named)
        )
        for s in expr.symbols()
    )


# -- the report ------------------------------------------------------------------------------------


def compare(out: Path, records: Path, everything: bool) -> int:
    plan: Plan = pickle.loads((out / "plan.pickle").read_bytes())
    dump = read(records, plan.kernels)
    table: dict[Verdict, Counter[Outcome]] = defaultdict(Counter)
    wrong, listed = [], []
    listed_paths: set[tuple[int, int, str]] = set()
    expressions, rows = [0, 0], [0, 0]
    patterns = 0
    for judged in plan.judged:
        subject = judged.subject
        where = f"{subject.place.path}:{subject.place.line} {_title(subject)}"
        observer = None if plan.problem(subject) else Observer(plan, dump, subject)
        if observer is not None:
            listed_paths.add(observer.where)
            agree, mistakes = observer.expressions()
            counted = rows if observer.is_row else expressions
            counted[0] += bool(agree and not mistakes)
            counted[1] += bool(mistakes)
            wrong += [f"{where}: {m}" for m in mistakes]
            pattern = observer.pattern()
            if pattern:
                patterns += 1
                wrong.append(f"{where}: {pattern}")
        for statement, result in results(plan, judged, observer):
            table[statement.verdict][result.outcome] += 1
            line = f"{where}: {statement.proof.goal} ({statement.role}): {statement.verdict.value}"
            text = f"{line}: {result.outcome.value}" + (f": {result.why}" if result.why else "")
            if result.outcome is Outcome.CONTRADICTED:
                wrong.append(text)
            elif everything or result.outcome is Outcome.NOT_WITNESSED:
                listed.append(text)
    _report(table, wrong, listed, dump)
    print(f"subjects whose expressions agree at recorded values: {expressions[0]}, do not: {expressions[1]}")
    print(
        f"rows that were covered as named: {rows[0]}, were not: {rows[1]}; patterns contradicted: {patterns}"
    )
    for site, path, kernel in sorted(set(dump.samples) - listed_paths):
        print(f"executed, not in the analysis: site {site}, calls {path:x}, in {kernel}")
    return 1 if wrong else 0


def _title(subject: Transfer | Layout) -> str:
    text = (
        subject.name
        if isinstance(subject, Layout)
        else f"{subject.operation.split(' ', 1)[0]} {subject.text}"
    )
    calls = "".join(f" from {c.path}:{c.line}" for c in reversed(subject.calls))
    return f"{text}{calls} in {subject.kernel}"


def _report(table: dict[Verdict, Counter[Outcome]], wrong: list[str], listed: list[str], dump: Dump) -> None:
    for text in listed:
        print(text)
    for text in wrong:
        print(f"CONTRADICTED {text}")
    print(f"\n{dump.records} records of {len(dump.launches)} launches{'' if dump.complete else ', not all'}")
    used = [o for o in Outcome if any(row[o] for row in table.values())]
    print(f"{'':10}" + "".join(f"{o.value:>18}" for o in used))
    for verdict in Verdict:
        if table[verdict]:
            print(f"{verdict.value:10}" + "".join(f"{table[verdict][o]:18}" for o in used))
