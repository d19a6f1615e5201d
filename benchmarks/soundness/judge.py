"""What the prover says at a probe against what the runs of the reference show."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from benchmarks.soundness.provers import Proof
from benchmarks.soundness.reference.machine import Entry
from benchmarks.soundness.subject import FUEL, Drawn, Probe, Subject
from portcheck.symbolic.condition import Condition, condition_symbols
from portcheck.symbolic.evaluate import Undefined
from portcheck.symbolic.evaluate import test as is_true

RUNS = 240
MORE_RUNS = 300  # for a claim that is refuted by one run
WITNESS_RUNS = 3000
SEARCHES = 6  # rounds of changing single parameters of the runs that came furthest
SUSPECTS = 6  # assignments of one probe for which failing runs are looked for
LONG_RUNS = 6  # after so many, loops get less time
THREADS = ("threadIdx.x", "blockIdx.x", "blockDim.x", "gridDim.x")

UNREACHED = r"no (launch|kernel) in the tree reaches|no value lets the code reach"
OK, INEXACT, SKIPPED, OVERFLOW = "ok", "inexact", "skipped", "overflow"
ASSUMED = "assumed"  # no run comes to the line, and the answer says that it takes for granted that one does
REFUTED = "REFUTED"  # a run fails although the answer says that none does
UNREPRODUCED = "NO FAILURE"  # no run fails although the answer says that one does
WITNESS = "WITNESS"  # runs fail, but none with the witness
RESIDUES = "RESIDUES"  # a run shows a residue that is not listed
CRASH = "CRASH"
DISAGREEMENTS = (REFUTED, RESIDUES, CRASH, UNREPRODUCED, WITNESS)  # the worst first


@dataclass(slots=True)
class Sight:
    """One value seen at a probe, and everything by which a prover may name the run."""

    drawn: Drawn
    entry: Entry
    local: Mapping[str, int] | None
    value: int
    fails: bool

    def readings(self) -> Iterator[dict[str, int]]:
        """Names to values: of the enclosing function, the kernel, the host; nearest first, or last."""
        local, host = dict(self.local or {}), self.entry.host
        base = {**self.entry.thread, **{f"{n}@launch": v for n, v in host.items()}}
        yield {**base, **host, **self.entry.values, **local}
        yield {**base, **host, **local, **self.entry.values}
        yield {**base, **local, **self.entry.values, **host}

    def matches(self, witness: Mapping[str, int]) -> bool:
        own = (self.local or {}, self.entry.values, self.entry.host, self.entry.thread)
        for written, value in witness.items():
            name = written.removesuffix("@launch")
            layers = own if name == written else (self.entry.host,)
            known = [layer[name] for layer in layers if name in layer]
            if known and value not in known:
                return False
        return True

    def text(self) -> str:
        inside = f" inside a call with {dict(self.local)}" if self.local else ""
        host = f" host {self.entry.host}" if self.entry.host else ""
        return f"value {self.value} with {self.entry.values}{host} {self.entry.thread}{inside} ({self.drawn})"


@dataclass(slots=True)
class Finding:
    """The outcome for one probe."""

    probe: Probe
    verdict: str
    outcome: str
    detail: str = ""
    why: str = ""


@dataclass
class Evidence:
    """The runs of one subject, and what they saw at each probe."""

    subject: Subject
    seed: int
    seen: dict[int, list[Sight]] = field(default_factory=dict)
    runs: int = 0
    stops: dict[str, int] = field(default_factory=dict)
    far: dict[Drawn, int] = field(default_factory=dict)  # runs by how many probes they came to

    def collect(self, count: int = RUNS) -> None:
        rng = random.Random(f"{self.seed}:runs:{self.runs}")
        for drawn in self.subject.draw(rng, count):
            self.run(drawn)
        for _ in range(SEARCHES):
            if all(p.number in self.seen for p in self.subject.probes) or not self.far:
                return
            best = sorted(self.far.items(), key=lambda item: -item[1])[:8]
            self.far = dict(best)
            for drawn, _ in best:
                for _ in range(4):
                    self.run(self.subject.changed(rng, drawn))

    def run(self, drawn: Drawn) -> str:
        long = self.stops.get("too long", 0) >= LONG_RUNS
        entries, why = self.subject.run(drawn, FUEL // 10 if long else FUEL)
        self.runs += 1
        if why:
            self.stops[why] = self.stops.get(why, 0) + 1
        by_number = {p.number: p for p in self.subject.probes}
        self.far[drawn] = len({x[0] for entry in entries for x in entry.seen})
        for entry in entries:
            known: set[tuple[object, ...]] = set()
            for number, value, local in entry.seen:
                probe = by_number.get(number)
                if probe is None:
                    continue
                residue = (value - probe.equals) % probe.modulus
                key = (number, residue, id(local))  # one of each residue is enough
                if key not in known:
                    known.add(key)
                    self.seen.setdefault(number, []).append(Sight(drawn, entry, local, value, residue != 0))
            entry.seen = []
        return why

    def at(self, probe: Probe) -> list[Sight]:
        return self.seen.get(probe.number, [])


class Judge:
    def __init__(self, subject: Subject, seed: int) -> None:
        self.subject = subject
        self.evidence = Evidence(subject, seed)
        self.evidence.collect()
        self.rng = random.Random(f"{seed}:judge")
        self.extended = False

    def finding(self, probe: Probe, proof: Proof) -> Finding:
        verdict = str(getattr(proof.verdict, "value", proof.verdict))
        if verdict == "holds":
            outcome, detail = self.holds(probe)
        elif verdict == "violated":
            outcome, detail = self.violated(probe, proof.witness)
        elif verdict == "depends":
            outcome, detail = self.depends(probe, proof)
        elif re.search(UNREACHED, proof.why):
            outcome, detail = self.unreached(probe, proof.why)
        else:
            outcome, detail = OK, ""
        unreached = outcome in (UNREPRODUCED, WITNESS) and "(not reached)" in detail
        if unreached and "lines-reached" in proof.assumptions:
            outcome = ASSUMED
        if outcome == OK and verdict != "unknown" and proof.residues:
            outcome, detail = self.residues(probe, proof.residues)
        return Finding(probe, verdict, outcome, detail, proof.why)

    def holds(self, probe: Probe) -> tuple[str, str]:
        failing = next((s for s in self.evidence.at(probe) if s.fails), None)
        if failing is None and not self.extended:
            self.evidence.collect(MORE_RUNS)
            self.extended = True
            failing = next((s for s in self.evidence.at(probe) if s.fails), None)
        if failing is not None:
            return REFUTED, f"holds is refuted: {failing.text()}"
        return OK, "" if self.evidence.at(probe) else "never reached"

    def unreached(self, probe: Probe, why: str) -> tuple[str, str]:
        sight = next(iter(self.evidence.at(probe)), None)
        return (OK, "") if sight is None else (REFUTED, f"reached, although {why}: {sight.text()}")

    def residues(self, probe: Probe, residues: tuple[int, ...]) -> tuple[str, str]:
        for sight in self.evidence.at(probe):
            if sight.value % probe.modulus not in residues:
                return RESIDUES, f"residues {residues} lack one: {sight.text()}"
        return OK, ""

    def violated(self, probe: Probe, witness: Mapping[str, int]) -> tuple[str, str]:
        if any(s.fails and s.matches(witness) for s in self.evidence.at(probe)):
            return OK, ""
        overflow = outside = 0
        for drawn in self.towards(witness, WITNESS_RUNS):
            before = len(self.evidence.at(probe))
            why = self.evidence.run(drawn)
            outside += "outside" in why
            overflow += why in ("overflow", "too long") or any(w in why for w in ("fit", "shift", "outside"))
            if any(s.fails and s.matches(witness) for s in self.evidence.at(probe)[before:]):
                return OK, ""
        reached = any(s.matches(witness) for s in self.evidence.at(probe))
        if overflow > WITNESS_RUNS // 20 or (outside and not reached):
            return OVERFLOW, f"the witness {dict(witness)} overflows"
        failing = next((s for s in self.evidence.at(probe) if s.fails), None)
        hint = f"; another run fails: {failing.text()}" if failing else "; no run fails"
        if self.subject.is_helper(probe) and not (failing and reached):
            return SKIPPED, f"{dict(witness)} are arguments of a function that no kernel calls"
        return WITNESS if failing else UNREPRODUCED, (
            f"the witness {dict(witness)} does not reproduce ({'' if reached else 'not '}reached){hint}"
        )

    def towards(self, witness: Mapping[str, int], count: int) -> Iterator[Drawn]:
        """Runs with the witness's parameters, or with host values that lead to them."""
        rng = self.rng
        witness = {n.removesuffix("@launch"): v for n, v in witness.items()}
        candidates = {i: self.subject.host_values(i, witness) for i in range(len(self.subject.starts))}
        template = {n: v for n, v in witness.items() if v >= 0}
        fixed = {k: v for k, v in witness.items() if k in THREADS}
        for drawn in self.subject.draw(rng, count, fixed):
            known = candidates[drawn.start]
            values = []
            for name, value in drawn.values:
                options = known.get(name)
                if not options and self.subject.constants and rng.random() < 0.3:
                    value = rng.choice(self.subject.constants)
                    if rng.random() < 0.3:  # what a division by one constant compares with another
                        by = rng.choice(self.subject.constants)
                        value = value * by + rng.randrange(max(by, 1))
                if options and rng.random() < 0.8:  # a host parameter of that name may be another one
                    value = options[0] if rng.random() < 0.6 else rng.choice(options)
                values.append((name, value))
            shape = tuple((name, template.get(name, value)) for name, value in drawn.template)
            yield replace(drawn, values=tuple(values), template=shape)

    # -- depends -------------------------------------------------------------------------

    def depends(self, probe: Probe, proof: Proof) -> tuple[str, str]:
        if proof.witness:
            outcome, detail = self.violated(probe, proof.witness)
            if outcome != OK:
                return outcome, detail
        if proof.condition is None:
            return SKIPPED, "no condition"
        condition = proof.condition
        names = {s.name for s in condition_symbols(condition)}
        sights = self.evidence.at(probe)
        if any(not names <= next(s.readings()).keys() for s in sights):
            return SKIPPED, "the condition names what is no parameter"
        problem = ""
        ambiguous = any(self.ambiguous(s, names) for s in sights)
        for reading in range(3 if ambiguous else 1):
            outcome, found = self.exact(probe, condition, reading)
            if outcome != REFUTED:
                return outcome, found
            problem = problem or found
        return REFUTED, problem

    def ambiguous(self, sight: Sight, names: set[str]) -> bool:
        first, *others = sight.readings()
        return any(first[n] != other[n] for other in others for n in names)

    def truth(self, condition: Condition, sight: Sight, reading: int) -> bool | None:
        values = list(sight.readings())[reading]
        try:
            return is_true(condition, {s: values[s.name] for s in condition_symbols(condition)})
        except Undefined:
            return None

    def exact(self, probe: Probe, condition: Condition, reading: int) -> tuple[str, str]:
        names = sorted(s.name for s in condition_symbols(condition))
        clean: dict[tuple[int, ...], Sight] = {}
        failed: set[tuple[int, ...]] = set()
        for sight in list(self.evidence.at(probe)):
            truth = self.truth(condition, sight, reading)
            if truth is None:
                return REFUTED, f"the condition {condition} has no value: {sight.text()}"
            if truth and sight.fails:
                return REFUTED, f"fails although {condition}: {sight.text()}"
            if not truth:
                values = list(sight.readings())[reading]
                key = tuple(values[n] for n in names)
                if sight.fails:
                    failed.add(key)
                else:
                    clean.setdefault(key, sight)
        suspects = [s for k, s in clean.items() if k not in failed]
        for sight in suspects[:SUSPECTS]:
            if not self.fails_nearby(probe, condition, reading, sight, names):
                return INEXACT, f"never fails although not {condition}: {sight.text()}"
        return OK, ""

    def fails_nearby(
        self, probe: Probe, condition: Condition, reading: int, sight: Sight, names: list[str]
    ) -> bool:
        """Whether some run with these values, or values of the same class modulo 1024, fails."""
        rng = self.rng
        wanted = [list(sight.readings())[reading][n] % 1024 for n in names]
        named = set(names)
        for number in range(120):
            drawn = sight.drawn
            values = []
            for name, value in drawn.values:
                if name not in named and not self.subject.starts[drawn.start].host and number > 20:
                    value = rng.choice((value, rng.randrange(0, 70), rng.randrange(0, 4096)))
                values.append((name, value + 1024 * rng.randrange(0, 4) if number > 60 else value))
            changed = self.subject.at(rng, drawn.start, drawn.template, tuple(values), {})
            before = len(self.evidence.at(probe))
            self.evidence.run(changed)
            for new in self.evidence.at(probe)[before:]:
                if not new.fails:
                    continue
                found = [list(new.readings())[reading].get(n, -1) % 1024 for n in names]
                if found == wanted and self.truth(condition, new, reading) is False:
                    return True
        return False
