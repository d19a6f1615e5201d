"""The campaign: files from a seed, proofs for all probes, findings, and a table."""

from __future__ import annotations

import re
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.soundness.generate import generate
from benchmarks.soundness.judge import (
    ASSUMED,
    CRASH,
    DISAGREEMENTS,
    INEXACT,
    OK,
    OVERFLOW,
    SKIPPED,
    Finding,
    Judge,
)
from benchmarks.soundness.provers import PROVERS, Prover
from benchmarks.soundness.reference.evaluate import Invalid
from benchmarks.soundness.reference.parser import ParseError
from benchmarks.soundness.shrink import shrunk
from benchmarks.soundness.subject import Subject

CHUNK = 50
SHOWN = 20
SHRUNK = 5  # of each kind of disagreement
VERDICTS = ("holds", "violated", "depends", "unknown", "refused", "crash")


@dataclass(frozen=True)
class Problem:
    """A disagreement and the file that shows it."""

    name: str
    probe: int
    outcome: str
    detail: str
    text: str


@dataclass
class Report:
    files: int = 0
    runs: int = 0
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    reached: int = 0
    probes: int = 0
    failing: int = 0
    prove_seconds: float = 0.0
    slowest: float = 0.0
    seconds: float = 0.0
    problems: list[Problem] = field(default_factory=list)

    def add(self, other: Report) -> None:
        self.files += other.files
        self.runs += other.runs
        self.counts += other.counts
        self.reasons += other.reasons
        self.reached += other.reached
        self.probes += other.probes
        self.failing += other.failing
        self.prove_seconds += other.prove_seconds
        self.slowest = max(self.slowest, other.slowest)
        self.problems += other.problems
        for name, found in other.examples.items():
            self.examples.setdefault(name, []).extend(found)

    @property
    def disagreements(self) -> int:
        return sum(n for (_, outcome), n in self.counts.items() if outcome in DISAGREEMENTS)


def name_of(index: int) -> str:
    return f"k{index:04d}.cu"


def run(
    count: int,
    seed: int,
    prover: str = "portcheck",
    jobs: int = 2,
    first: int = 0,
    keep: Path | None = None,
    shrink_seconds: float = 60,
) -> Report:
    start = time.monotonic()
    report = Report()
    chunks = [range(i, min(i + CHUNK, first + count)) for i in range(first, first + count, CHUNK)]
    work = [(chunk, seed, prover, keep) for chunk in chunks]
    if jobs > 1 and len(work) > 1:
        with ProcessPoolExecutor(jobs) as pool:
            for found in pool.map(_chunk, work):
                report.add(found)
    else:
        for one in work:
            report.add(_chunk(one))
    report.problems = _shortest_first(report.problems, prover, shrink_seconds)
    report.seconds = time.monotonic() - start
    return report


def _chunk(work: tuple[range, int, str, Path | None]) -> Report:
    chunk, seed, prover, keep = work
    texts = {name_of(i): generate(seed, i) for i in chunk}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) if keep is None else keep / f"{chunk.start:04d}"
        folder.mkdir(parents=True, exist_ok=True)
        return judged(texts, folder, prover, seed)


def judged(texts: dict[str, str], folder: Path, prover: str, seed: int) -> Report:
    """The report on some files, written to a folder for the prover."""
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    started = time.monotonic()
    asked: Prover = PROVERS[prover](folder)
    report = Report(prove_seconds=time.monotonic() - started)
    for name, text in texts.items():
        subject = Subject(text)
        judge = Judge(subject, seed)
        report.files += 1
        for finding in _findings(subject, judge, asked, name, report):
            report.probes += 1
            sights = judge.evidence.at(finding.probe)
            report.reached += bool(sights)
            report.failing += any(s.fails for s in sights)
            report.counts[finding.verdict, finding.outcome] += 1
            where = f"{name}:{finding.probe.line} {finding.probe.text}"
            if finding.verdict == "unknown":
                reason = general(finding.why)
                report.reasons[reason] += 1
                report.examples.setdefault(f"unknown: {reason}", []).append(where)
            if finding.outcome in (ASSUMED, INEXACT, SKIPPED, OVERFLOW):
                key = f"{finding.verdict}, {finding.outcome}"
                report.examples.setdefault(key, []).append(f"{where}: {finding.detail}")
            if finding.outcome in DISAGREEMENTS:
                report.problems.append(
                    Problem(name, finding.probe.number, finding.outcome, f"{where}\n  {finding.detail}", text)
                )
        report.runs += judge.evidence.runs
    return report


def _findings(subject: Subject, judge: Judge, asked: Prover, name: str, report: Report) -> Iterator[Finding]:
    for probe in subject.probes:
        started = time.monotonic()
        try:
            proof = asked.prove(name, probe.line, probe.text, probe.modulus, probe.equals)
        except Exception as error:  # noqa: BLE001 - whatever the prover raises is a finding
            reached = judge.evidence.at(probe)
            if type(error).__name__ != "QuestionError":
                yield Finding(probe, "crash", CRASH, traceback.format_exc(limit=-4))
            elif "never reaches" in str(error) and not reached:
                yield Finding(probe, "refused", OK)
            else:
                more = f"; but {reached[0].text()}" if reached else ""
                yield Finding(probe, "refused", CRASH, f"{error}{more}")
            continue
        finally:
            spent = time.monotonic() - started
            report.prove_seconds += spent
            report.slowest = max(report.slowest, spent)
        yield judge.finding(probe, proof)


def general(why: str) -> str:
    """A reason without the names and numbers of one file."""
    why = re.sub(r"`[^`]*`|'[^']*'|\"[^\"]*\"", "…", why.splitlines()[0] if why else "no reason given")
    return re.sub(r"\b\w*_?\d+\b", "#", why)[:90]


def _shortest_first(problems: list[Problem], prover: str, seconds: float) -> list[Problem]:
    """Some of each kind, made small; the rest after them as they are."""
    problems = sorted(problems, key=lambda p: DISAGREEMENTS.index(p.outcome))
    if prover != "portcheck" or seconds <= 0:
        return problems
    kinds: Counter[str] = Counter()
    found: list[Problem] = []
    rest: list[Problem] = []
    for problem in problems:
        kinds[problem.outcome] += 1
        if kinds[problem.outcome] > SHRUNK:
            rest.append(problem)
            continue
        text = small(problem, prover, seconds)
        found.append(replace(problem, text=text))
    return sorted(found, key=lambda p: (DISAGREEMENTS.index(p.outcome), len(p.text))) + rest


def small(problem: Problem, prover: str, seconds: float) -> str:
    """The text with all taken out that the disagreement does not need."""
    probe, outcome = problem.probe, problem.outcome
    unreached = "not reached" in problem.detail

    def still(candidate: str) -> bool:
        with tempfile.TemporaryDirectory() as temporary:
            Path(temporary, "small.cu").write_text(candidate, encoding="utf-8")
            try:
                subject = Subject(candidate)
                question = next(p for p in subject.probes if p.number == probe)
                subject.probes = [question]
                judge = Judge(subject, 1)
                asked = PROVERS[prover](Path(temporary))
                report = Report()
                finding = next(_findings(subject, judge, asked, "small.cu", report))
            except (Invalid, ParseError, StopIteration, AssertionError, KeyError, TypeError):
                return False
            invalid = any(w.startswith("invalid") and "static" not in w for w in judge.evidence.stops)
            same = finding.outcome == outcome and ("not reached" in finding.detail) == unreached
            return same and not invalid and (outcome != CRASH or finding.detail[:12] in problem.detail)

    return shrunk(problem.text, probe, still, seconds)


def text_of(report: Report) -> str:
    """The report in words."""
    head = (
        f"{report.files} files, {report.probes} probes ({report.reached} reached, {report.failing} with a "
        f"failing run), {report.runs} runs; {report.prove_seconds:.1f} s in the prover (slowest proof "
        f"{report.slowest:.2f} s), {report.seconds:.1f} s in all"
    )
    lines = [head, ""]
    outcomes = sorted({o for _, o in report.counts})
    lines.append(f"{'verdict':10}" + "".join(f"{o:>12}" for o in outcomes) + f"{'all':>12}")
    for verdict in VERDICTS:
        row = [report.counts[verdict, o] for o in outcomes]
        if sum(row):
            lines.append(f"{verdict:10}" + "".join(f"{n:12}" for n in row) + f"{sum(row):12}")
    unknown = sum(report.reasons.values())
    if unknown:
        lines += ["", f"unknown: {unknown} of {report.probes} ({unknown / report.probes:.1%})"]
        for reason, number in report.reasons.most_common(SHOWN):
            lines.append(f"  {number:5}  {reason}")
            lines += [f"         {e}" for e in report.examples[f"unknown: {reason}"][:2]]
    for key, examples in sorted(report.examples.items()):
        if not key.startswith("unknown: "):
            lines += ["", f"{key}: {len(examples)}"] + [f"  {e}" for e in examples[:6]]
    for problem in report.problems[:SHOWN]:
        head = f"{problem.outcome} {problem.name}, probe {problem.probe}: {problem.detail}"
        lines += ["", "=" * 100, head, "-" * 100, problem.text]
    lines += ["", f"{report.disagreements} disagreements"]
    return "\n".join(lines)
